// Package totem drives the ring: it connects the pure protocol machine (srp) with
// sockets (net), keys (seal), the clock of the loop, and the state directory.
//
// The way of a packet in: a batch is received, each packet is opened, the
// machine is stepped, and everything it wants done is done before the next
// packet: ring numbers are made durable, keys derived, packets sealed and handed
// to the kernel, and only then messages delivered upwards. So the token is gone
// before anybody works on what was delivered. The exception is a message or a few
// after silence (answersFirst): they are delivered first.
//
// The driver decides nothing about the protocol and keeps no protocol state but
// the list of members per ring key, which unicast needs. It runs on the loop, is
// called from there only, and never blocks but for writing ring numbers to disk,
// once in hundreds of ring changes.
//
// # What it costs
//
// Measured with all nodes on ONE core of an EPYC virtual machine (BenchmarkRing:
// loopback, AES-256-GCM, full packets of 1500 bytes, one node sends): two nodes
// order 238,000 packets/s (322 MB/s), three nodes 163,000 (221 MB/s), by unicast
// and by multicast alike. At three nodes a packet is sealed once, opened twice,
// ordered and delivered three times in 6.1 us of that core. Without encryption
// two nodes order 537,000/s; without segmentation offload 82,000/s. Messages of
// 100 bytes that are not packed: 131,000/s with three nodes. Steady state
// allocates nothing.
//
// The death of a process is a configuration at the survivors after 10.6 ms
// (0.6 ms, and the 10 ms that a suspect has to answer); a Leave after 0.4 ms.
package totem
