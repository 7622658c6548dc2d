/*
 * evt_b01.c: the Event Service of B.01.01: saEvt.h of openais.
 */
#include "capi/front/evt.h"
#include "capi/front/gen/adapters_b01.h"

#define SIZE SaSizeT
#define ROOM(p) ((p)->allocatedSize)
#define ARRAY_ROOM(a) ((a)->allocatedNumber)
#include "capi/front/evt_patterns.h"

/* Same release and major; what is supported is told in every case, as openais
 * 0.80 did. A major of 0 is a structure that nobody filled. */
static int negotiate(SaVersionT *v)
{
	int fits_us = v->releaseCode == 'B' && v->majorVersion == 1;

	v->releaseCode = 'B';
	v->majorVersion = 1;
	v->minorVersion = 1;
	return fits_us;
}

#define ENTRY(name) aisf_b01_##name
#define KIND AISF_EVT_B01
#define ERROR(neutral) aisf_error_b01(neutral)
#include "capi/front/evt_b.h"
