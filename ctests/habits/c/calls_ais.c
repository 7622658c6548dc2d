/* calls_ais.c: the functions that make names. */
#define SA_EXTENDED_NAME_SOURCE
#include <saAis.h>

#include LIST
#include "calls.h"

static const char *const only_refuse[] = {NULL};

/* As CALL, of functions that have no error to return. */
#define PLAIN(name, call) \
	do { \
		take_state(&before); \
		errno = 4711; \
		call; \
		CHECK_IS(errno, 4711); \
		take_state(&after); \
		compare_states(#name, &before, &after); \
		check_call(I_##name, __FILE__, __LINE__, SUCCESS, SUCCESS); \
	} while (0)

static void round_trip(const char *text)
{
	SaNameT name;
	SaConstStringT got = NULL;
	size_t length = strlen(text);

	memset(&name, 0xff, sizeof(name));
	PLAIN(saAisNameLend, fn.saAisNameLend(text, &name));
	PLAIN(saAisNameBorrow, got = fn.saAisNameBorrow(&name));
	CHECK(got != NULL && strcmp(got, text) == 0);
	if (length < 256) {
		/* A name as it always was. */
		SaUint16T n;

		memcpy(&n, &name, sizeof(n));
		CHECK_IS(n, length);
		CHECK(memcmp((char *)&name + 2, text, length) == 0);
		CHECK(got == (char *)&name + 2);
	} else {
		CHECK(got == text);
	}
}

static void scenario(void)
{
	static char text[1024];
	SaConstStringT got = text;
	SaNameT name;
	size_t n;

	for (n = 0; n < sizeof(text) - 1; n += n > 250 && n < 260 ? 1 : 25) {
		memset(text, 'x', n);
		text[n] = 0;
		round_trip(text);
	}
	PLAIN(saAisNameLend, fn.saAisNameLend(NULL, &name));
	PLAIN(saAisNameBorrow, got = fn.saAisNameBorrow(&name));
	CHECK(got != NULL && got[0] == 0);
	memset(&name, 1, sizeof(name)); /* 257 bytes */
	PLAIN(saAisNameBorrow, got = fn.saAisNameBorrow(&name));
	CHECK(got == NULL);
	PLAIN(saAisNameBorrow, got = fn.saAisNameBorrow(NULL));
	CHECK(got == NULL);
	PLAIN(saAisNameLend, fn.saAisNameLend("x", NULL));
}
