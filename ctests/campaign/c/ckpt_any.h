/*
 * What the checkpoint programs of this directory share: the checkpoints of a
 * trial, given by -c, their sections numbered from 0 through all of them, and one
 * open session of the service (B.01.01) that can be lost and opened anew.
 */
#ifndef CKPT_ANY_H
#define CKPT_ANY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <saAis.h>
#include <saCkpt.h>

#include "payload.h"

#define MAX_CKPTS 16

struct shape {
	char name[64];
	unsigned sections, size_min, size_max;
	unsigned first; /* number of its first section */
	SaCkptCheckpointHandleT handle;
};

static struct shape shapes[MAX_CKPTS];
static unsigned shape_count, section_total;
static SaCkptHandleT session;
static int session_open;

/* shape_add takes name:sections:min:max. */
static inline int shape_add(const char *arg)
{
	struct shape *s = &shapes[shape_count];

	if (shape_count == MAX_CKPTS ||
	    sscanf(arg, "%63[^:]:%u:%u:%u", s->name, &s->sections, &s->size_min, &s->size_max) != 4 ||
	    s->size_min < PAYLOAD_MIN || s->size_max < s->size_min || s->sections < 2)
		return 0;
	s->first = section_total;
	section_total += s->sections;
	shape_count++;
	return 1;
}

static inline struct shape *shape_of(unsigned k)
{
	unsigned i;

	for (i = 0; i < shape_count; i++)
		if (k - shapes[i].first < shapes[i].sections)
			return &shapes[i];
	return NULL;
}

static inline void name_of(const struct shape *s, SaNameT *name)
{
	memset(name, 0, sizeof *name);
	name->length = (SaUint16T)strlen(s->name);
	memcpy(name->value, s->name, name->length);
}

static inline void attributes_of(const struct shape *s, SaCkptCheckpointCreationAttributesT *a)
{
	memset(a, 0, sizeof *a);
	a->creationFlags = SA_CKPT_WR_ALL_REPLICAS;
	a->checkpointSize = (SaSizeT)s->sections * s->size_max;
	a->retentionDuration = SA_TIME_ONE_HOUR;
	a->maxSections = s->sections;
	a->maxSectionSize = s->size_max;
	a->maxSectionIdSize = 16;
}

/* id_of names section k; buf has 16 bytes. */
static inline SaCkptSectionIdT id_of(const struct shape *s, unsigned k, char *buf)
{
	SaCkptSectionIdT id;

	id.idLen = (SaUint16T)snprintf(buf, 16, "s%u", k - s->first);
	id.id = (SaUint8T *)buf;
	return id;
}

static inline void session_end(void)
{
	if (session_open)
		saCkptFinalize(session);
	session_open = 0;
}

/* session_try opens the service and all checkpoints, once; SA_AIS_OK when all are open. */
static inline SaAisErrorT session_try(SaCkptCheckpointOpenFlagsT flags)
{
	SaVersionT version = {'B', 1, 1};
	SaCkptCheckpointCreationAttributesT attributes;
	SaAisErrorT e;
	SaNameT name;
	unsigned i;

	if ((e = saCkptInitialize(&session, NULL, &version)) != SA_AIS_OK)
		return e;
	session_open = 1;
	for (i = 0; i < shape_count; i++) {
		name_of(&shapes[i], &name);
		attributes_of(&shapes[i], &attributes);
		e = saCkptCheckpointOpen(session, &name, flags & SA_CKPT_CHECKPOINT_CREATE ? &attributes : NULL,
					 flags, 5 * SA_TIME_ONE_SECOND, &shapes[i].handle);
		if (e != SA_AIS_OK) {
			session_end();
			return e;
		}
	}
	return SA_AIS_OK;
}

#endif
