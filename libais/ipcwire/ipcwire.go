// Package ipcwire is the protocol between the library and the executive: frames,
// operation numbers, error numbers and the explicit little-endian encoding of
// every body. It imports neither fmt nor net nor os, because it is loaded into
// C programs.
//
// A connection is an AF_UNIX stream socket; it carries requests and responses.
// The executive's welcome passes (SCM_RIGHTS) one end of a stream socket pair on
// which callbacks arrive: that descriptor is the selection object, readable
// exactly while a callback is pending or when the executive is gone.
package ipcwire

// Service numbers, as in the 2004 protocol where there was one.
type Service uint8

const (
	EVS  Service = 0
	CLM  Service = 1
	AMF  Service = 2
	CKPT Service = 3
	EVT  Service = 6
	CTL  Service = 64 // aisctl
)

// Generation is the API generation a connection speaks.
type Generation uint8

const (
	GenA Generation = 'A'
	GenB Generation = 'B'
)

// Op is an operation of a service: request, its response, or a callback.
type Op uint16

// Error is a result as the B.01.01 interface numbers it (SaAisErrorT); the
// C front translates to the numbering of A.01.01 and of EVS.
type Error uint32

const (
	OK               Error = 1
	ErrLibrary       Error = 2
	ErrVersion       Error = 3
	ErrInit          Error = 4
	ErrTimeout       Error = 5
	ErrTryAgain      Error = 6
	ErrInvalidParam  Error = 7
	ErrNoMemory      Error = 8
	ErrBadHandle     Error = 9
	ErrBusy          Error = 10
	ErrAccess        Error = 11
	ErrNotExist      Error = 12
	ErrNameTooLong   Error = 13
	ErrExist         Error = 14
	ErrNoSpace       Error = 15
	ErrInterrupt     Error = 16
	ErrNameNotFound  Error = 17
	ErrNoResources   Error = 18
	ErrNotSupported  Error = 19
	ErrBadOperation  Error = 20
	ErrFailedOp      Error = 21
	ErrMessage       Error = 22
	ErrQueueFull     Error = 23
	ErrQueueNotAvail Error = 24
	ErrBadFlags      Error = 25
	ErrTooBig        Error = 26
	ErrNoSections    Error = 27
	ErrSecurity      Error = 29
	ErrTooManyGroups Error = 1030 // EVS only (30 in its own numbering)
)

// HeaderSize is the size of a frame's header:
//
//	size  uint32  whole frame, header included
//	op    uint16
//	flags uint16  0
//	seq   uint32  of a request; the response repeats it; 0 in callbacks
//	error uint32  of a response; 0 otherwise
const HeaderSize = 16

// MaxFrame bounds every frame: the largest message plus room for its fields.
const MaxFrame = 1<<20 + 1<<16

// Operations of CLM.
const (
	ClmTrack           Op = 0x101 // request ClmTrackReq, response ClmView (when Current was asked for a buffer)
	ClmTrackStop       Op = 0x102
	ClmNodeGet         Op = 0x103 // request ClmNodeGetReq, response ClmNode
	ClmNodeGetAsync    Op = 0x104 // request ClmNodeGetReq; the answer comes as ClmNodeGetCallback
	ClmTrackCallback   Op = 0x181 // body ClmView
	ClmNodeGetCallback Op = 0x182 // body ClmNodeGetResult
)

// Operations of EVS.
const (
	EvsJoin          Op = 0x001 // request EvsGroups
	EvsLeave         Op = 0x002 // request EvsGroups
	EvsMcastJoined   Op = 0x003 // request EvsMcast without groups
	EvsMcastGroups   Op = 0x004 // request EvsMcast
	EvsMembershipGet Op = 0x005 // response EvsMembership
	EvsDeliver       Op = 0x081 // callback EvsDelivery
	EvsConfchg       Op = 0x082 // callback EvsConfiguration
)

// Operations of the control service; bodies are JSON.
const (
	CtlStatus Op = 0x401
	CtlTrace  Op = 0x402
	CtlCkpt   Op = 0x404 // request JSON report.CkptRequest; response JSON report.CkptPage
	CtlWait   Op = 0x403 // request {"members":N}; answered once the configuration has N members
)
