/*
 * saNtf.h: what other services' interfaces use of the Notification Service's
 * types, as OpenSAF 5 published them. The service itself is not part of this
 * library.
 */
#ifndef AIS_OSAF_SANTF_H
#define AIS_OSAF_SANTF_H

#include "saAis.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef SaUint64T SaNtfIdentifierT;

typedef struct {
	SaNtfIdentifierT rootCorrelationId;
	SaNtfIdentifierT parentCorrelationId;
	SaNtfIdentifierT notificationId;
} SaNtfCorrelationIdsT;

#ifdef __cplusplus
}
#endif

#endif /* AIS_OSAF_SANTF_H */
