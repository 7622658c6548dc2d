// Package evs is Extended Virtual Synchrony for applications: groups, multicasts
// with a chosen guarantee and priority, and the configurations in between, all
// in the one order of the ring.
//
// A group exists in the connections that joined it and nowhere else: a multicast
// carries the keys of its groups, and every executive delivers it once to each of
// its connections that is in one of them. The service has no replicated state
// and is never synchronized; nothing of it waits for other services.
//
// # Slow clients
//
// EVS promises order without loss, so nothing can be left out for a client that
// does not read. What is accepted from senders is therefore kept in step with
// what receivers read, in three stages, none of which ever holds up the ring:
//
//   - Waiting for the token: a node accepts a multicast of a priority while no
//     more than 512 KiB wait before it (QueueBytes). Of what clients stream through
//     shared memory little more than one visit of the token waits (turn.go).
//   - Pressure: when more than 4 MiB of callbacks wait for one connection
//     (HighBytes), or 24 MiB for all of a node (TotalHigh), the node says so to
//     all others. While any member is under pressure every node answers its own
//     senders TRY_AGAIN. It ends when every connection is below 1 MiB
//     (LowBytes) and all together are below 12 MiB. So the most that can still
//     arrive at a node under pressure is what all nodes had accepted.
//   - The end: a connection that caused pressure and is not below LowBytes 5
//     seconds later (Patience), i.e. reads less than some 600 KB/s, is ended; so
//     is one whose queue reached 16 MiB (ConnLimit), and the one with the most,
//     when all reached 64 MiB (TotalLimit). The client sees the error LIBRARY.
//     It is logged and counted.
package evs

import (
	"encoding/binary"
	"slices"

	"ais/libais/ipcwire"
)

const (
	// requestMax is how many groups one request may name (2004's limit).
	requestMax = 50
	// groupsMax bounds the groups of a connection, and so of a multicast.
	groupsMax = 1024
)

// Messages of the service: kind uint8; a multicast continues with the number of
// groups uint16, their keys, and the payload to the end.
const (
	kindMulticast   = 0
	kindPressure    = 1
	kindRelief      = 2
	multicastHeader = 1 + 2
	groupSize       = len(ipcwire.EvsGroup{})
)

// appendHeader appends all of a multicast but its payload.
func appendHeader(b []byte, groups []ipcwire.EvsGroup) []byte {
	b = append(b, kindMulticast)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(groups)))
	for i := range groups {
		b = append(b, groups[i][:]...)
	}
	return b
}

// splitMulticast separates the keys and the payload of a multicast, from behind
// its kind.
func splitMulticast(b []byte) (keys, payload []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.LittleEndian.Uint16(b)) * groupSize
	b = b[2:]
	if n == 0 || n > groupsMax*groupSize || len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// members is which clients are in which groups. A client joins a group as often
// as it likes and leaves it as often, as 2004 had it.
type members struct {
	groups map[ipcwire.EvsGroup][]*client
	stamp  uint64
	hits   []*client // scratch of find
}

// in tells whether a client is in a group.
func (c *client) in(g *ipcwire.EvsGroup) bool { return slices.Contains(c.groups, *g) }

// checkGroups checks the groups that a request names.
func checkGroups(groups []ipcwire.EvsGroup) ipcwire.Error {
	switch {
	case len(groups) == 0:
		return ipcwire.ErrInvalidParam
	case len(groups) > requestMax:
		return ipcwire.ErrTooManyGroups
	}
	return ipcwire.OK
}

// join adds groups to a client's; errors leave everything as it was.
func (m *members) join(c *client, groups []ipcwire.EvsGroup) ipcwire.Error {
	if err := checkGroups(groups); err != ipcwire.OK {
		return err
	}
	if len(c.groups)+len(groups) > groupsMax {
		return ipcwire.ErrNoResources
	}
	for i := range groups {
		g := &groups[i]
		if !c.in(g) {
			m.groups[*g] = append(m.groups[*g], c)
		}
		c.groups = append(c.groups, *g)
	}
	return ipcwire.OK
}

// leave takes groups from a client's, in their order, up to one it is not in:
// NOT_EXIST, as 2004 had it.
func (m *members) leave(c *client, groups []ipcwire.EvsGroup) ipcwire.Error {
	if err := checkGroups(groups); err != ipcwire.OK {
		return err
	}
	for i := range groups {
		g := &groups[i]
		at := slices.Index(c.groups, *g)
		if at < 0 {
			return ipcwire.ErrNotExist
		}
		c.groups = slices.Delete(c.groups, at, at+1)
		if !c.in(g) {
			m.drop(c, *g)
		}
	}
	return ipcwire.OK
}

// leaveAll takes a client out of every group.
func (m *members) leaveAll(c *client) {
	for _, g := range c.groups {
		m.drop(c, g)
	}
	c.groups = nil
}

func (m *members) drop(c *client, g ipcwire.EvsGroup) {
	list := slices.DeleteFunc(m.groups[g], func(o *client) bool { return o == c })
	if len(list) == 0 {
		delete(m.groups, g)
	} else {
		m.groups[g] = list
	}
}

// find returns the clients that are in one of the groups, each once. The result
// is valid until the next call.
func (m *members) find(keys []byte) []*client {
	m.stamp++
	m.hits = m.hits[:0]
	for ; len(keys) > 0; keys = keys[groupSize:] {
		for _, c := range m.groups[ipcwire.EvsGroup(keys)] {
			if c.stamp != m.stamp {
				c.stamp = m.stamp
				m.hits = append(m.hits, c)
			}
		}
	}
	return m.hits
}
