/*
 * ckpt_count_b01: a counter that outlives its program and its node. It opens the
 * checkpoint "counter", goes on from the number it finds there, and adds one every
 * 100 ms. Kill it, or its node, and start it on another node: it goes on there. When
 * the executive dies it waits for the next one. Build:
 *
 *   cc -std=c99 ckpt_count_b01.c -lais
 */
#define _POSIX_C_SOURCE 200809L

#include <saAis.h>
#include <saCkpt.h>

#include <stdint.h>

#include "sample.h"

#define CHECKPOINT "counter"

/* One section, which is there from the start; kept for an hour without users. With
 * ALL_REPLICAS a write has returned when every node has it. */
static const SaCkptCheckpointCreationAttributesT attributes = {
	.creationFlags = SA_CKPT_WR_ALL_REPLICAS,
	.checkpointSize = sizeof(uint64_t),
	.retentionDuration = 3600 * SA_TIME_ONE_SECOND,
	.maxSections = 1,
	.maxSectionSize = sizeof(uint64_t),
	.maxSectionIdSize = 0,
};

static void vector(SaCkptIOVectorElementT *v, uint64_t *count)
{
	memset(v, 0, sizeof *v); /* no section id: the default section */
	v->dataBuffer = count;
	v->dataSize = sizeof *count;
}

/* Opens the checkpoint, and reads the number in it: 0 when it is new. */
static SaAisErrorT begin(SaCkptHandleT handle, SaCkptCheckpointHandleT *checkpoint, uint64_t *count)
{
	SaCkptIOVectorElementT v;
	SaUint32T bad;
	SaNameT name;
	SaAisErrorT err;

	memset(&name, 0, sizeof name);
	name.length = sizeof CHECKPOINT - 1;
	memcpy(name.value, CHECKPOINT, name.length);
	do {
		err = saCkptCheckpointOpen(handle, &name, &attributes,
			SA_CKPT_CHECKPOINT_CREATE | SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE,
			10 * SA_TIME_ONE_SECOND, checkpoint);
		if (err == SA_AIS_ERR_TRY_AGAIN)
			sample_pause(20);
	} while (err == SA_AIS_ERR_TRY_AGAIN && !sample_stop);
	while (err == SA_AIS_OK) {
		*count = 0;
		vector(&v, count);
		err = saCkptCheckpointRead(*checkpoint, &v, 1, &bad);
		if (err != SA_AIS_ERR_TRY_AGAIN || sample_stop)
			break;
		sample_pause(20);
		err = SA_AIS_OK;
	}
	return err;
}

/* Counts until something is wrong or the program is to end. */
static SaAisErrorT run(SaCkptCheckpointHandleT checkpoint, uint64_t count)
{
	SaCkptSectionIdT section = SA_CKPT_DEFAULT_SECTION_ID;
	SaAisErrorT err = SA_AIS_OK;

	say("from %llu", (unsigned long long)count);
	while (err == SA_AIS_OK && !sample_stop) {
		count++;
		do {
			err = saCkptSectionOverwrite(checkpoint, &section, &count, sizeof count);
			if (err == SA_AIS_ERR_TRY_AGAIN)
				sample_pause(5);
		} while (err == SA_AIS_ERR_TRY_AGAIN && !sample_stop);
		if (err == SA_AIS_OK)
			say("count %llu", (unsigned long long)count);
		sample_pause(100);
	}
	return err;
}

int main(void)
{
	SaCkptCheckpointHandleT checkpoint;
	SaCkptHandleT handle;
	uint64_t count = 0;
	SaAisErrorT err;

	sample_begin();
	while (!sample_stop) {
		SaVersionT version = { 'B', 1, 1 };

		err = saCkptInitialize(&handle, NULL, &version);
		if (err == SA_AIS_ERR_TRY_AGAIN) { /* no executive yet */
			sample_pause(20);
			continue;
		}
		if (err == SA_AIS_OK)
			err = begin(handle, &checkpoint, &count);
		if (err == SA_AIS_OK)
			err = run(checkpoint, count);
		saCkptFinalize(handle); /* closes the checkpoint, too */
		if (sample_stop)
			break;
		/* BAD_HANDLE: the checkpoint was lost while the network was split. */
		if (err != SA_AIS_ERR_LIBRARY && err != SA_AIS_ERR_BAD_HANDLE) {
			say("error=%d", (int)err);
			return 1;
		}
		say("executive gone");
	}
	say("end");
	return 0;
}
