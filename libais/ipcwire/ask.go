package ipcwire

// This file is the other shared memory of a connection, for requests that are
// answered one at a time: where things lie in it and who writes them.
// capi/front/memory.h says the same to C.
//
// A library may ask for it (OpAsk) once on a connection. The answer brings the
// descriptor of a file in memory that nobody can resize: a page of control words,
// an area for a request, an area for an answer. Frames are those of the socket and
// lie at the beginning of their area, so that no more of it is ever touched than
// the largest frame has taken; what is larger than an area goes over the socket.
// The memory may be used from then on or never.
//
// A request goes through memory when AskAwake says that the executive looks there:
// the library writes the frame, then its sequence number to AskPosted, and looks at
// AskAwake again; if it is 0 by then it sends a byte on the selection object's
// socket. Otherwise the request goes over the request socket, which is what wakes
// a sleeping executive anyway. The executive takes what was posted before anything
// that comes on the socket later, and takes nothing of a library that is gone.
//
// An answer comes through memory when AskWatch has the number of its request: the
// executive writes the frame and changes AskWatch from that number to 0. A library
// that no longer looks changes it to 0 itself, and when it was the first the answer
// comes over the socket. Exactly one of both succeeds, so the answer comes exactly
// once. A library that will not look leaves AskWatch 0.
//
// A library that has looked for long enough sleeps in the kernel until AskWatch is no
// longer the number (futex, FUTEX_WAIT), and says so before in AskSleeps: the executive
// wakes one sleeper after each change of AskWatch that it makes when that is not 0. An
// answer that is too large for its area, or that will not come, is not waited for there:
// the executive writes its number to AskAside and changes AskWatch to 0 just the same,
// and what comes then comes on the socket. An executive that was killed changes nothing,
// so nobody sleeps there for long without a look at the socket.
//
// Before the executive sleeps it sets AskAwake to 0 and looks at AskPosted once
// more. Every word is one side's alone but AskWatch.
//
//	0    magic, version, size of an area (uint32 each)
const (
	OpAsk Op = 0xFF05 // request without body; the answer brings a descriptor

	AskMagic   = 0x41534941
	AskVersion = 2
	AskControl = 4096      // bytes of control words
	AskArea    = 128 << 10 // bytes of each area

	AskPosted = 64  // written by the library
	AskAwake  = 128 // by the executive
	AskAside  = 132 // by the executive
	AskWatch  = 192 // by both, see above
	AskSleeps = 196 // by the library
)
