// Package evt is the event service: channels, events published on them, and
// subscriptions with filters.
//
// Channels, who has them open, and retained events are replicated: they change by
// messages in the order of the ring and by configurations (state.go, merge.go).
// Subscriptions are not: each node matches what is delivered against those of its
// own clients (match.go). A publication is one agreed message; its publisher is
// answered when it is queued for the ring, so a publisher is slowed by the ring
// only, never by a subscriber.
//
// # Order
//
// The four event priorities go with three of the ring's (0 and 1 with high, 2 with
// medium, 3 with low), each first in, first out. So what one node publishes on one
// channel at one priority arrives everywhere in that order. All other requests
// (open, close, unlink, clear) are sent at the lowest of these: they overtake no
// publication that was made before them.
//
// # Slow subscribers
//
// What waits for a connection is kept here, by priority, until it is fetched. It is
// bounded in bytes (QueueBytes; less when many connections let much wait, see
// TotalBytes). When a new event finds no room, the
// newest event of the lowest priority that waits is dropped, if that is lower than
// the new one's, else the new one is. Each subscription that lost something gets
// one notice (event id SA_EVT_EVENTID_LOST, pattern SA_EVT_LOST_EVENT) before
// anything else, however much it lost. Events are shared by all who wait for them.
//
// # Retention
//
// A retained event is in the state from its delivery on until it expires, is
// cleared, or its channel is gone. Who subscribes meanwhile gets it. A deadline is
// each node's own: so long after delivery, by its own clock; the lowest member
// proposes what is over, and the delivery of that ends the retention everywhere. At a
// merge the time that is left travels, not the time of day.
//
// A subscriber gets a retained event once: when it is delivered, or else when it
// subscribes, or else when a partition that has it comes back. The clock of the
// state (see merge.go) tells what is new from what was known and removed.
//
// # Local channels
//
// A channel may be opened as local: it lives in a second state of this node, with
// names of its own, and nothing of it goes to the ring. No generation's interface
// has a flag for it; it is an extension of the library protocol.
package evt
