/*
 * A checkpoint of very many sections, all of the same size, for the trial in which
 * a node joins under load.
 *
 *   ckpt_bulk -n SECTIONS -z BYTES fill           creates them all
 *   ckpt_bulk -n SECTIONS -z BYTES iterate        goes through all of them and counts
 *   ckpt_bulk -n SECTIONS -z BYTES read           reads all of them, with a checksum
 *   ckpt_bulk -n SECTIONS -z BYTES load SEED      overwrites and reads in random order
 *
 * fill, iterate and read print a line "bulk what= sections= bytes= crc= seconds=".
 * load says "loading" and goes on until standard input ends; each line it gets is
 * answered by "load writes= reads= again= slowest_write_us= slowest_read_us=
 * p99_write_us=" for the requests that were answered since the line before. A
 * request's time is that from its first call until it was done, with the calls
 * that had to be repeated because of TRY_AGAIN.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "ckpt_any.h"

#define SAMPLES (1 << 20)

static unsigned sections = 100000;
static size_t size = 10738;
static SaCkptCheckpointHandleT bulk;
static unsigned char *buf;

static void fail(const char *what, SaAisErrorT e)
{
	printf("dead %s %d\n", what, (int)e);
	fflush(stdout);
	exit(3);
}

static void open_bulk(void)
{
	SaVersionT version = {'B', 1, 1};
	SaCkptCheckpointCreationAttributesT a;
	SaNameT name;
	SaAisErrorT e;

	memset(&name, 0, sizeof name);
	name.length = 4;
	memcpy(name.value, "bulk", 4);
	memset(&a, 0, sizeof a);
	a.creationFlags = SA_CKPT_WR_ALL_REPLICAS;
	a.checkpointSize = (SaSizeT)sections * size;
	a.retentionDuration = SA_TIME_ONE_HOUR;
	a.maxSections = sections;
	a.maxSectionSize = size;
	a.maxSectionIdSize = 16;
	while ((e = saCkptInitialize(&session, NULL, &version)) == SA_AIS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != SA_AIS_OK)
		fail("initialize", e);
	while ((e = saCkptCheckpointOpen(session, &name, &a,
					 SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE | SA_CKPT_CHECKPOINT_CREATE,
					 20 * SA_TIME_ONE_SECOND, &bulk)) == SA_AIS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != SA_AIS_OK)
		fail("open", e);
}

static SaCkptSectionIdT id_number(unsigned k, char *idbuf)
{
	SaCkptSectionIdT id;

	id.idLen = (SaUint16T)snprintf(idbuf, 16, "section-%06u", k);
	id.id = (SaUint8T *)idbuf;
	return id;
}

/* pattern fills a section's content: cheap to make, different everywhere. */
static void pattern(unsigned k, uint64_t version)
{
	uint64_t x = ((uint64_t)k << 32 ^ version) * 0x9E3779B97F4A7C15u;
	size_t i;

	for (i = 0; i + 8 <= size; i += 8, x += 0x9E3779B97F4A7C15u)
		memcpy(buf + i, &x, 8);
}

static void fill(void)
{
	SaCkptSectionCreationAttributesT a;
	char idbuf[16];
	SaCkptSectionIdT id;
	SaAisErrorT e;
	unsigned k;

	a.expirationTime = SA_TIME_END;
	for (k = 0; k < sections; k++) {
		id = id_number(k, idbuf);
		a.sectionId = &id;
		pattern(k, 0);
		while ((e = saCkptSectionCreate(bulk, &a, buf, size)) == SA_AIS_ERR_TRY_AGAIN)
			usleep(200);
		if (e != SA_AIS_OK)
			fail("create", e);
	}
}

static SaAisErrorT read_one(const SaCkptSectionIdT *id, size_t *got)
{
	SaCkptIOVectorElementT v;
	SaUint32T bad = 0;
	SaAisErrorT e;

	memset(&v, 0, sizeof v);
	v.sectionId = *id;
	v.dataBuffer = buf;
	v.dataSize = size;
	e = saCkptCheckpointRead(bulk, &v, 1, &bad);
	*got = v.readSize;
	return e;
}

