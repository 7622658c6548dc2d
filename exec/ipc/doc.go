// Package ipc is the executive's side of the library connections: a listening
// AF_UNIX socket, credentials, framing, quotas, slow clients. Services see each
// connection as a service.Conn; requests go to a Manager.
//
// Everything runs on the loop's goroutine. Reading is fair (bounded work for one
// connection per wake-up, requests of one connection in their order), and output
// is batched: what the handlers of one wake-up queue goes out with one system
// call per descriptor when the wake-up ends. So a Server should be made before
// whatever registers a later AfterBatch hook that depends on its effects: a
// connection that ended reaches Manager.Exit in this package's hook at the
// latest.
//
// Nothing a client does costs anyone else more than a bounded amount:
//
//	who may connect    uid 0, the executive's own uid, and what Access lists;
//	                   others get a welcome that says ErrSecurity
//	how many           MaxConns, MaxConnsPerUID; ErrNoResources
//	silence            HandshakeTimeout
//	a broken frame     that connection ends, counted by reason
//	pipelined requests at most maxOutstanding unanswered, then it is not read
//	unread answers     not read from after respPause bytes, ended at ResponseQueue
//	unread callbacks   Notify says no at CallbackQueue; the service decides
//	memory             InputMemory and OutputMemory are shared by all; an idle
//	                   connection holds no buffer
//
// Input beyond a connection's first 16 KiB counts against InputMemory: when it is
// used up, connections wait for it, and a frame that is not complete after
// stallTimeout gives its memory back by ending its connection. So input is
// bounded by InputMemory + MaxConns * 16 KiB. Output is bounded by OutputMemory
// plus what every connection may always have, MaxConns * 80 KiB: so no one is
// silenced by others that do not read.
//
// A service whose requests need no answer (Manager.Streams) may be reached through
// memory shared with the library (ring.go): Rings connections of 4 MiB each, in
// sealed files in memory whose pages are there when they are used, or, where the
// kernel does not overcommit, from the start. Their requests are taken within the same budget of a
// batch, those that found no room before the others, and who has had a turn goes
// behind those who wait. Where the kernel or a container refuses such memory,
// everything goes over the sockets.
//
// Requests with an answer may go through memory one at a time, and their answers
// (ask.go): Asks connections, of whose 260 KiB each only the pages are there that
// their largest frames have touched (a library asks for it after some requests; a
// connection of 1 KB requests has three pages). Every such connection has one
// request a batch within the budget. Before the loop sleeps it looks for the next
// request for some microseconds, as long as that succeeds.
package ipc
