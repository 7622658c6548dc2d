/*
 * names_osaf.c: names of any length of OpenSAF 5. A short text is in the name
 * itself, as always; of a long one the name holds the pointer, and a length that no
 * name has, so that every service refuses it.
 */
#include <string.h>

#include "capi/front/gen/adapters_osaf.h"

enum { LENT = 0xffff };

void aisf_osaf_saAisNameLend(SaConstStringT value, SaNameT *name)
{
	size_t length = value == NULL ? 0 : strlen(value);

	if (name == NULL)
		return;
	memset(name, 0, sizeof(*name));
	if (length < sizeof(name->value)) {
		name->length = (SaUint16T)length;
		if (length > 0)
			memcpy(name->value, value, length);
	} else {
		name->length = LENT;
		memcpy(name->value, &value, sizeof(value));
	}
}

SaConstStringT aisf_osaf_saAisNameBorrow(const SaNameT *name)
{
	SaConstStringT value;

	if (name == NULL)
		return NULL;
	if (name->length == LENT) {
		memcpy(&value, name->value, sizeof(value));
		return value;
	}
	if (name->length >= sizeof(name->value) || name->value[name->length] != 0)
		return NULL;
	return (SaConstStringT)(const void *)name->value;
}
