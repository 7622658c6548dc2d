// Package ckpt is the Checkpoint Service: named checkpoints of sections, held in
// the memory of every node of the cluster.
//
//	state.go    the replicated state and what operations do to it; pure
//	fill.go     sections that a node does not have whole yet; pure
//	merge.go    what partitions do when they meet, and the table of its rules; pure
//	wire.go     messages between members
//	service.go  library requests, delivered messages, answers
//	read.go     reads: from here, at a point of the order, or by another node
//	timers.go   deadlines: who proposes that something expires
//	sync.go     synchronization, and pages in the background
//	report.go   what an operator can see
//
// # Replicas
//
// Every node has a replica of every checkpoint, collocated or not. So a
// checkpoint survives as long as one node does that has it whole. A collocated
// checkpoint with asynchronous update has an active replica where
// saCkptActiveReplicaSet was called last; while there is none, because it was
// never called or that node died, sections can be neither read nor changed
// (NOT_EXIST). For one that is not collocated the active replica is that of the
// lowest node.
//
// # What an answer promises
//
// All changes are ordered messages, applied by every node in the same order.
//
//   - ALL_REPLICAS: the answer is given when the message is safe, i.e. every member
//     has it, or was delivered in a transitional configuration, i.e. every member
//     that is left has it. So do opens with creation attributes, unlink,
//     retention and active replica for every checkpoint, and synchronize.
//   - ACTIVE_REPLICA and ACTIVE_REPLICA_WEAK: the answer is given when the message was
//     delivered here. It is lost only when this node and every node that got it die.
//     Writes are atomic in both.
//   - A read of an ALL_REPLICAS checkpoint is of the replica here. A read of another
//     one is of the replica here on the node with the active replica; elsewhere it
//     waits for its own place in the order, so that it sees every write that was
//     answered before, wherever.
//
// # Time
//
// A deadline is what was left of it when the request was sent, by the clock of
// the node that sent it; it travels so. The lowest member proposes that something
// expires; that proposal's delivery decides, and does nothing when the time was
// set anew or somebody opened the checkpoint meanwhile.
//
// # Memory
//
// Each executive has a limit (Options.Memory); what the cluster holds keeps to the
// least of the members' limits, so that all decide alike. It counts data, ids,
// names and a fixed amount for each section and checkpoint. Beyond it NO_MEMORY.
// What a merge brings together is kept even beyond it.
package ckpt
