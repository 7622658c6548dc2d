/*
 * ais_types.h: the types of the Application Interface Specification, generation
 * A.01.01, with the widths and values of openais of 2004. As there, the data
 * types of the single services are in this file too; today those of CLM, EVT,
 * CKPT and AMF.
 *
 * Owns: types, error codes, constants. Declares no function. Works alone in C89
 * to C23 and in C++, on 32 and 64 bit Linux. SaUint32T is unsigned long, so it
 * has 64 bits on a 64 bit machine: that is what programs of 2004 were built with.
 *
 * Functions of this generation are bound to their own symbols of the library
 * (ais_a01_...) by assembler labels, so that a program whose other parts use
 * generation B links with the same -lais.
 */
#ifndef AIS_A01_AIS_TYPES_H
#define AIS_A01_AIS_TYPES_H

#ifdef __cplusplus
extern "C" {
#endif

/* The library defines this as nothing where it exports the plain names. */
#ifndef AIS_A01_BIND
#define AIS_A01_BIND(name) __asm__("ais_a01_" #name)
#endif

typedef enum {
	SA_FALSE = 0,
	SA_TRUE = 1
} SaBoolT;

typedef char SaInt8T;
typedef short SaInt16T;
typedef long SaInt32T;
#if defined(__cplusplus) && defined(__GNUC__)
/* C++98 has no long long, and no __extension__ for one in a typedef. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wlong-long"
#endif
__extension__ typedef long long SaInt64T;

typedef unsigned char SaUint8T;
typedef unsigned short SaUint16T;
typedef unsigned long SaUint32T;
__extension__ typedef unsigned long long SaUint64T;
#if defined(__cplusplus) && defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/* A time or a duration in nanoseconds; a time counts from 1970-01-01 UTC. */
typedef SaInt64T SaTimeT;

#define SA_MAX_NAME_LENGTH 256

/* A name: length bytes of value, no terminator needed or counted. */
typedef struct {
	SaUint16T length;
	unsigned char value[SA_MAX_NAME_LENGTH];
} SaNameT;

/* A version as release letter, major and minor: {'A', 1, 1}. */
typedef struct {
	char releaseCode;
	unsigned char major;
	unsigned char minor;
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

/* What every function returns. From 17 on the numbers are not generation B's. */
typedef enum {
	/* It was done. */
	SA_OK = 1,
	/* The library cannot be used any more, e.g. the executive is gone. */
	SA_ERR_LIBRARY = 2,
	/* The version asked for is not one that the library has. */
	SA_ERR_VERSION = 3,
	/* A callback that the call needs was not given at Initialize. */
	SA_ERR_INIT = 4,
	/* It was not done within the time that the caller gave. */
	SA_ERR_TIMEOUT = 5,
	/* Not possible now; may be repeated. */
	SA_ERR_TRY_AGAIN = 6,
	/* An argument is not what the function takes. */
	SA_ERR_INVALID_PARAM = 7,
	/* There is no memory for it, in the process or in the executive. */
	SA_ERR_NO_MEMORY = 8,
	/* There is no such handle: it never was one, was closed, or was inherited over fork. */
	SA_ERR_BAD_HANDLE = 9,
	SA_ERR_BUSY = 10,
	/* The handle was not opened for this. */
	SA_ERR_ACCESS = 11,
	/* What is named does not exist. */
	SA_ERR_NOT_EXIST = 12,
	SA_ERR_NAME_TOO_LONG = 13,
	/* It exists already. */
	SA_ERR_EXIST = 14,
	/* The room that the caller gave is too small. */
	SA_ERR_NO_SPACE = 15,
	SA_ERR_INTERRUPT = 16,
	SA_ERR_SYSTEM = 17,
	SA_ERR_NAME_NOT_FOUND = 18,
	/* The process or the executive has no room for more of it. */
	SA_ERR_NO_RESOURCES = 19,
	SA_ERR_NOT_SUPPORTED = 20,
	/* The state of what is named does not allow it. */
	SA_ERR_BAD_OPERATION = 21,
	SA_ERR_FAILED_OPERATION = 22,
	SA_ERR_MESSAGE_ERROR = 23,
	SA_ERR_NO_MESSAGE = 24,
	SA_ERR_QUEUE_FULL = 25,
	SA_ERR_QUEUE_NOT_AVAILABLE = 26,
	SA_ERR_BAD_CHECKPOINT = 27,
	/* No flag, an unknown one, or flags that exclude each other. */
	SA_ERR_BAD_FLAGS = 28,
	/* This user may not use the executive, or what answers is not one that may be trusted. */
	SA_ERR_SECURITY = 29
} SaErrorT;

/* A file descriptor, readable exactly while a callback is pending or the
 * executive is gone. */
typedef int SaSelectionObjectT;

/* Chosen by the caller of an asynchronous function, returned in its callback. */
typedef int SaInvocationT;

typedef int SaSizeT;
typedef SaUint32T SaOffsetT;

/* ---- Cluster Membership Service ---- */

typedef SaUint32T SaClmNodeIdT;

/* One use of the service by a process; only the library knows what is in it. */
typedef int SaClmHandleT;

/* The node on which the calling process runs. */
#define SA_CLM_LOCAL_NODE_ID 0

#define SA_CLM_MAX_ADDRESS_LENGTH 64

/* length bytes of value: the binary address, 4 or 16 bytes, network order. */
typedef struct {
	SaUint8T length;
	unsigned char value[SA_CLM_MAX_ADDRESS_LENGTH];
} SaClmNodeAddressT;

/* A node. bootTimestamp: when its executive started, nanoseconds since 1970. */
typedef struct {
	SaClmNodeIdT nodeId;
	SaClmNodeAddressT nodeAddress;
	SaNameT nodeName;
	SaNameT clusterName;
	SaBoolT member;
	SaTimeT bootTimestamp;
} SaClmClusterNodeT;

typedef enum {
	SA_CLM_NODE_NO_CHANGE = 1,
	SA_CLM_NODE_JOINED = 2,
	SA_CLM_NODE_LEFT = 3
} SaClmClusterChangesT;

typedef struct {
	SaClmClusterNodeT clusterNode;
	SaClmClusterChangesT clusterChanges;
} SaClmClusterNotificationT;

/* ---- Event Service; its functions are in ais_evt.h ---- */

/* One use of the service by a process, an event, one opening of a channel: only
 * the library knows what is in them. */
typedef SaUint32T SaEvtHandleT;
typedef SaUint32T SaEvtEventHandleT;
typedef SaUint32T SaEvtChannelHandleT;

/* Chosen by the subscriber, unique on a channel handle. */
typedef SaUint32T SaEvtSubscriptionIdT;

/*
 * Called by saEvtDispatch with an event that matched a subscription. eventHandle
 * is the application's: it reads the event with saEvtEventAttributesGet and
 * saEvtEventDataGet and gives it back with saEvtEventFree, inside the callback or
 * later. eventDataSize: bytes of data.
 */
typedef void (*SaEvtEventDeliverCallbackT)(
	SaEvtSubscriptionIdT subscriptionId,
	const SaEvtEventHandleT eventHandle,
	const SaSizeT eventDataSize);

/*
 * Called by saEvtDispatch with the result of saEvtChannelOpenAsync. invocation is
 * the value that call was given; channelHandle means something only if error is
 * SA_OK.
 */
typedef void (*SaEvtChannelOpenCallbackT)(
	SaInvocationT invocation,
	SaEvtChannelHandleT channelHandle,
	SaErrorT error);

/* Either may be NULL; calls that need it then return SA_ERR_INIT. The pointers
 * are const: set them where the variable is defined. */
typedef struct {
	const SaEvtChannelOpenCallbackT saEvtChannelOpenCallback;
	const SaEvtEventDeliverCallbackT saEvtEventDeliverCallback;
} SaEvtCallbacksT;

/* What a channel is opened for; any combination. */
#define SA_EVT_CHANNEL_PUBLISHER 0x1
#define SA_EVT_CHANNEL_SUBSCRIBER 0x2
#define SA_EVT_CHANNEL_CREATE 0x4
typedef SaUint8T SaEvtChannelOpenFlagsT;

/* patternSize bytes at pattern, or room for them. */
typedef struct {
	SaUint8T *pattern;
	SaSizeT patternSize;
} SaEvtEventPatternT;

/* patternsNumber entries at patterns, or room for them. */
typedef struct {
	SaEvtEventPatternT *patterns;
	SaSizeT patternsNumber;
} SaEvtEventPatternArrayT;

/* Events of a higher priority (a smaller number) are delivered first. */
#define SA_EVT_HIGHEST_PRIORITY 0
#define SA_EVT_LOWEST_PRIORITY 3
typedef SaUint8T SaEvtEventPriorityT;

/* Names an event in the whole cluster; 0 for one that was not published. */
typedef SaUint64T SaEvtEventIdT;

/*
 * The only pattern (without the zero byte) of the event that is delivered when
 * others had to be dropped, because the subscriber did not dispatch for too
 * long. Its identifier is 1, its priority the highest.
 */
#define SA_EVT_LOST_EVENT "SA_EVT_LOST_EVENT_PATTERN"

/* How a filter compares with the pattern at its place: the pattern begins with
 * it, ends with it, is equal to it; or anything fits. */
typedef enum {
	SA_EVT_PREFIX_FILTER = 1,
	SA_EVT_SUFFIX_FILTER = 2,
	SA_EVT_EXACT_FILTER = 3,
	SA_EVT_PASS_ALL_FILTER = 4
} SaEvtEventFilterTypeT;

typedef struct {
	SaEvtEventFilterTypeT filterType;
	SaEvtEventPatternT filter;
} SaEvtEventFilterT;

typedef struct {
	SaEvtEventFilterT *filters;
	SaSizeT filtersNumber;
} SaEvtEventFilterArrayT;

/* Bytes of data of an event at most. At most 64 patterns or filters, each of at
 * most 1024 bytes. */
#define SA_EVT_DATA_MAX_LEN 65536

/* ---- Checkpoint Service ---- */

/* A use of the service, an open checkpoint, an iteration over its sections; only
 * the library knows what is in them. */
typedef int SaCkptHandleT;
typedef int SaCkptCheckpointHandleT;
typedef int SaCkptSectionIteratorT;

/*
 * When a write returns; exactly one of them. ALL_REPLICAS: every replica has it.
 * ACTIVE_REPLICA: the active replica has it, the others follow. ACTIVE_REPLICA_WEAK:
 * as ACTIVE_REPLICA, and an error may leave a part of it.
 */
#define SA_CKPT_WR_ALL_REPLICAS 0x1
#define SA_CKPT_WR_ACTIVE_REPLICA 0x2
#define SA_CKPT_WR_ACTIVE_REPLICA_WEAK 0x4
typedef SaUint32T SaCkptCheckpointCreationFlagsT;

/*
 * What a checkpoint may hold: bytes in all sections together, how many sections,
 * bytes of one section, bytes of a section's identifier. retentionDuration:
 * nanoseconds that it outlives its last close.
 */
typedef struct {
	SaCkptCheckpointCreationFlagsT creationFlags;
	SaSizeT checkpointSize;
	SaTimeT retentionDuration;
	SaUint32T maxSections;
	SaSizeT maxSectionSize;
	SaUint32T maxSectionIdSize;
} SaCkptCheckpointCreationAttributesT;

/* What an open checkpoint may be used for. COLOCATED belongs to the creation: the
 * active replica is where saCkptActiveCheckpointSet was called. */
#define SA_CKPT_CHECKPOINT_READ 0x1
#define SA_CKPT_CHECKPOINT_WRITE 0x2
#define SA_CKPT_CHECKPOINT_COLOCATED 0x4
typedef SaUint32T SaCkptCheckpointOpenFlagsT;

/* The section of a checkpoint with one section only, and the wish for an
 * identifier that the service chooses. */
#define SA_CKPT_DEFAULT_SECTION_ID {0, 0}
#define SA_CKPT_GENERATED_SECTION_ID {0, 0}

/* A section's identifier: idLen bytes at id. */
typedef struct {
	SaUint8T *id;
	SaUint32T idLen;
} SaCkptSectionIdT;

/* expirationTime: nanoseconds since 1970; all bits but the first one for never. */
typedef struct {
	SaCkptSectionIdT *sectionId;
	SaTimeT expirationTime;
} SaCkptSectionCreationAttributesT;

typedef enum {
	SA_CKPT_SECTION_VALID = 1,
	SA_CKPT_SECTION_CORRUPTED = 2
} SaCkptSectionStateT;

typedef struct {
	SaCkptSectionIdT sectionId;
	SaTimeT expirationTime;
	SaSizeT sectionSize;
	SaCkptSectionStateT sectionState;
	SaTimeT lastUpdate;
} SaCkptSectionDescriptorT;

/* Which sections an iteration returns: those that never expire, that expire at
 * the given time or before, at it or after, that are corrupted, all. */
typedef enum {
	SA_CKPT_SECTIONS_FOREVER = 1,
	SA_CKPT_SECTIONS_LEQ_EXPIRATION_TIME = 2,
	SA_CKPT_SECTIONS_GEQ_EXPIRATION_TIME = 3,
	SA_CKPT_SECTIONS_CORRUPTED = 4,
	SA_CKPT_SECTIONS_ANY = 5
} SaCkptSectionsChosenT;

/* A piece of a write or a read: dataSize bytes at dataBuffer, at dataOffset of the
 * section. readSize: how many bytes a read has found. */
typedef struct {
	SaCkptSectionIdT sectionId;
	void *dataBuffer;
	SaSizeT dataSize;
	SaOffsetT dataOffset;
	SaSizeT readSize;
} SaCkptIOVectorElementT;

/* memoryUsed: bytes of data in all sections. */
typedef struct {
	SaCkptCheckpointCreationAttributesT checkpointCreationAttributes;
	SaUint32T numberOfSections;
	SaUint32T memoryUsed;
} SaCkptCheckpointStatusT;

/*
 * Called by saCkptDispatch with the result of saCkptCheckpointOpenAsync.
 * checkpointHandle points to the handle, which is open when error is SA_OK; the
 * memory it lies in is the library's and valid until the callback returns.
 */
typedef void (*SaCkptCheckpointOpenCallbackT)(
	SaInvocationT invocation,
	const SaCkptCheckpointHandleT *checkpointHandle,
	SaErrorT error);

/* Called by saCkptDispatch with the result of saCkptCheckpointSynchronizeAsync. */
typedef void (*SaCkptCheckpointSynchronizeCallbackT)(
	SaInvocationT invocation,
	SaErrorT error);

/* Either may be NULL; calls that need it then return SA_ERR_INIT. */
typedef struct {
	SaCkptCheckpointOpenCallbackT saCkptCheckpointOpenCallback;
	SaCkptCheckpointSynchronizeCallbackT saCkptCheckpointSynchronizeCallback;
} SaCkptCallbacksT;

/* ---- Availability Management Framework; its functions are in ais_amf.h ---- */

/* One use of the framework by a process; only the library knows what is in it. */
typedef int SaAmfHandleT;

/* How thorough a health check is; the executive asks for a heartbeat. */
typedef enum {
	SA_AMF_HEARTBEAT = 1,
	SA_AMF_HEALTHCHECK_LEVEL1 = 2,
	SA_AMF_HEALTHCHECK_LEVEL2 = 3,
	SA_AMF_HEALTHCHECK_LEVEL3 = 4
} SaAmfHealthcheckT;

/* Whether a component can be given work. STOPPING: it finishes what it has, gets
 * nothing new and calls saAmfStoppingComplete when it is through. */
typedef enum {
	SA_AMF_OUT_OF_SERVICE = 1,
	SA_AMF_IN_SERVICE = 2,
	SA_AMF_STOPPING = 3
} SaAmfReadinessStateT;

/* A component's part in the service of one component service instance. */
typedef enum {
	SA_AMF_ACTIVE = 1,
	SA_AMF_STANDBY = 2,
	SA_AMF_QUIESCED = 3
} SaAmfHAStateT;

/* How many instances a component serves at once, and in which states. */
typedef enum {
	SA_AMF_COMPONENT_CAPABILITY_X_ACTIVE_AND_Y_STANDBY = 1,
	SA_AMF_COMPONENT_CAPABILITY_X_ACTIVE_OR_Y_STANDBY = 2,
	SA_AMF_COMPONENT_CAPABILITY_1_ACTIVE_OR_Y_STANDBY = 3,
	SA_AMF_COMPONENT_CAPABILITY_1_ACTIVE_OR_1_STANDBY = 4,
	SA_AMF_COMPONENT_CAPABILITY_X_ACTIVE = 5,
	SA_AMF_COMPONENT_CAPABILITY_1_ACTIVE = 6,
	SA_AMF_COMPONENT_CAPABILITY_NO_ACTIVE = 7
} SaAmfComponentCapabilityModelT;

/* What a CSISet is about: an instance the component did not have, or all that it
 * has; neither: one that it has. */
#define SA_AMF_CSI_ADD_NEW_ISTANCE 0x1
#define SA_AMF_CSI_ALL_INSTANCES 0x2
typedef SaUint32T SaAmfCSIFlagsT;

/* What became of the component that was active before this one: there was none,
 * it was quiesced, it could not be, it still is active. */
typedef enum {
	SA_AMF_CSI_NEW_ASSIGN = 1,
	SA_AMF_CSI_QUIESCED = 2,
	SA_AMF_CSI_NOT_QUIESCED = 3,
	SA_AMF_CSI_STILL_ACTIVE = 4
} SaAmfCSITransitionDescriptorT;

/* What a proxy is to do with an external component. */
typedef enum {
	SA_AMF_RESET = 1,
	SA_AMF_REBOOT = 2,
	SA_AMF_POWER_ON = 3,
	SA_AMF_POWER_OFF = 4
} SaAmfExternalComponentActionT;

/* What an operator wants of a component that still has work. */
#define SA_AMF_SWITCHOVER_OPERATION 0x1
#define SA_AMF_SHUTDOWN_OPERATION 0x2
typedef SaUint32T SaAmfPendingOperationFlagsT;

typedef struct {
	SaNameT compName;
	SaAmfReadinessStateT readinessState;
	SaAmfHAStateT haState;
} SaAmfProtectionGroupMemberT;

typedef enum {
	SA_AMF_PROTECTION_GROUP_NO_CHANGE = 1,
	SA_AMF_PROTECTION_GROUP_ADDED = 2,
	SA_AMF_PROTECTION_GROUP_REMOVED = 3,
	SA_AMF_PROTECTION_GROUP_STATE_CHANGE = 4
} SaAmfProtectionGroupChangesT;

typedef struct {
	SaAmfProtectionGroupMemberT member;
	SaAmfProtectionGroupChangesT change;
} SaAmfProtectionGroupNotificationT;

/* An error report: its kind, cause and severity are kept for the operator; what
 * happens follows recommendedRecovery. */
typedef enum {
	SA_AMF_COMMUNICATION_ALARM_TYPE = 1,
	SA_AMF_QUALITY_OF_SERVICE_ALARM_TYPE = 2,
	SA_AMF_PROCESSING_ERROR_ALARM_TYPE = 3,
	SA_AMF_EQUIPMENT_ALARM_TYPE = 4,
	SA_AMF_ENVIRONMENTAL_ALARM_TYPE = 5
} SaAmfErrorReportTypeT;

/* LAN_ERROR and OUT_OF_MEMORY have one number, as they had in 2004. */
typedef enum {
	SA_AMF_APPLICATION_SUBSYSTEM_FAILURE = 1,
	SA_AMF_BANDWIDTH_REDUCED = 2,
	SA_AMF_CALL_ESTABLISHMENT_ERROR = 3,
	SA_AMF_COMMUNICATION_PROTOCOL_ERROR = 4,
	SA_AMF_COMMUNICATION_SUBSYSTEM_FAILURE = 5,
	SA_AMF_CONFIGURATION_ERROR = 6,
	SA_AMF_CONGESTION = 7,
	SA_AMF_CORRUPT_DATA = 8,
	SA_AMF_CPU_CYCLES_LIMIT_EXCEEDED = 9,
	SA_AMF_EQUIPMENT_MALFUNCTION = 10,
	SA_AMF_FILE_ERROR = 11,
	SA_AMF_IO_DEVICE_ERROR = 12,
	SA_AMF_LAN_ERROR = 13,
	SA_AMF_OUT_OF_MEMORY = 13,
	SA_AMF_PERFORMANCE_DEGRADED = 14,
	SA_AMF_PROCESSOR_PROBLEM = 15,
	SA_AMF_RECEIVE_FAILURE = 16,
	SA_AMF_REMOTE_NODE_TRNASMISSION_ERROR = 17,
	SA_AMF_RESOURCE_AT_OR_NEARING_CAPACITY = 18,
	SA_AMF_RESPONSE_TIME_EXCESSIVE = 19,
	SA_AMF_RETRANSMISSION_RATE_EXCESSIVE = 20,
	SA_AMF_SOFTWARE_ERROR = 21,
	SA_AMF_SOFTWARE_PROGRAM_ABNORMALLY_TERMINATED = 22,
	SA_AMF_SOFTWARE_PROGRAM_ERROR = 23,
	SA_AMF_STORAGE_CAPACITY_PROBLEM = 24,
	SA_AMF_TIMING_PROBLEM = 25,
	SA_AMF_UNDERLYING_REOUSRCE_UNAVAILABLE = 26,
	SA_AMF_INTERNAL_ERROR = 27,
	SA_AMF_NO_SERVICE_ERROR = 28,
	SA_AMF_SOFTWARE_LIBRARY_ERROR = 29,
	SA_AMF_NOT_RESPONDING = 30
} SaAmfProbableCauseT;

typedef enum {
	SA_AMF_CLEARED = 1,
	SA_AMF_NO_IMPACT = 2,
	SA_AMF_INDETERMINATE = 3,
	SA_AMF_CRITICAL = 4,
	SA_AMF_MAJOR = 5,
	SA_AMF_WEDGED_COMPONENT_FAILURE = 6,
	SA_AMF_COMPONENT_TERMINATED_FAILURE = 7,
	SA_AMF_NODE_FAILURE = 8,
	SA_AMF_MINOR = 9,
	SA_AMF_WARNING = 10
} SaAmfErrorImpactAndSeverityT;

/* From 2 on the numbers are not generation B's. */
typedef enum {
	SA_AMF_NO_RECOMMENDATION = 1,
	SA_AMF_INTERNALLY_RECOVERED = 2,
	SA_AMF_COMPONENT_RESTART = 3,
	SA_AMF_COMPONENT_FAILOVER = 4,
	SA_AMF_NODE_SWITCHOVER = 5,
	SA_AMF_NODE_FAILOVER = 6,
	SA_AMF_NODE_FAILFAST = 7,
	SA_AMF_CLUSTER_RESET = 8
} SaAmfRecommendedRecoveryT;

typedef struct {
	SaAmfErrorReportTypeT errorReportType;
	SaAmfProbableCauseT probableCause;
	SaAmfErrorImpactAndSeverityT errorImpactAndSeverity;
	SaAmfRecommendedRecoveryT recommendedRecovery;
} SaAmfErrorDescriptorT;

/* size bytes at buffer, at most SA_AMF_OPAQUE_BUFFER_SIZE_MAX. */
#define SA_AMF_OPAQUE_BUFFER_SIZE_MAX 512
typedef struct {
	char *buffer;
	SaSizeT size;
} SaAmfErrorBufferT;

/* Any of them may be NULL. */
typedef struct {
	SaAmfErrorBufferT *specificProblem;
	SaAmfErrorBufferT *additionalText;
	SaAmfErrorBufferT *additionalInformation;
} SaAmfAdditionalDataT;

#ifdef __cplusplus
}
#endif

#endif /* AIS_A01_AIS_TYPES_H */
