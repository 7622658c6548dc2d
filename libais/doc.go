// Package libais is the Go client of the executive: a connection, its requests
// and its callbacks. One package per service (libais/clm, libais/evs, ...) puts
// typed requests on top.
//
// It is loaded into C programs, so it starts no goroutine and never waits: what
// cannot go on returns a Wait, the caller polls that descriptor (in C, where
// signals may be open) and calls again. Go programs use libais/wait for that.
//
// A connection has two halves:
//
//   - the request half: Dial, then Step until done is the handshake; Start, then
//     Step until done is a request. One at a time: the caller serializes. A
//     request that is given up (Abandon) leaves the connection usable; its answer
//     is discarded when it comes.
//   - the callback half: FD is the selection object, NextCallback takes what is
//     there. The caller serializes it too.
//
// The halves are independent: different threads may use them at the same time.
// Shutdown may be called at any time by anyone and wakes both; Close only when
// nobody uses the connection any more.
//
// The C front sends its frequent requests on the request descriptor by itself:
// Clean, Seq, Continue and Late are the terms on which both do.
//
// When the executive is gone, every call returns ErrLibrary and the selection
// object is readable for ever.
//
// It imports no os, fmt, net or log, and reads no environment: those values come
// in as arguments.
package libais
