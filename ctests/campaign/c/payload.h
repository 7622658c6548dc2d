/*
 * Messages that describe themselves: who sent them, which start of the sender,
 * which message of that start, how long, and a CRC over all of it. A receiver
 * needs nothing else to tell what was lost, doubled, reordered or damaged.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD_MAGIC 0x41495345u
#define PAYLOAD_MIN 48

struct payload {
	uint32_t magic;
	uint32_t sender;      /* node */
	uint64_t incarnation; /* start of the program */
	uint64_t counter;     /* from 1 */
	uint64_t sent_ns;     /* CLOCK_MONOTONIC */
	uint32_t len;
	uint32_t tag; /* the program's own use */
	uint32_t crc; /* over all bytes, this field taken as 0 */
	uint32_t pad;
};

static uint32_t crc_table[256];

static inline void payload_setup(void)
{
	uint32_t i, c;
	int k;

	for (i = 0; i < 256; i++) {
		c = i;
		for (k = 0; k < 8; k++)
			c = (c >> 1) ^ (0xEDB88320u & (0u - (c & 1)));
		crc_table[i] = c;
	}
}

static inline uint32_t crc_add(uint32_t c, const unsigned char *p, size_t n)
{
	while (n--)
		c = (c >> 8) ^ crc_table[(c ^ *p++) & 0xff];
	return c;
}

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint32_t payload_crc(const unsigned char *buf, size_t len)
{
	struct payload head;
	uint32_t c;

	memcpy(&head, buf, sizeof head);
	head.crc = 0;
	c = crc_add(0xFFFFFFFFu, (const unsigned char *)&head, sizeof head);
	return ~crc_add(c, buf + sizeof head, len - sizeof head);
}

/* payload_make fills len bytes (PAYLOAD_MIN at least) of buf. */
static inline void payload_make(unsigned char *buf, size_t len, uint32_t sender, uint64_t incarnation,
			 uint64_t counter, uint32_t tag)
{
	struct payload head;
	uint64_t x = incarnation ^ (counter * 0x9E3779B97F4A7C15u);
	size_t i;

	memset(&head, 0, sizeof head);
	head.magic = PAYLOAD_MAGIC;
	head.sender = sender;
	head.incarnation = incarnation;
	head.counter = counter;
	head.sent_ns = now_ns();
	head.len = (uint32_t)len;
	head.tag = tag;
	memcpy(buf, &head, sizeof head);
	for (i = sizeof head; i + 8 <= len; i += 8) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		memcpy(buf + i, &x, 8);
	}
	for (; i < len; i++)
		buf[i] = (unsigned char)(x >> 56);
	head.crc = payload_crc(buf, len);
	memcpy(buf, &head, sizeof head);
}

/* payload_read checks a message and copies its head; 0 when it is damaged. */
static inline int payload_read(const unsigned char *buf, int len, struct payload *head)
{
	if (len < (int)sizeof *head)
		return 0;
	memcpy(head, buf, sizeof *head);
	return head->magic == PAYLOAD_MAGIC && head->len == (uint32_t)len &&
	       head->crc == payload_crc(buf, (size_t)len);
}

/* An incarnation that no other start of any program on this machine has. */
static inline uint64_t payload_incarnation(void)
{
	return (now_ns() << 20) ^ (uint64_t)getpid();
}

#endif
