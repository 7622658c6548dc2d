/*
 * evt_osaf.c: the Event Service of B.03.01 as OpenSAF had it: B.01.01 with the same
 * structures, and two functions more.
 */
#include "capi/front/evt.h"
#include "capi/front/gen/adapters_osaf.h"

#define SIZE SaSizeT
#define ROOM(p) ((p)->allocatedSize)
#define ARRAY_ROOM(a) ((a)->allocatedNumber)
/* saEvtEventPatternFree gets no number: an array that the library allocates is one
 * piece of memory with its patterns. */
#define ONE_BLOCK
#include "capi/front/evt_patterns.h"

/* OpenSAF took majors 1 and 3, and told B.03.01 when it could not. */
static int negotiate(SaVersionT *v)
{
	int fits_us = v->releaseCode == 'B' && (v->majorVersion == 1 || v->majorVersion == 3);

	v->releaseCode = 'B';
	v->majorVersion = 3;
	v->minorVersion = 1;
	return fits_us;
}

#define ENTRY(name) aisf_osaf_##name
#define KIND AISF_EVT_OSAF
#define ERROR(neutral) aisf_error_osaf(neutral)
#include "capi/front/evt_b.h"

SaAisErrorT aisf_osaf_saEvtEventPatternFree(SaEvtEventHandleT eventHandle, SaEvtEventPatternT *patterns)
{
	struct aisf_ref ref;
	struct aisf_handle *h;

	if (patterns == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = get_event(eventHandle, &ref);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	free(patterns);
	return leave(h, AISF_OK);
}

/* The limits are the same on every node and for good, see libais/evt. */
SaAisErrorT aisf_osaf_saEvtLimitGet(SaEvtHandleT evtHandle, SaEvtLimitIdT limitId, SaLimitValueT *limitValue)
{
	SaLimitValueT v;
	struct aisf_handle *h;

	if (limitValue == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	memset(&v, 0, sizeof(v));
	switch (limitId) {
	case SA_EVT_MAX_NUM_CHANNELS_ID:
		v.uint64Value = AISF_CHANNELS_MAX;
		break;
	case SA_EVT_MAX_EVT_SIZE_ID:
		v.uint64Value = AISF_DATA_MAX;
		break;
	case SA_EVT_MAX_PATTERN_SIZE_ID:
		v.uint64Value = AISF_PATTERN_MAX;
		break;
	case SA_EVT_MAX_NUM_PATTERNS_ID:
		v.uint64Value = AISF_PATTERNS_MAX;
		break;
	case SA_EVT_MAX_RETENTION_DURATION_ID:
		v.timeValue = SA_TIME_END;
		break;
	default:
		return SA_AIS_ERR_INVALID_PARAM;
	}
	h = aisf_get(evtHandle, KIND);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	*limitValue = v;
	return leave(h, AISF_OK);
}
