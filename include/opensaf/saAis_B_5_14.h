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

/*
 * saAisNameLend makes a name of a text. A text of less than
 * SA_MAX_UNEXTENDED_NAME_LENGTH bytes is copied into it. A longer one is lent:
 * it has to stay until the name is used no more, and no service of this library
 * takes such a name (SA_AIS_ERR_INVALID_PARAM).
 *
 * value  ends with a 0; NULL makes an empty name.
 */
extern void saAisNameLend(
	SaConstStringT value,
	SaNameT *name) AIS_OSAF_BIND(saAisNameLend);

/*
 * saAisNameBorrow gives the text of a name: the one that was lent, or the bytes in
 * the name itself, as long as that is not changed. NULL: name is NULL or empty of
 * meaning, with more bytes than fit or without a 0 behind the last.
 */
extern SaConstStringT saAisNameBorrow(
	const SaNameT *name) AIS_OSAF_BIND(saAisNameBorrow);
#endif

#ifdef __cplusplus
}
#endif

#endif /* AIS_OSAF_SAAIS_B_5_14_H */
