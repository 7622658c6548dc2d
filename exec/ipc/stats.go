package ipc

// This file is the counters and the reasons they are kept by.

// Reason is why a peer was refused or a connection ended.
type Reason uint8

const (
	RefusedSecurity    Reason = iota // not allowed by credentials
	RefusedConnections               // MaxConns
	RefusedUID                       // MaxConnsPerUID
	RefusedDescriptors               // no descriptor left for the callbacks
	RefusedProtocol                  // another protocol version
	RefusedService                   // the service's LibInit said no
	EndPeer                          // closed by the peer, or it died
	EndHandshake                     // no hello in time
	EndHeader                        // a header that breaks a rule
	EndNotHello                      // the first frame was no hello
	EndHello                         // a hello that does not decode
	EndSequence                      // sequence number 0 or one that is still unanswered, or an error number in a request
	EndResponses                     // did not read its answers
	EndMemory                        // no output memory left for an answer
	EndStalled                       // an unfinished large frame while others waited for memory
	EndService                       // a service disconnected it
	EndStop                          // the executive stops
	EndSystem                        // a system call failed
	reasons
)

var reasonNames = [reasons]string{
	"refused: security", "refused: too many connections", "refused: too many connections of the user",
	"refused: no descriptors", "refused: protocol version", "refused: by the service",
	"closed by peer", "handshake timeout", "bad header", "first frame not a hello", "bad hello",
	"bad sequence", "responses not read", "no memory for response", "stalled frame",
	"disconnected by service", "executive stops", "system call failed",
}

// String is the reason in words, as in status output.
func (r Reason) String() string {
	if r < reasons {
		return reasonNames[r]
	}
	return "unknown"
}

// Stats are gauges of now and counters since the start.
type Stats struct {
	Connections  int // now, handshakes included
	InputMemory  int // bytes of buffers now
	OutputMemory int
	MemoryPeak   int // largest sum of both

	Accepted  uint64
	Requests  uint64
	Responses uint64
	Callbacks uint64
	QueueFull uint64 // callbacks refused because the connection's queue was full
	BytesIn   uint64
	BytesOut  uint64
	Stray     uint64 // responses to a request that was not outstanding
	Waits     uint64 // times a connection had to wait for input memory
	AcceptErr uint64 // accept failed for lack of descriptors or memory

	RingsOffered bool   // connections may share memory with us; false: refused by the configuration or the kernel
	Rings        int    // connections that do, now
	RingsRefused uint64 // asked for, and not given: too many, or the kernel refused
	Streamed     uint64 // requests taken from rings
	Stalls       uint64 // times a ring's next request found no room

	AsksOffered bool   // requests and answers may go through shared memory; false: refused by the configuration or the kernel
	Asks        int    // connections that have such memory, now
	AsksRefused uint64 // asked for, and not given: too many, or the kernel refused
	Asked       uint64 // requests taken from memory
	Answered    uint64 // answers put into memory
	NotBack     uint64 // times somebody waited for clients that did not ask again at once

	// ByReason counts refusals and ends.
	ByReason [reasons]uint64
}

// Reasons lists the counters of refusals and ends by name.
func (s *Stats) Reasons() map[string]uint64 {
	m := make(map[string]uint64, reasons)
	for r, n := range s.ByReason {
		m[Reason(r).String()] = n
	}
	return m
}
