// Package net carries sealed packets between executives: UDP multicast where
// there is one, UDP to a list of members where there is not, in batches. It is
// the only place of the executive with sockets to other nodes, and knows nothing
// of what is in a packet. It runs on a loop.Loop and has no goroutine.
//
// # Sockets
//
// One UDP socket is bound to the node's own address: it sends everything, so
// that the source address of a packet says who sent it, and receives unicast
// (token, commit token, challenges). With multicast a second one is bound to the
// group. Multicast loops back, because several executives may live on one host;
// one's own packets are recognized by their source and dropped. This works on
// 127.0.0.1, .2, .3 without root, too.
//
// # Batches
//
// A packet is written into a buffer (Room), addressed (ToNode, ToNodes, ToAll)
// and goes out at Flush: one sendmmsg for up to 64 messages, and a run of packets
// of one size to one destination is one message (UDP_SEGMENT). With unicast to
// many, the destination that also gets a packet of its own (the token) is
// served first, and each destination gets its packets in the order they were
// queued. Receiving is recvmmsg with UDP_GRO. Where the kernel refuses one of the
// offloads, it is switched off at run time and Status says so; AIS_NO_OFFLOAD=1
// never tries. On one core of an EPYC virtual machine and loopback, packets of 1472
// bytes, sent and received by the same core (BenchmarkBurst): 4.4 million/s with
// the offloads, 296,000/s without.
//
// The token follows its round's data on another socket. So unicast packets that
// were read are held until the multicast socket has been read empty: what was
// sent before them comes before them.
//
// # Addresses
//
// The member list is fixed. What is not in it is learned from packets that were
// proved genuine (Learn). UDP source addresses themselves are proved by nothing,
// and a recording can be sent from anywhere: only a packet under a ring's key,
// which is fresh by construction, sets the address of a node; what a session
// packet says is tried beside it.
//
// # Hints
//
// A process that dies closes its sockets. Each node keeps one TCP connection
// (same port number) to its successor on the ring, so that both see its end
// within a fraction of a millisecond; and ICMP errors come in through the error
// queue. Both are reported as a hint about a node, never more than one per 10 ms
// and node; a deliberate close is announced by one byte and is no hint. Forging
// either earns a hint and nothing else.
package net
