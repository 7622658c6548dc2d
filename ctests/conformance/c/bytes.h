/*
 * bytes.h: what the programs share that look at each byte which crosses the boundary
 * of AMF. They are compiled with the headers of the originals, linked by their
 * sonames, and run as rows (conf.h); what a row has called with success it tells:
 * "CALLED function".
 */
#ifndef BYTES_H
#define BYTES_H

#include "conf.h"

enum { GUARD = 64, FILL = 0xa5 };

/* A variable of the application's with bytes of its own around it. */
#define GUARDED(type, name)                         \
	struct {                                    \
		unsigned char before[GUARD];        \
		type v;                             \
		unsigned char after[GUARD];         \
	} name;                                     \
	memset(&name, FILL, sizeof name)

/* Has the library written outside of it? */
#define INTACT(name) (filled(name.before, GUARD) && filled(name.after, GUARD))

static int filled(const void *at, size_t n)
{
	const unsigned char *p = at;

	while (n > 0 && *p == FILL) {
		p++;
		n--;
	}
	return n == 0;
}

static int called(const char *function, int result, int ok)
{
	if (result == ok) {
		printf("CALLED %s\n", function);
		fflush(stdout);
	}
	return result;
}

/* A call that is to be told of when it succeeds. */
#define CALL(function, ...) called(#function, (int)function(__VA_ARGS__), (int)OK)

/* A name that is not followed by zeros: its length counts. */
static const SaNameT *named(const char *text)
{
	static __thread SaNameT names[8];
	static __thread int next;
	SaNameT *n = &names[next++ % 8];

	memset(n, 'y', sizeof *n);
	n->length = (SaUint16T)strlen(text);
	memcpy(n->value, text, n->length);
	return n;
}

static int is_name(const SaNameT *n, const char *text)
{
	return n->length == strlen(text) && memcmp(n->value, text, n->length) == 0;
}

#endif /* BYTES_H */
