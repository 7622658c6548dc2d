// Package amf is the availability management framework on this node: it connects the
// engine, which decides, with programs (library connections), processes (exec/amf/proc)
// and operators.
//
//	conf    groups.conf and amf.conf
//	model   what they say
//	engine  who is active, who is standby, what happens when something breaks; the same
//	        on every member
//	proc    commands and processes
//	report  what aisctl shows
//
// The service hands what programs ask to the engine's replica as ordered inputs, and
// carries out, on this node, what the engine puts out: callbacks, commands, the end of
// processes. It decides nothing by itself but what concerns time and processes of this
// node: health checks and passive monitoring, whose failures it reports to the engine.
//
// # Who is behind a connection
//
// A component is the process that registered it: the connection, and the process that
// the kernel names as its peer. Either's end is the component's death, which is told
// to the engine at once. A component that was started by the executive ends with all
// its processes (proc.Keeper) when the engine wants it cleaned up; one that started by
// itself (all of groups.conf) is told by the end of its connection and never killed:
// the executive has not started it and may not know how to start it again.
//
// # Without a good configuration
//
// A file that does not hold is told in the log and by aisctl amf; programs get LIBRARY
// when they initialize, other services run on. The service still takes part in
// synchronization, with an empty model, so that the other nodes are not held up.
package amf
