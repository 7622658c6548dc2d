/*
 * ckpt_b01.c: the Checkpoint Service of B.01.01: saCkpt.h of openais.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/ckpt.h"
#include "capi/front/gen/adapters_b01.h"

/* Version negotiation of openais 0.80: same release, at most this major; what is
 * supported is told in every case. */
static int negotiate(SaVersionT *v)
{
	int fits = v->releaseCode == 'B' && v->majorVersion <= 1;

	v->releaseCode = 'B';
	v->majorVersion = 1;
	v->minorVersion = 1;
	return fits;
}

#define ENTRY(name) aisf_b01_##name
#define KIND AISF_CKPT_B01
#define KIND_OPEN AISF_CKPT_B01_OPEN
#define KIND_ITERATOR AISF_CKPT_B01_ITERATOR
#define ERROR(neutral) aisf_error_b01(neutral)
#define MEMORY(bytes) ((bytes) > UINT32_MAX ? UINT32_MAX : (SaUint32T)(bytes))
#include "capi/front/ckpt_b.h"

/* openais 1.1 had the size in 32 bits: what its callers leave in the upper half of
 * the register means nothing. */
SaAisErrorT aisf_b01_saCkptSectionCreate_u32(SaCkptCheckpointHandleT checkpointHandle,
	SaCkptSectionCreationAttributesT *sectionCreationAttributes, const void *initialData, SaUint32T initialDataSize)
{
	return aisf_b01_saCkptSectionCreate(checkpointHandle, sectionCreationAttributes, initialData, initialDataSize);
}
