/*
 * Reads every section of checkpoints as this node has them, by iteration, and
 * prints who wrote what is there:
 *
 *   S NAME SECTION NODE INCARNATION NUMBER SIZE CRC
 *   C NAME SECTIONS CRC       over all its sections, in the order of their ids
 *   D NAME SECTION            damaged: not what any writer wrote
 *
 *   ckpt_read -c NAME:SECTIONS:MIN:MAX ...
 *
 * exit code 1 when anything is damaged, 3 when the service fails.
 */
#include <unistd.h>

#include "ckpt_any.h"

struct seen {
	unsigned k;
	uint32_t crc;
};

static int compare(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return x->k < y->k ? -1 : x->k > y->k;
}

static void fail(const char *what, SaAisErrorT e)
{
	printf("dead %s %d\n", what, (int)e);
	exit(3);
}

/* read_section reads one and prints it; its CRC is returned, 0 in good when damaged. */
static uint32_t read_section(struct shape *s, const SaCkptSectionIdT *id, unsigned char *buf, int *good)
{
	SaCkptIOVectorElementT v;
	SaUint32T bad = 0;
	struct payload p;
	SaAisErrorT e;
	uint32_t crc;

	memset(&v, 0, sizeof v);
	v.sectionId = *id;
	v.dataBuffer = buf;
	v.dataSize = s->size_max;
	while ((e = saCkptCheckpointRead(s->handle, &v, 1, &bad)) == SA_AIS_ERR_TRY_AGAIN)
		usleep(500);
	if (e != SA_AIS_OK)
		fail("read", e);
	crc = ~crc_add(0xFFFFFFFFu, buf, v.readSize);
	*good = payload_read(buf, (int)v.readSize, &p);
	if (!*good)
		printf("D %s %.*s %llu bytes\n", s->name, (int)id->idLen, (const char *)id->id, (unsigned long long)v.readSize);
	else
		printf("S %s %.*s %u %llu %llu %llu %08x\n", s->name, (int)id->idLen, (const char *)id->id, p.sender,
		       (unsigned long long)p.incarnation, (unsigned long long)p.counter, (unsigned long long)v.readSize, crc);
	return crc;
}

static int read_checkpoint(struct shape *s, unsigned char *buf)
{
	struct seen *list = calloc(s->sections, sizeof *list);
	SaCkptSectionIterationHandleT it;
	SaCkptSectionDescriptorT d;
	unsigned n = 0, i;
	int good, damaged = 0;
	uint32_t sum = 0xFFFFFFFFu;
	SaAisErrorT e;

	if (!list)
		exit(65);
	while ((e = saCkptSectionIterationInitialize(s->handle, SA_CKPT_SECTIONS_ANY, 0, &it)) == SA_AIS_ERR_TRY_AGAIN)
		usleep(500);
	if (e != SA_AIS_OK)
		fail("iterate", e);
	for (;;) {
		while ((e = saCkptSectionIterationNext(it, &d)) == SA_AIS_ERR_TRY_AGAIN)
			usleep(500);
		if (e == SA_AIS_ERR_NO_SECTIONS)
			break;
		if (e != SA_AIS_OK)
			fail("next", e);
		if (n == s->sections || d.sectionId.idLen < 2 || d.sectionId.id[0] != 's')
			fail("section", SA_AIS_OK);
		list[n].k = (unsigned)strtoul((const char *)d.sectionId.id + 1, NULL, 10);
		list[n].crc = read_section(s, &d.sectionId, buf, &good);
		damaged += !good;
		n++;
	}
	saCkptSectionIterationFinalize(it);
	qsort(list, n, sizeof *list, compare);
	for (i = 0; i < n; i++)
		sum = crc_add(sum, (const unsigned char *)&list[i], sizeof list[i]);
	printf("C %s %u %08x\n", s->name, n, ~sum);
	free(list);
	return damaged;
}

int main(int argc, char **argv)
{
	unsigned i, largest = 0;
	unsigned char *buf;
	int opt, damaged = 0;
	SaAisErrorT e;

	while ((opt = getopt(argc, argv, "c:")) != -1)
		if (opt != 'c' || !shape_add(optarg))
			return 64;
	payload_setup();
	for (i = 0; i < shape_count; i++)
		if (shapes[i].size_max > largest)
			largest = shapes[i].size_max;
	if (!(buf = malloc(largest)))
		return 65;
	while ((e = session_try(SA_CKPT_CHECKPOINT_READ)) == SA_AIS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != SA_AIS_OK)
		fail("open", e);
	for (i = 0; i < shape_count; i++)
		damaged += read_checkpoint(&shapes[i], buf);
	session_end();
	free(buf);
	return damaged ? 1 : 0;
}