/* iterate goes through all sections; with content it reads them, too. */
static void iterate(int content, uint64_t *n, uint64_t *bytes, uint32_t *crc)
{
	SaCkptSectionIterationHandleT it;
	SaCkptSectionDescriptorT d;
	SaAisErrorT e;
	size_t got;

	while ((e = saCkptSectionIterationInitialize(bulk, SA_CKPT_SECTIONS_ANY, 0, &it)) == SA_AIS_ERR_TRY_AGAIN)
		usleep(500);
	if (e != SA_AIS_OK)
		fail("iterate", e);
	*crc = 0xFFFFFFFFu;
	for (;;) {
		while ((e = saCkptSectionIterationNext(it, &d)) == SA_AIS_ERR_TRY_AGAIN)
			usleep(500);
		if (e == SA_AIS_ERR_NO_SECTIONS)
			break;
		if (e != SA_AIS_OK)
			fail("next", e);
		++*n;
		*bytes += d.sectionSize;
		*crc = crc_add(*crc, d.sectionId.id, d.sectionId.idLen);
		if (!content)
			continue;
		while ((e = read_one(&d.sectionId, &got)) == SA_AIS_ERR_TRY_AGAIN)
			usleep(200);
		if (e != SA_AIS_OK || got != d.sectionSize)
			fail("read", e);
		*crc = crc_add(*crc, buf, got);
	}
	saCkptSectionIterationFinalize(it);
}

static int compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void load(unsigned seed)
{
	static uint32_t samples[SAMPLES];
	struct pollfd p = {0, POLLIN, 0};
	uint64_t x = seed * 0x9E3779B97F4A7C15u + 1, again = 0, begin, t, version = seed;
	uint64_t writes = 0, reads = 0, slow_write = 0, slow_read = 0;
	unsigned n = 0;
	char line[64], idbuf[16];
	SaCkptSectionIdT id;
	SaAisErrorT e;
	size_t got;

	printf("loading\n");
	fflush(stdout);
	for (;;) {
		if (poll(&p, 1, 0) > 0) {
			ssize_t r = read(0, line, sizeof line);

			if (r < 0 && errno == EINTR)
				continue;
			if (r <= 0)
				return;
			qsort(samples, n, sizeof *samples, compare);
			printf("load writes=%llu reads=%llu again=%llu slowest_write_us=%llu slowest_read_us=%llu p99_write_us=%u\n",
			       (unsigned long long)writes, (unsigned long long)reads, (unsigned long long)again,
			       (unsigned long long)slow_write / 1000, (unsigned long long)slow_read / 1000,
			       n ? samples[(unsigned)((double)n * 0.99)] : 0);
			fflush(stdout);
			writes = reads = again = slow_write = slow_read = 0;
			n = 0;
		}
		x = x * 6364136223846793005u + 1442695040888963407u;
		id = id_number((unsigned)((x >> 33) % sections), idbuf);
		begin = now_ns();
		if (x >> 62 == 0) {
			while ((e = read_one(&id, &got)) == SA_AIS_ERR_TRY_AGAIN) {
				again++;
				usleep(500);
			}
			if (e != SA_AIS_OK || got != size)
				fail("read", e);
			t = now_ns() - begin;
			reads++;
			if (t > slow_read)
				slow_read = t;
			continue;
		}
		pattern((unsigned)(x >> 33), ++version);
		begin = now_ns();
		while ((e = saCkptSectionOverwrite(bulk, &id, buf, size)) == SA_AIS_ERR_TRY_AGAIN) {
			again++;
			usleep(500);
		}
		if (e != SA_AIS_OK)
			fail("overwrite", e);
		t = now_ns() - begin;
		writes++;
		if (t > slow_write)
			slow_write = t;
		if (n < SAMPLES)
			samples[n++] = (uint32_t)(t / 1000);
	}
}

int main(int argc, char **argv)
{
	uint64_t n = 0, bytes = 0, began;
	uint32_t crc = 0;
	const char *what;
	int opt;

	while ((opt = getopt(argc, argv, "n:z:")) != -1) {
		switch (opt) {
		case 'n': sections = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'z': size = strtoul(optarg, NULL, 10); break;
		default: return 64;
		}
	}
	if (optind == argc || sections < 2 || sections > 1000000 || size < 16 || size > (1 << 20) || !(buf = calloc(1, size)))
		return 64;
	what = argv[optind];
	payload_setup();
	open_bulk();
	began = now_ns();
	if (!strcmp(what, "fill")) {
		fill();
		n = sections;
		bytes = (uint64_t)sections * size;
	} else if (!strcmp(what, "iterate") || !strcmp(what, "read")) {
		iterate(!strcmp(what, "read"), &n, &bytes, &crc);
	} else if (!strcmp(what, "load") && optind + 1 < argc) {
		load((unsigned)strtoul(argv[optind + 1], NULL, 10));
	} else {
		return 64;
	}
	printf("bulk what=%s sections=%llu bytes=%llu crc=%08x seconds=%.3f\n", what, (unsigned long long)n,
	       (unsigned long long)bytes, crc, (double)(now_ns() - began) / 1e9);
	saCkptFinalize(session);
	free(buf);
	return 0;
}
