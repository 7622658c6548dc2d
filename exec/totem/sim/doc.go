// Package sim is the seeded simulator of the ring: seed in, world out. A world is
// a cluster of real machines (exec/totem/srp) under the real messaging layer
// (exec/gmi) on a simulated network with simulated clocks, disks and crashes.
// An oracle watches every configuration change and every message and compares
// them with the specifications of extended virtual synchrony.
//
// A run has two phases. In the first everything fails at once: packets are lost,
// duplicated, delayed; links fail in one direction; nodes are partitioned,
// paused, killed in the middle of their output, restarted at once; clocks leap;
// hints lie; an attacker replays what he recorded. In the second the faults
// stop: there must be one ring of all live nodes within ten token timeouts, it
// must carry traffic, and it must stay, whatever the attacker replays.
//
// The same seed gives the same world, to the event. Nothing here reads a clock,
// starts a goroutine (but for the campaign's workers, a world each) or opens a
// socket.
//
//	world.go     the event loop and the life of nodes
//	net.go       packets, links, the model of sealing and of replay windows
//	faults.go    what goes wrong, when
//	params.go    from a seed to a world
//	work.go      the messages that are sent
//	oracle*.go   the specifications
//	app.go       services on top of the messaging layer
//	campaign.go  many seeds, planted bugs
package sim
