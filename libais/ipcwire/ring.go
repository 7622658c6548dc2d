package ipcwire

// This file is the shared memory of a connection: where things lie in it and who
// writes them. capi/front/ring.h says the same to C.
//
// A library may ask for it (OpRing) on a connection of a service whose requests
// can go without an answer, before it got any callback. Once it has said that it
// uses it (OpRingUse)
//
//   - requests without an answer may be written into the ring "up": the same
//     frames as on the socket, with sequence number 0. What is accepted there is
//     accepted as an answer OK would say. The executive takes them in order, and
//     everything in the ring before a request on the socket. One that it has no
//     room for waits in the ring, and the ring fills;
//   - callbacks come in the ring "down", as frames, and the selection object
//     carries one byte while the library has not seen the ring empty since.
//
// The memory is a file in memory that nobody can resize (F_SEAL_SHRINK,
// F_SEAL_GROW): a page of control words, then up, then down. Both sizes are powers
// of two, counters are 32 bits that wrap, a frame lies whole in the ring or not at
// all. Each side keeps its own counters to itself and believes those of the other
// only as far as they make sense.
//
// Waking. The executive sets RingSleep before it sleeps, and whoever writes up
// then takes it back and sends a byte on the selection object's socket. A library
// that waits for room up sets RingWaiting and waits (futex) for RingSpace to
// change. RingBell is 1 while the library has seen down empty: the executive takes
// it back and sends the byte. RingStarved is 1 while the executive has callbacks
// that found no room: the library takes it back once half is free and sends a
// byte. Every one of these is: write the flag, then look again.
//
//	0    magic, version, size up, size down, largest payload (uint32 each)
const (
	OpRing    Op = 0xFF03 // request without body; the answer brings a descriptor
	OpRingUse Op = 0xFF04 // request without body: the library has mapped it, from now on it is used

	RingMagic   = 0x52534941
	RingVersion = 1
	RingControl = 4096 // bytes of control words
	RingUp      = 2 << 20
	RingDown    = 2 << 20

	RingUpTail   = 64  // written by the library
	RingUpHead   = 128 // by the executive
	RingSleep    = 192
	RingWaiting  = 256
	RingSpace    = 320
	RingDownTail = 384 // by the executive
	RingDownHead = 448 // by the library
	RingBell     = 512
	RingStarved  = 576
	RingClosed   = 640 // the executive has ended the connection
)
