/*
 * Overwrites a section of a checkpoint, one request outstanding, within a window of
 * time that many programs share, and says how many were acknowledged in it.
 *
 *   ckpt -b NS -e NS -s BYTES [-w NUMBER] [-g all|active|weak] [-n NAME] [-c CPU] [-r]
 *
 * -r runs it round robin, so that other jobs of the machine do not count.
 *
 * begin and end are CLOCK_MONOTONIC. Prints one line:
 *   ckpt writes= seconds= again= p50= p99= max= (microseconds)
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <saAis.h>
#include <saCkpt.h>

enum { SAMPLES = 1 << 20, WRITERS = 64 };

/* Before the window, in nanoseconds: from here on in the class that was asked for. */
static const uint64_t RR_LEAD = 50000000;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what, SaAisErrorT e)
{
	fprintf(stderr, "%s: error %d\n", what, (int)e);
	exit(1);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set) != 0) {
		perror("affinity");
		exit(1);
	}
}

static void round_robin(void)
{
	struct sched_param p;

	memset(&p, 0, sizeof p);
	p.sched_priority = 1;
	if (sched_setscheduler(0, SCHED_RR, &p) != 0) {
		perror("round robin");
		exit(1);
	}
}

/* prepare opens the checkpoint and creates this writer's section. */
static SaCkptCheckpointHandleT prepare(SaCkptHandleT *service, const char *text, SaCkptCheckpointCreationFlagsT flags,
				       SaCkptSectionIdT *id, const unsigned char *data, SaSizeT size)
{
	SaVersionT version = {'B', 1, 1};
	SaCkptCheckpointCreationAttributesT a;
	SaCkptSectionCreationAttributesT s;
	SaCkptCheckpointHandleT h;
	SaNameT name;
	SaAisErrorT e;

	memset(&name, 0, sizeof name);
	name.length = (SaUint16T)strlen(text);
	memcpy(name.value, text, name.length);
	memset(&a, 0, sizeof a);
	a.creationFlags = flags;
	a.checkpointSize = size * WRITERS;
	a.retentionDuration = 0;
	a.maxSections = WRITERS;
	a.maxSectionSize = size;
	a.maxSectionIdSize = 16;
	while ((e = saCkptInitialize(service, NULL, &version)) == SA_AIS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != SA_AIS_OK)
		die("initialize", e);
	while ((e = saCkptCheckpointOpen(*service, &name, &a, SA_CKPT_CHECKPOINT_WRITE | SA_CKPT_CHECKPOINT_CREATE,
					 10 * SA_TIME_ONE_SECOND, &h)) == SA_AIS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != SA_AIS_OK)
		die("open", e);
	s.sectionId = id;
	s.expirationTime = SA_TIME_END;
	while ((e = saCkptSectionCreate(h, &s, data, size)) == SA_AIS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != SA_AIS_OK)
		die("create", e);
	return h;
}

int main(int argc, char **argv)
{
	static uint32_t samples[SAMPLES];
	uint64_t begin = 0, end = 0, t, u, writes = 0, again = 0, acknowledged = 0;
	SaCkptCheckpointCreationFlagsT flags = SA_CKPT_WR_ALL_REPLICAS;
	const char *name = "bench";
	char idbuf[16];
	SaCkptSectionIdT id;
	SaCkptHandleT service;
	SaCkptCheckpointHandleT h;
	SaAisErrorT e;
	SaSizeT size = 0;
	unsigned char *data;
	unsigned writer = 0, n = 0;
	int opt, rr = 0;

	while ((opt = getopt(argc, argv, "b:e:s:w:g:n:c:r")) != -1) {
		switch (opt) {
		case 'b': begin = strtoull(optarg, NULL, 10); break;
		case 'e': end = strtoull(optarg, NULL, 10); break;
		case 's': size = strtoul(optarg, NULL, 10); break;
		case 'w': writer = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'n': name = optarg; break;
		case 'c': pin(atoi(optarg)); break;
		case 'r': rr = 1; break;
		case 'g':
			if (!strcmp(optarg, "active"))
				flags = SA_CKPT_WR_ACTIVE_REPLICA;
			else if (!strcmp(optarg, "weak"))
				flags = SA_CKPT_WR_ACTIVE_REPLICA_WEAK;
			else if (strcmp(optarg, "all"))
				return 64;
			break;
		default: return 64;
		}
	}
	if (size < 1 || size > (1 << 24) || end <= begin || writer >= WRITERS || strlen(name) > 200 || !(data = malloc(size)))
		return 64;
	memset(data, 0x5a, size);
	id.idLen = (SaUint16T)snprintf(idbuf, sizeof idbuf, "writer-%u", writer);
	id.id = (SaUint8T *)idbuf;
	h = prepare(&service, name, flags, &id, data, size);
	/* What comes before the window warms everything up. */
	t = now_ns();
	if (t > begin)
		die("the window was open before all was ready", 0);
	do {
		data[writes++ % size]++;
		e = saCkptSectionOverwrite(h, &id, data, size);
		u = now_ns();
		if (e == SA_AIS_ERR_TRY_AGAIN) {
			again++;
			usleep(50);
		} else if (e != SA_AIS_OK) {
			die("overwrite", e);
		} else if (u >= begin && u <= end) {
			acknowledged++; /* those begun before the window stand for those it cuts off */
			if (t >= begin && n < SAMPLES)
				samples[n++] = (uint32_t)((u - t) / 10);
		}
		t = u;
		/* Sooner, and who warms up would keep the processors from who gets ready. */
		if (rr && u + RR_LEAD >= begin) {
			round_robin();
			rr = 0;
		}
	} while (u < end);
	qsort(samples, n, sizeof *samples, compare);
	printf("ckpt writes=%llu seconds=%.6f again=%llu p50=%.2f p99=%.2f max=%.2f\n", (unsigned long long)acknowledged, (double)(end - begin) / 1e9,
	       (unsigned long long)again, n ? samples[n / 2] / 100.0 : 0, n ? samples[(size_t)((double)n * 0.99)] / 100.0 : 0,
	       n ? samples[n - 1] / 100.0 : 0);
	saCkptFinalize(service);
	free(data);
	return 0;
}
