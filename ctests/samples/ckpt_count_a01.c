/*
 * ckpt_count_a01: a counter that outlives its program and its node, through the
 * A.01.01 interface. It opens the checkpoint "counter", goes on from the number it
 * finds in the section "count", and adds one every 100 ms. When the executive dies it
 * waits for the next one. Build:
 *
 *   cc -std=c99 ckpt_count_a01.c -lais
 */
#define _POSIX_C_SOURCE 200809L

#include <ais_types.h>
#include <ais_ckpt.h>

#include <stdint.h>

#include "sample.h"

#define CHECKPOINT "counter of 2004"
#define SECTION "count"
#define SECOND ((SaTimeT)1000000000)
#define FOREVER ((SaTimeT)(~(uint64_t)0 >> 1))

/* With ALL_REPLICAS a write has returned when every node has it. */
static const SaCkptCheckpointCreationAttributesT attributes = {
	.creationFlags = SA_CKPT_WR_ALL_REPLICAS,
	.checkpointSize = 2 * sizeof(uint64_t),
	.retentionDuration = 3600 * SECOND,
	.maxSections = 2,
	.maxSectionSize = sizeof(uint64_t),
	.maxSectionIdSize = sizeof SECTION,
};

static SaUint8T section_name[] = SECTION;

static SaCkptSectionIdT section(void)
{
	SaCkptSectionIdT id;

	id.id = section_name;
	id.idLen = sizeof SECTION - 1;
	return id;
}

/* Reads the number; makes the section when there is none. */
static SaErrorT read_or_create(SaCkptCheckpointHandleT checkpoint, uint64_t *count)
{
	SaCkptSectionIdT id = section();
	SaCkptSectionCreationAttributesT creation;
	SaCkptIOVectorElementT v;
	SaUint32T bad;
	SaErrorT err;

	memset(&v, 0, sizeof v);
	v.sectionId = id;
	v.dataBuffer = count;
	v.dataSize = sizeof *count;
	err = saCkptCheckpointRead(&checkpoint, &v, 1, &bad);
	if (err != SA_ERR_NOT_EXIST)
		return err;
	*count = 0;
	creation.sectionId = &id;
	creation.expirationTime = FOREVER;
	err = saCkptSectionCreate(&checkpoint, &creation, count, sizeof *count);
	return err == SA_ERR_EXIST ? SA_ERR_TRY_AGAIN : err; /* another program was first */
}

/* Opens the checkpoint, and reads the number in it. In A.01.01 open needs no handle
 * of the service. */
static SaErrorT begin(SaCkptCheckpointHandleT *checkpoint, uint64_t *count)
{
	SaNameT name;
	SaErrorT err;

	memset(&name, 0, sizeof name);
	name.length = sizeof CHECKPOINT - 1;
	memcpy(name.value, CHECKPOINT, name.length);
	do {
		err = saCkptCheckpointOpen(&name, &attributes,
			SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE, 10 * SECOND, checkpoint);
		if (err == SA_ERR_TRY_AGAIN)
			sample_pause(20);
	} while (err == SA_ERR_TRY_AGAIN && !sample_stop);
	while (err == SA_OK) {
		err = read_or_create(*checkpoint, count);
		if (err != SA_ERR_TRY_AGAIN || sample_stop)
			break;
		sample_pause(20);
		err = SA_OK;
	}
	return err;
}

/* Counts until something is wrong or the program is to end. */
static SaErrorT run(SaCkptCheckpointHandleT checkpoint, uint64_t count)
{
	SaCkptSectionIdT id = section();
	SaErrorT err = SA_OK;

	say("from %llu", (unsigned long long)count);
	while (err == SA_OK && !sample_stop) {
		count++;
		do {
			err = saCkptSectionOverwrite(&checkpoint, &id, (SaUint8T *)&count, sizeof count);
			if (err == SA_ERR_TRY_AGAIN)
				sample_pause(5);
		} while (err == SA_ERR_TRY_AGAIN && !sample_stop);
		if (err == SA_OK)
			say("count %llu", (unsigned long long)count);
		sample_pause(100);
	}
	return err;
}

int main(void)
{
	SaCkptCheckpointHandleT checkpoint;
	uint64_t count = 0;
	SaErrorT err;

	sample_begin();
	while (!sample_stop) {
		err = begin(&checkpoint, &count);
		if (err == SA_OK) {
			err = run(checkpoint, count);
			saCkptCheckpointClose(&checkpoint);
		}
		if (sample_stop)
			break;
		if (err != SA_ERR_LIBRARY && err != SA_ERR_BAD_HANDLE && err != SA_ERR_TRY_AGAIN) {
			say("error=%d", (int)err);
			return 1;
		}
		say("executive gone");
		sample_pause(20);
	}
	say("end");
	return 0;
}
