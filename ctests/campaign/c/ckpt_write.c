/*
 * Overwrites sections of checkpoints as fast as they are acknowledged, and writes
 * down what was: the trial's word for what may not be lost. It survives the death
 * of its executive, and opens everything anew when there is another.
 *
 *   ckpt_write -i NODE -c NAME:SECTIONS:MIN:MAX ...
 *
 * Every attempt has a number of its own, which is in the bytes that are written.
 * Commands on standard input, one a line, each answered by a line when the write
 * that was under way is over:
 *
 *   create      creates checkpoints and sections           created
 *   open        waits until all checkpoints are open       open
 *   set K,K..   writes these sections in turn, "-" none    set N, and, when each was
 *               acknowledged since, once: round
 *   dump PATH   writes the records since the last dump     dumped N
 *   end
 *
 * A record is 64 bytes, host order: number, section, size, result (1 acknowledged,
 * 2 unknown: the executive died), then begin and end of the call by CLOCK_MONOTONIC
 * and by CLOCK_REALTIME, and the incarnation. Writes that were refused are not
 * recorded: they must never be seen.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "ckpt_any.h"

#define ACKED 1
#define UNKNOWN 2

struct record {
	uint64_t number;
	uint32_t section, size, result, pad;
	uint64_t begin, end, wall_begin, wall_end, incarnation;
};

static struct record *records;
static size_t record_count, record_room;
static uint64_t incarnation, number, again;
static uint32_t self;
static unsigned *set, set_count, set_at, *set_done, set_left;
static unsigned char *buf;
static char input[1 << 16];
static size_t input_len;

static uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void say(const char *what, unsigned long n)
{
	printf("%s %lu\n", what, n);
	fflush(stdout);
}

static void die(const char *what, int e)
{
	printf("dead %s %d\n", what, e);
	fflush(stdout);
	exit(3);
}

static void note(const struct record *r)
{
	if (record_count == record_room) {
		record_room = record_room ? 2 * record_room : 4096;
		if (!(records = realloc(records, record_room * sizeof *records)))
			die("memory", 0);
	}
	records[record_count++] = *r;
}

/* make prepares the next content of a section. */
static size_t make(const struct shape *s, unsigned k)
{
	uint64_t x = ++number * 0x9E3779B97F4A7C15u;
	size_t size = s->size_min + (size_t)((x >> 20) % (s->size_max - s->size_min + 1));

	payload_make(buf, size, self, incarnation, number, k);
	return size;
}

static void record_begin(struct record *r, unsigned k, size_t size)
{
	memset(r, 0, sizeof *r);
	r->number = number;
	r->section = k;
	r->size = (uint32_t)size;
	r->incarnation = incarnation;
	r->wall_begin = wall_ns();
	r->begin = now_ns();
}

static void record_end(struct record *r, uint32_t result)
{
	r->end = now_ns();
	r->wall_end = wall_ns();
	r->result = result;
	note(r);
}

/* write_one overwrites a section; 1 when it was acknowledged. */
static int write_one(unsigned k)
{
	struct shape *s = shape_of(k);
	char idbuf[16];
	SaCkptSectionIdT id = id_of(s, k, idbuf);
	size_t size = make(s, k);
	struct record r;
	SaAisErrorT e;

	record_begin(&r, k, size);
	e = saCkptSectionOverwrite(s->handle, &id, buf, size);
	switch (e) {
	case SA_AIS_OK:
		record_end(&r, ACKED);
		return 1;
	case SA_AIS_ERR_TRY_AGAIN:
		again++;
		usleep(300);
		return 0;
	case SA_AIS_ERR_NOT_EXIST: /* a node that was alone from its start has no such section */
		usleep(2000);
		return 0;
	case SA_AIS_ERR_LIBRARY:
		record_end(&r, UNKNOWN);
		session_end();
		return 0;
	case SA_AIS_ERR_BAD_HANDLE:
		session_end();
		return 0;
	default:
		die("overwrite", (int)e);
		return 0;
	}
}

