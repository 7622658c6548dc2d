// Package totem drives the ring: it connects the pure protocol machine (srp) with
// sockets (net), keys (seal), the clock of the loop, and the state directory.
//
// The way of a packet in: a batch is received, each packet is opened, the
// machine is stepped, and everything it wants done is done before the next
// packet: ring numbers are made durable, keys derived, packets sealed and handed
// to the kernel, and only then messages delivered upwards. So the token is gone
// before anybody works on what was delivered.
//
// The driver decides nothing about the protocol and keeps no protocol state but
// the list of members per ring key, which unicast needs. It runs on the loop, is
// called from there only, and never blocks but for writing ring numbers to disk,
// once in hundreds of ring changes.
//
// # What it costs
//
// Measured with one core for everything (BenchmarkRing; EPYC virtual machine,
// loopback, AES-256-GCM): see the comment there.
package totem
