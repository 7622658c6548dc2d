/*
 * errors.c: the error numbers of each generation. A.01.01 differs from B.01.01
 * from 17 on; EVS kept the numbers of A and has only some of them. A number that
 * a generation does not have becomes the nearest that its callers know.
 */
#include "capi/front/front.h"

enum { KNOWN = 30 };

/* Index: the neutral number. 0: not a result, becomes LIBRARY. */
static const uint8_t to_a01[KNOWN] = {
	[1] = 1,   /* OK */
	[2] = 2,   /* LIBRARY */
	[3] = 3,   /* VERSION */
	[4] = 4,   /* INIT */
	[5] = 5,   /* TIMEOUT */
	[6] = 6,   /* TRY_AGAIN */
	[7] = 7,   /* INVALID_PARAM */
	[8] = 8,   /* NO_MEMORY */
	[9] = 9,   /* BAD_HANDLE */
	[10] = 10, /* BUSY */
	[11] = 11, /* ACCESS */
	[12] = 12, /* NOT_EXIST */
	[13] = 13, /* NAME_TOO_LONG */
	[14] = 14, /* EXIST */
	[15] = 15, /* NO_SPACE */
	[16] = 16, /* INTERRUPT */
	[17] = 18, /* NAME_NOT_FOUND */
	[18] = 19, /* NO_RESOURCES */
	[19] = 20, /* NOT_SUPPORTED */
	[20] = 21, /* BAD_OPERATION */
	[21] = 22, /* FAILED_OPERATION */
	[22] = 23, /* MESSAGE_ERROR */
	[23] = 25, /* QUEUE_FULL */
	[24] = 26, /* QUEUE_NOT_AVAILABLE */
	[25] = 28, /* BAD_FLAGS */
	[26] = 7,  /* TOO_BIG: INVALID_PARAM */
	[27] = 12, /* NO_SECTIONS: NOT_EXIST */
	[29] = 29, /* SECURITY */
};

static const uint8_t to_evs[KNOWN] = {
	[1] = 1,   /* OK */
	[2] = 2,   /* LIBRARY */
	[3] = 2,   /* VERSION: executive and library do not fit */
	[4] = 2,   /* INIT */
	[5] = 5,   /* TIMEOUT */
	[6] = 6,   /* TRY_AGAIN */
	[7] = 7,   /* INVALID_PARAM */
	[8] = 8,   /* NO_MEMORY */
	[9] = 9,   /* BAD_HANDLE */
	[10] = 6,  /* BUSY */
	[11] = 11, /* ACCESS */
	[12] = 12, /* NOT_EXIST */
	[13] = 7,  /* NAME_TOO_LONG */
	[14] = 14, /* EXIST */
	[15] = 8,  /* NO_SPACE */
	[16] = 6,  /* INTERRUPT */
	[17] = 12, /* NAME_NOT_FOUND */
	[18] = 8,  /* NO_RESOURCES */
	[19] = 20, /* NOT_SUPPORTED */
	[20] = 20, /* BAD_OPERATION */
	[21] = 2,  /* FAILED_OPERATION */
	[22] = 2,  /* MESSAGE_ERROR */
	[23] = 6,  /* QUEUE_FULL */
	[24] = 6,  /* QUEUE_NOT_AVAILABLE */
	[25] = 7,  /* BAD_FLAGS */
	[26] = 7,  /* TOO_BIG */
	[27] = 12, /* NO_SECTIONS */
	[29] = 29, /* SECURITY */
};

static unsigned lookup(const uint8_t *table, unsigned neutral)
{
	if (neutral < KNOWN && table[neutral] != 0)
		return table[neutral];
	return AISF_LIBRARY;
}

unsigned aisf_error_a01(unsigned neutral)
{
	return lookup(to_a01, neutral);
}

unsigned aisf_error_evs(unsigned neutral)
{
	if (neutral == AISF_TOO_MANY_GROUPS)
		return 30;
	return lookup(to_evs, neutral);
}

unsigned aisf_error_b01(unsigned neutral)
{
	if (neutral >= 1 && neutral < KNOWN && neutral != 28)
		return neutral;
	return AISF_LIBRARY;
}

/* As B.01.01, which is its beginning; 29 means something else there, and what
 * openais called SECURITY is ACCESS_DENIED. */
unsigned aisf_error_osaf(unsigned neutral)
{
	enum { SECURITY = 29, ACCESS_DENIED = 38 };

	if (neutral == SECURITY)
		return ACCESS_DENIED;
	return aisf_error_b01(neutral);
}