static void create(void)
{
	struct shape *s;
	char idbuf[16];
	SaCkptSectionIdT id;
	SaCkptSectionCreationAttributesT attributes;
	struct record r;
	SaAisErrorT e;
	size_t size;
	unsigned k;

	while ((e = session_try(SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE | SA_CKPT_CHECKPOINT_CREATE)) == SA_AIS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != SA_AIS_OK)
		die("open", (int)e);
	for (k = 0; k < section_total; k++) {
		s = shape_of(k);
		id = id_of(s, k, idbuf);
		attributes.sectionId = &id;
		attributes.expirationTime = SA_TIME_END;
		size = make(s, k);
		record_begin(&r, k, size);
		while ((e = saCkptSectionCreate(s->handle, &attributes, buf, size)) == SA_AIS_ERR_TRY_AGAIN)
			usleep(1000);
		if (e != SA_AIS_OK)
			die("create", (int)e);
		record_end(&r, ACKED);
	}
}

static void take_set(char *list)
{
	char *word;
	unsigned k;

	set_count = set_at = 0;
	if (strcmp(list, "-") != 0) {
		for (word = strtok(list, ","); word; word = strtok(NULL, ",")) {
			k = (unsigned)strtoul(word, NULL, 10);
			if (k >= section_total || set_count == section_total)
				die("set", (int)k);
			set[set_count++] = k;
		}
	}
	memset(set_done, 0, section_total * sizeof *set_done);
	set_left = set_count;
	say("set", set_count);
}

static void dump(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(records, sizeof *records, record_count, f) != record_count || fclose(f) != 0)
		die("dump", errno);
	say("dumped", (unsigned long)record_count);
	record_count = 0;
}

static void command(char *line)
{
	if (!strcmp(line, "create")) {
		create();
		say("created", section_total);
	} else if (!strcmp(line, "open")) {
		while (!session_open && session_try(SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE) != SA_AIS_OK)
			usleep(2000);
		say("open", shape_count);
	} else if (!strncmp(line, "set ", 4)) {
		take_set(line + 4);
	} else if (!strncmp(line, "dump ", 5)) {
		dump(line + 5);
	} else if (!strcmp(line, "end")) {
		session_end();
		say("end", (unsigned long)again);
		exit(0);
	} else {
		die("command", 0);
	}
}

/* commands takes what standard input has, waiting so long for the first. */
static void commands(int wait_ms)
{
	struct pollfd p = {0, POLLIN, 0};
	char *nl;
	ssize_t n;

	if (poll(&p, 1, wait_ms) <= 0)
		return;
	n = read(0, input + input_len, sizeof input - 1 - input_len);
	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0)
		exit(0); /* nobody commands any more */
	input_len += (size_t)n;
	input[input_len] = 0;
	while ((nl = strchr(input, '\n'))) {
		*nl = 0;
		command(input);
		input_len -= (size_t)(nl + 1 - input);
		memmove(input, nl + 1, input_len + 1);
	}
	if (input_len == sizeof input - 1)
		die("input", 0);
}

int main(int argc, char **argv)
{
	unsigned i, largest = 0;
	int opt;

	while ((opt = getopt(argc, argv, "i:c:")) != -1) {
		switch (opt) {
		case 'i': self = (uint32_t)strtoul(optarg, NULL, 0); break;
		case 'c':
			if (!shape_add(optarg))
				return 64;
			break;
		default: return 64;
		}
	}
	if (!self || !shape_count)
		return 64;
	for (i = 0; i < shape_count; i++)
		if (shapes[i].size_max > largest)
			largest = shapes[i].size_max;
	payload_setup();
	incarnation = payload_incarnation();
	buf = malloc(largest);
	set = calloc(section_total, sizeof *set);
	set_done = calloc(section_total, sizeof *set_done);
	if (!buf || !set || !set_done)
		return 65;
	say("ready", section_total);
	for (;;) {
		commands(set_count && session_open ? 0 : set_count ? 2 : -1);
		if (!set_count)
			continue;
		if (!session_open) {
			session_try(SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE);
			continue;
		}
		i = set[set_at % set_count];
		if (!write_one(i))
			continue;
		set_at++;
		if (!set_done[i]) {
			set_done[i] = 1;
			if (--set_left == 0)
				say("round", set_count);
		}
	}
}
