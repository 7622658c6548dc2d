// The table of proven sessions: bounded, least recently used first out. Only a
// session that sealed a genuine packet is ever in it, so a flood of forged
// nonces evicts nothing.

package seal

import (
	"crypto/cipher"

	"ais/exec/totem/wire"
)

type sessionID struct {
	key    uint32
	suite  Suite
	sender wire.NodeID
	nonce  wire.Nonce
}

type session struct {
	id         sessionID
	aead       cipher.AEAD
	window     window
	prev, next *session // in order of use
	evicted    bool     // add took the entry from another session
}

type sessionTable struct {
	max  int
	byID map[sessionID]*session
	root session // next is the latest used, prev the longest unused
}

func (t *sessionTable) init(max int) {
	t.max = max
	t.byID = make(map[sessionID]*session)
	t.root.next, t.root.prev = &t.root, &t.root
}

func (t *sessionTable) find(id sessionID) *session { return t.byID[id] }

// touch counts as a use. Only genuine packets are uses.
func (t *sessionTable) touch(e *session) {
	t.unlink(e)
	t.front(e)
}

// add makes an entry for a session just proven. When the table is full the
// longest unused one that is not pinned gives way; if all are pinned, the
// longest unused.
func (t *sessionTable) add(id sessionID, pinned func(*sessionID) bool) *session {
	e := new(session)
	if len(t.byID) >= t.max {
		e = t.root.prev
		for e != &t.root && pinned(&e.id) {
			e = e.prev
		}
		if e == &t.root {
			e = t.root.prev
		}
		t.drop(e)
		*e = session{evicted: true}
	}
	e.id = id
	t.byID[id] = e
	t.front(e)
	return e
}

// keep forgets the sessions under keys that keep says no to.
func (t *sessionTable) keep(keep func(key uint32) bool) {
	for e := t.root.next; e != &t.root; {
		next := e.next
		if !keep(e.id.key) {
			t.drop(e)
		}
		e = next
	}
}

func (t *sessionTable) drop(e *session) {
	t.unlink(e)
	delete(t.byID, e.id)
}

func (t *sessionTable) unlink(e *session) {
	e.prev.next, e.next.prev = e.next, e.prev
}

func (t *sessionTable) front(e *session) {
	e.prev, e.next = &t.root, t.root.next
	e.prev.next, e.next.prev = e, e
}
