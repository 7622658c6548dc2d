/*
 * saAis.h: the base types of the Service Availability Forum's Application
 * Interface Specification, generation B.01.01, with the widths and values of
 * openais 0.80. Every other B header includes it.
 *
 * Owns: types, error codes and constants that all services share. Declares no
 * function. Works alone in C89 to C23 and in C++, on 32 and 64 bit Linux.
 *
 * Not compatible with a.01.01/ais_types.h in one translation unit: several
 * names mean another type there. Both may be used in one program.
 */
#ifndef AIS_B_SAAIS_H
#define AIS_B_SAAIS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
	SA_FALSE = 0,
	SA_TRUE = 1
} SaBoolT;

typedef int8_t SaInt8T;
typedef int16_t SaInt16T;
typedef int32_t SaInt32T;
typedef int64_t SaInt64T;

typedef uint8_t SaUint8T;
typedef uint16_t SaUint16T;
typedef uint32_t SaUint32T;
typedef uint64_t SaUint64T;

typedef float SaFloatT;
typedef double SaDoubleT;
typedef char *SaStringT;

/* A time or a duration in nanoseconds; a time counts from 1970-01-01 UTC. */
typedef SaInt64T SaTimeT;

/*
 * The constants below are written with casts, not with suffixed literals, so
 * that they are clean in C89 and C++98 too.
 */
#define SA_TIME_END ((SaTimeT)((((SaUint64T)0x7fffffff) << 32) | 0xffffffff))
#define SA_TIME_BEGIN ((SaUint64T)0)
/* Does not fit SaTimeT: compare it after a cast to SaUint64T. */
#define SA_TIME_UNKNOWN (((SaUint64T)0x80000000) << 32)
#define SA_TIME_ONE_MICROSECOND ((SaUint64T)1000)
#define SA_TIME_ONE_MILLISECOND ((SaUint64T)1000000)
#define SA_TIME_ONE_SECOND ((SaUint64T)1000000000)
#define SA_TIME_ONE_MINUTE ((SaUint64T)60 * 1000000000)
#define SA_TIME_ONE_HOUR ((SaUint64T)3600 * 1000000000)
#define SA_TIME_ONE_DAY ((SaUint64T)86400 * 1000000000)
#define SA_TIME_MAX SA_TIME_END

#define SA_MAX_NAME_LENGTH 256

/* A name: length bytes of value, no terminator needed or counted. */
typedef struct {
	SaUint16T length;
	SaUint8T value[SA_MAX_NAME_LENGTH];
} SaNameT;

/* A version as release letter, major and minor: {'B', 1, 1}. */
typedef struct {
	char releaseCode;
	unsigned char majorVersion;
	unsigned char minorVersion;
} SaVersionT;

/* What tracking functions report; see the service's track function. */
#define SA_TRACK_CURRENT 0x01
#define SA_TRACK_CHANGES 0x02
#define SA_TRACK_CHANGES_ONLY 0x04

/*
 * How much a service's Dispatch function does before it returns:
 * ONE runs at most one pending callback; ALL runs callbacks until none is
 * pending; BLOCKING runs callbacks until the handle is finalized.
 */
typedef enum {
	SA_DISPATCH_ONE = 1,
	SA_DISPATCH_ALL = 2,
	SA_DISPATCH_BLOCKING = 3
} SaDispatchFlagsT;

/* What every function of a service returns. */
typedef enum {
	/* It was done. */
	SA_AIS_OK = 1,
	/* The library cannot be used any more, e.g. the executive is gone. */
	SA_AIS_ERR_LIBRARY = 2,
	/* The version asked for is not one that the library has. */
	SA_AIS_ERR_VERSION = 3,
	/* A callback that the call needs was not given at Initialize. */
	SA_AIS_ERR_INIT = 4,
	/* It was not done within the time that the caller gave. */
	SA_AIS_ERR_TIMEOUT = 5,
	/* Not possible now; may be repeated. */
	SA_AIS_ERR_TRY_AGAIN = 6,
	/* An argument is not what the function takes. */
	SA_AIS_ERR_INVALID_PARAM = 7,
	/* There is no memory for it, in the process or in the executive. */
	SA_AIS_ERR_NO_MEMORY = 8,
	/* There is no such handle: it never was one, was closed, or was inherited over fork. */
	SA_AIS_ERR_BAD_HANDLE = 9,
	SA_AIS_ERR_BUSY = 10,
	/* The handle was not opened for this. */
	SA_AIS_ERR_ACCESS = 11,
	/* What is named does not exist. */
	SA_AIS_ERR_NOT_EXIST = 12,
	SA_AIS_ERR_NAME_TOO_LONG = 13,
	/* It exists already. */
	SA_AIS_ERR_EXIST = 14,
	/* The room that the caller gave is too small. */
	SA_AIS_ERR_NO_SPACE = 15,
	SA_AIS_ERR_INTERRUPT = 16,
	SA_AIS_ERR_NAME_NOT_FOUND = 17,
	/* The process or the executive has no room for more of it. */
	SA_AIS_ERR_NO_RESOURCES = 18,
	SA_AIS_ERR_NOT_SUPPORTED = 19,
	/* The state of what is named does not allow it. */
	SA_AIS_ERR_BAD_OPERATION = 20,
	SA_AIS_ERR_FAILED_OPERATION = 21,
	SA_AIS_ERR_MESSAGE_ERROR = 22,
	SA_AIS_ERR_QUEUE_FULL = 23,
	SA_AIS_ERR_QUEUE_NOT_AVAILABLE = 24,
	/* No flag, an unknown one, or flags that exclude each other. */
	SA_AIS_ERR_BAD_FLAGS = 25,
	/* It is larger than is allowed. */
	SA_AIS_ERR_TOO_BIG = 26,
	/* There are no more sections. */
	SA_AIS_ERR_NO_SECTIONS = 27,
	/* This user may not use the executive, or what answers is not one that may be trusted. */
	SA_AIS_ERR_SECURITY = 29
} SaAisErrorT;

/*
 * A file descriptor in a 64 bit integer: cast it to int for poll or select.
 * It is readable exactly while a callback is pending or the executive is gone.
 */
typedef SaUint64T SaSelectionObjectT;

/* Chosen by the caller of an asynchronous function, returned in its callback. */
typedef SaUint64T SaInvocationT;

typedef SaUint64T SaSizeT;

#define SA_HANDLE_INVALID ((SaUint64T)0)

/* Names a notification; there is no notification service, so 0 is as good as any. */
typedef SaUint64T SaNtfIdentifierT;

#ifdef __cplusplus
}
#endif

#endif /* AIS_B_SAAIS_H */
