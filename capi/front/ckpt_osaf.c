/*
 * ckpt_osaf.c: the Checkpoint Service of B.02.02 as OpenSAF had it: B.01.01 with the
 * memory used in 64 bits, and two functions more that free what the library
 * allocated. Tracking of checkpoints (B.02.03) is not offered.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/ckpt.h"
#include "capi/front/gen/adapters_osaf.h"

/* OpenSAF took majors 1 and 2, and told 2.3 in every case; what is here is 2.2. */
static int negotiate(SaVersionT *v)
{
	int fits = v->releaseCode == 'B' && (v->majorVersion == 1 || v->majorVersion == 2);

	v->releaseCode = 'B';
	v->majorVersion = 2;
	v->minorVersion = 2;
	return fits;
}

#define ENTRY(name) aisf_osaf_##name
#define KIND AISF_CKPT_OSAF
#define KIND_OPEN AISF_CKPT_OSAF_OPEN
#define KIND_ITERATOR AISF_CKPT_OSAF_ITERATOR
#define ERROR(neutral) aisf_error_osaf(neutral)
#define MEMORY(bytes) (bytes)
#include "capi/front/ckpt_b.h"

/* Frees what a call on a checkpoint has allocated for its caller. */
static SaAisErrorT give_back(SaCkptCheckpointHandleT handle, void *memory)
{
	struct aisf_handle *h;

	if (memory == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = get(handle);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	aisf_put(h);
	free(memory);
	return SA_AIS_OK;
}

SaAisErrorT aisf_osaf_saCkptSectionIdFree(SaCkptCheckpointHandleT checkpointHandle, SaUint8T *id)
{
	return give_back(checkpointHandle, id);
}

SaAisErrorT aisf_osaf_saCkptIOVectorElementDataFree(SaCkptCheckpointHandleT checkpointHandle, void *data)
{
	return give_back(checkpointHandle, data);
}
