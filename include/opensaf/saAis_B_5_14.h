/*
 * saAis_B_5_14.h: names of any length, for programs that define
 * SA_EXTENDED_NAME_SOURCE; as OpenSAF 5 published them. saAis.h includes it.
 */
#ifndef AIS_OSAF_SAAIS_B_5_14_H
#define AIS_OSAF_SAAIS_B_5_14_H

#include "saAis.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef const char *SaConstStringT;

#ifdef SA_EXTENDED_NAME_SOURCE
#define SA_MAX_UNEXTENDED_NAME_LENGTH 256
/* What is in it is the library's. */
typedef struct {
	SaUint16T _opaque[129];
} SaNameT;
#endif

#ifdef __cplusplus
}
#endif

#endif /* AIS_OSAF_SAAIS_B_5_14_H */
