// Sealing, opening and the rings. Owns all keys in use; never sees a socket.

package seal

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

const (
	// SessionHeader and RingHeader are the room that Seal needs before the
	// payload of a packet of the class.
	SessionHeader = 40
	RingHeader    = 11
	// TagSize is the room that Seal needs behind it.
	TagSize = 16
	// SessionOverhead and RingOverhead are by how much a sealed packet of the
	// class is longer than its payload.
	SessionOverhead = SessionHeader + TagSize
	RingOverhead    = RingHeader + TagSize

	// MaxKeys bounds the key ring.
	MaxKeys = 8
	// MaxCounter is how many packets one start can seal: what the shortest
	// counter holds.
	MaxCounter = 1<<48 - 1
	// keptRings is how many rings can be opened: the ring of the configuration
	// that is in force, and the latest that were installed.
	keptRings = 4

	version      = 2
	magic0       = 'a'
	magic1       = 'E'
	classSession = 1

	// The first byte of ring traffic.
	formMask   = 0b111_00000
	formRing   = 0b101_00000
	formSuite  = 0b000_00011
	formShift  = 2
	formByte   = formRing | version<<formShift
	nameLength = 16
	headLength = 3 // of a ring's name, in the header
)

var (
	// ErrUnknownRing is returned by Seal for a ring that is not installed (any more).
	ErrUnknownRing = errors.New("seal: the ring's key is not installed")
	// ErrNoRoom is returned by Seal when dst is shorter than payload and overhead.
	ErrNoRoom = errors.New("seal: no room for header and tag")
	// ErrUsedUp is returned by Seal after MaxCounter packets: another would use a
	// nonce twice. Only a new start can go on.
	ErrUsedUp = errors.New("seal: this start has sealed as many packets as it may; it has to be restarted")
)

// Config says who seals, and with what.
type Config struct {
	Self    wire.Member
	Cluster string
	// Keys is the key ring: the first seals, all open. KeySize bytes each.
	Keys [][]byte
	// Suite to seal with; Plain (0) picks the best one. Both are always opened.
	Suite Suite
	// Unsealed sends and takes plain packets only: no secrecy, no proof of
	// anything. It must have been asked for in words.
	Unsealed bool
	// Sessions bounds how many proven senders are remembered (default 512).
	Sessions int
}

// Stats are counters since New.
type Stats struct {
	Sealed  uint64
	Opened  [Reasons]uint64 // by outcome; index Accepted counts the good ones
	Derived uint64          // session keys derived for packets of senders not known yet
	Evicted uint64          // proven sessions forgotten for newer ones
}

// Sealer seals and opens the packets of one start of an executive.
type Sealer struct {
	self     wire.Member
	cluster  string
	tag      uint32
	suite    Suite
	unsealed bool
	keys     []sharedKey
	counter  uint64
	own      cipher.AEAD // session key of this start under the first shared key
	rings    []*ring     // newest first
	sessions sessionTable
	nonce    [12]byte // scratch: on the stack it would escape through cipher.AEAD
	stats    Stats
}

// ring is an installed ring.
type ring struct {
	srp.Ring           // members sorted by id
	self     int       // place of this node
	windows  []window  // by member
	keys     []ringKey // by shared key
	inForce  bool
}

// ringKey is a ring under one shared key. AEADs of senders are made when their
// first packet comes.
type ringKey struct {
	secret secret
	name   [nameLength]byte
	open   [][suites]cipher.AEAD // by member
	seal   cipher.AEAD
}

// New returns a Sealer for this start.
func New(c Config) (*Sealer, error) {
	if c.Self.ID == 0 {
		return nil, errors.New("seal: node id 0 is reserved")
	}
	if c.Suite >= suites {
		return nil, fmt.Errorf("seal: suite %d does not exist", c.Suite)
	}
	s := &Sealer{self: c.Self, cluster: c.Cluster, tag: clusterTag(c.Cluster), suite: c.Suite, unsealed: c.Unsealed}
	if s.suite == Plain {
		s.suite = BestSuite()
	}
	if c.Sessions <= 0 {
		c.Sessions = 512
	}
	s.sessions.init(c.Sessions)
	if s.unsealed {
		// A key that everybody knows names the rings.
		s.suite = Plain
		s.keys = []sharedKey{newSharedKey(make([]byte, KeySize), c.Cluster)}
		s.keys[0].name = 0
		return s, nil
	}
	return s, s.SetKeys(c.Keys)
}

// Suite is what packets are sealed with.
func (s *Sealer) Suite() Suite { return s.suite }

// Stats returns the counters.
func (s *Sealer) Stats() Stats { return s.stats }

// SetKeys replaces the key ring of a running executive: rings and replay windows
// stay, sessions under keys that are gone are forgotten. On an error nothing is
// changed.
func (s *Sealer) SetKeys(keys [][]byte) error {
	if s.unsealed {
		return errors.New("seal: plain packets need no key")
	}
	ks, err := newKeys(keys, s.cluster)
	if err != nil {
		return err
	}
	s.keys = ks
	s.own = newAEAD(s.suite, ks[0].sessionKey(s.suite, s.self.ID, &s.self.Nonce))
	for _, r := range s.rings {
		s.deriveRing(r)
	}
	s.sessions.keep(func(name uint32) bool { return s.findKey(name) >= 0 })
	return nil
}

// InstallRing derives the keys of a ring. The ring in force (InForce) and the
// newest installed ones, four in all, can be opened and sealed for. Installing one
// that is there changes nothing.
func (s *Sealer) InstallRing(in srp.Ring) error {
	r := &ring{Ring: srp.Ring{ID: in.ID, Members: slices.Clone(in.Members)}}
	slices.SortFunc(r.Members, func(a, b wire.Member) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	if r.ID.IsZero() {
		return errors.New("seal: the zero ring id names no ring")
	}
	for i := 1; i < len(r.Members); i++ {
		if r.Members[i-1].ID == r.Members[i].ID {
			return fmt.Errorf("seal: ring %d/%d has member %d twice", in.ID.Rep, in.ID.Seq, r.Members[i].ID)
		}
	}
	if len(r.Members) > wire.MaxMembers {
		return fmt.Errorf("seal: ring %d/%d has %d members: %d is the most", in.ID.Rep, in.ID.Seq, len(r.Members), wire.MaxMembers)
	}
	if r.self = r.member(s.self.ID); r.self < 0 || r.Members[r.self].Nonce != s.self.Nonce {
		return fmt.Errorf("seal: this start of node %d is not a member of ring %d/%d", s.self.ID, in.ID.Rep, in.ID.Seq)
	}
	s.deriveRing(r)
	for _, o := range s.rings {
		if o.ID == r.ID && o.keys[0].name == r.keys[0].name {
			return nil
		}
	}
	r.windows = make([]window, len(r.Members))
	for i := len(s.rings) - 1; i >= 0 && len(s.rings) >= keptRings; i-- {
		if !s.rings[i].inForce {
			s.rings = slices.Delete(s.rings, i, i+1)
		}
	}
	s.rings = slices.Insert(s.rings, 0, r)
	return nil
}

// InForce tells whose regular configuration was delivered last: that ring is kept
// however many are installed in attempts to replace it.
func (s *Sealer) InForce(id wire.RingID) {
	for _, r := range s.rings {
		r.inForce = r.ID == id
	}
}

func (s *Sealer) deriveRing(r *ring) {
	r.keys = make([]ringKey, len(s.keys))
	for i := range r.keys {
		k := &r.keys[i]
		k.secret = s.keys[i].ringSecret(&r.Ring)
		k.name = k.secret.name()
		k.open = make([][suites]cipher.AEAD, len(r.Members))
	}
	if !s.unsealed {
		r.keys[0].seal = newAEAD(s.suite, r.keys[0].secret.senderKey(s.suite, s.self.ID))
	}
}

// member is the place of id in the ring, or -1.
func (r *ring) member(id wire.NodeID) int {
	lo, hi := 0, len(r.Members)
	for lo < hi {
		mid := (lo + hi) / 2
		if r.Members[mid].ID < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(r.Members) && r.Members[lo].ID == id {
		return lo
	}
	return -1
}

func (s *Sealer) findKey(name uint32) int {
	for i := range s.keys {
		if s.keys[i].name == name {
			return i
		}
	}
	return -1
}

// Seal writes payload, sealed for ring (the zero ring: with the session key), to
// dst and returns the packet's length. dst has room for the class's overhead more
// bytes than payload. payload lies outside of dst, or exactly behind the header.
// Seal does not allocate.
func (s *Sealer) Seal(dst []byte, id wire.RingID, payload []byte) (int, error) {
	if s.counter >= MaxCounter {
		return 0, ErrUsedUp
	}
	if id.IsZero() {
		return s.sealSession(dst, payload)
	}
	return s.sealRing(dst, id, payload)
}

// Advance moves the counter on, as if so many packets had been sealed already; it
// never goes back. It is for tests of what happens at its end.
func (s *Sealer) Advance(counter uint64) { s.counter = max(s.counter, counter) }

func (s *Sealer) sealSession(dst, payload []byte) (int, error) {
	if len(dst) < len(payload)+SessionOverhead {
		return 0, ErrNoRoom
	}
	s.counter++
	s.stats.Sealed++
	h := dst[:SessionHeader]
	h[0], h[1], h[2], h[3] = magic0, magic1, version, byte(s.suite)<<4|classSession
	binary.LittleEndian.PutUint32(h[4:], s.tag)
	binary.LittleEndian.PutUint32(h[8:], s.keys[0].name)
	binary.LittleEndian.PutUint32(h[12:], uint32(s.self.ID))
	binary.LittleEndian.PutUint64(h[16:], s.counter)
	copy(h[24:], s.self.Nonce[:])
	if s.unsealed {
		return SessionHeader + copy(dst[SessionHeader:], payload), nil
	}
	return SessionHeader + s.encrypt(s.own, dst, h, payload), nil
}

func (s *Sealer) sealRing(dst []byte, id wire.RingID, payload []byte) (int, error) {
	if len(dst) < len(payload)+RingOverhead {
		return 0, ErrNoRoom
	}
	r := s.findRing(id)
	if r == nil {
		return 0, ErrUnknownRing
	}
	s.counter++
	s.stats.Sealed++
	k := &r.keys[0]
	h := dst[:RingHeader]
	h[0], h[1] = formByte|byte(s.suite), byte(r.self)
	copy(h[2:5], k.name[:])
	binary.LittleEndian.PutUint32(h[5:], uint32(s.counter))
	binary.LittleEndian.PutUint16(h[9:], uint16(s.counter>>32))
	if s.unsealed {
		n := RingHeader + copy(dst[RingHeader:], payload)
		return n + copy(dst[n:], k.name[:]), nil
	}
	return RingHeader + s.encrypt(k.seal, dst, h, payload), nil
}

// encrypt writes payload and tag behind the header h of dst, under the counter that
// was just drawn.
func (s *Sealer) encrypt(aead cipher.AEAD, dst, h, payload []byte) int {
	return len(aead.Seal(dst[len(h):len(h)], s.nonceFor(s.counter), payload, h))
}

func (s *Sealer) findRing(id wire.RingID) *ring {
	for _, r := range s.rings {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (s *Sealer) nonceFor(counter uint64) []byte {
	binary.LittleEndian.PutUint64(s.nonce[4:], counter)
	return s.nonce[:]
}

// Open checks a packet and opens it in place. The payload lies within pkt. For
// any reason but Accepted the content of pkt is undefined. Open does not
// allocate, but for the first packet of a sender in a session or ring, and for a
// packet that claims to be one.
func (s *Sealer) Open(pkt []byte) (srp.Origin, []byte, Reason) {
	o, payload, why := s.open(pkt)
	s.stats.Opened[why]++
	if why != Accepted {
		return srp.Origin{}, nil, why
	}
	return o, payload, why
}

func (s *Sealer) open(pkt []byte) (o srp.Origin, payload []byte, why Reason) {
	if len(pkt) > 0 && pkt[0]&formMask == formRing {
		return s.openRing(pkt)
	}
	if len(pkt) < 4 {
		return o, nil, TooShort
	}
	switch {
	case pkt[0] != magic0 || pkt[1] != magic1:
		return o, nil, BadMagic
	case pkt[2] != version:
		return o, nil, BadVersion
	case len(pkt) < SessionHeader:
		return o, nil, TooShort
	}
	h := pkt[:SessionHeader]
	suite := Suite(h[3] >> 4)
	sender := wire.NodeID(binary.LittleEndian.Uint32(h[12:]))
	switch {
	case suite >= suites || h[3]&15 != classSession || sender == 0:
		return o, nil, BadHeader
	case binary.LittleEndian.Uint32(h[4:]) != s.tag:
		return o, nil, WrongCluster
	case suite == Plain && !s.unsealed:
		return o, nil, PlaintextRefused
	case suite != Plain && s.unsealed:
		return o, nil, SealedRefused
	case suite != Plain && len(pkt) < SessionOverhead:
		return o, nil, TooShort
	}
	key := s.findKey(binary.LittleEndian.Uint32(h[8:]))
	if key < 0 {
		return o, nil, UnknownKey
	}
	return s.openSession(pkt, key, suite, sender)
}

func (s *Sealer) openRing(pkt []byte) (o srp.Origin, payload []byte, why Reason) {
	suite := Suite(pkt[0] & formSuite)
	switch {
	case pkt[0]&^formSuite != formByte:
		return o, nil, BadVersion
	case len(pkt) < RingOverhead:
		return o, nil, TooShort
	case suite >= suites:
		return o, nil, BadHeader
	case suite == Plain && !s.unsealed:
		return o, nil, PlaintextRefused
	case suite != Plain && s.unsealed:
		return o, nil, SealedRefused
	}
	r, k := s.selectRing(pkt)
	if r == nil {
		return o, nil, UnknownRing
	}
	m := int(pkt[1])
	switch {
	case m >= len(r.Members):
		return o, nil, NotMember
	case m == r.self:
		return o, nil, Self
	}
	o = srp.Origin{Member: r.Members[m], Ring: r.ID}
	if s.unsealed {
		return o, pkt[RingHeader : len(pkt)-nameLength], Accepted
	}
	counter := uint64(binary.LittleEndian.Uint32(pkt[5:])) | uint64(binary.LittleEndian.Uint16(pkt[9:]))<<32
	if !r.windows[m].fresh(counter) {
		return o, nil, Replayed
	}
	aead := k.open[m][suite]
	if aead == nil {
		aead = newAEAD(suite, k.secret.senderKey(suite, r.Members[m].ID))
		k.open[m][suite] = aead
	}
	if payload = s.decrypt(aead, pkt, RingHeader, counter); payload == nil {
		return o, nil, AuthFailed
	}
	r.windows[m].add(counter)
	return o, payload, Accepted
}

// selectRing finds the ring that a packet names, and its key: the newest with that
// name.
func (s *Sealer) selectRing(pkt []byte) (*ring, *ringKey) {
	head := [headLength]byte(pkt[2:])
	for _, r := range s.rings {
		for i := range r.keys {
			k := &r.keys[i]
			if [headLength]byte(k.name[:]) == head &&
				(!s.unsealed || [nameLength]byte(pkt[len(pkt)-nameLength:]) == k.name) {
				return r, k
			}
		}
	}
	return nil, nil
}

// decrypt returns the payload, or nil when the packet is not genuine. An empty
// payload is not nil.
func (s *Sealer) decrypt(aead cipher.AEAD, pkt []byte, header int, counter uint64) []byte {
	out, err := aead.Open(pkt[header:header], s.nonceFor(counter), pkt[header:], pkt[:header])
	if err != nil {
		return nil
	}
	return out
}

func (s *Sealer) openSession(pkt []byte, key int, suite Suite, sender wire.NodeID) (o srp.Origin, payload []byte, why Reason) {
	nonce := (*wire.Nonce)(pkt[24:SessionHeader])
	if sender == s.self.ID && *nonce == s.self.Nonce {
		return o, nil, Self
	}
	o.Member = s.known(sender, nonce)
	if s.unsealed {
		if sender == s.self.ID {
			return o, nil, SameID
		}
		return o, pkt[SessionHeader:], Accepted
	}
	counter := binary.LittleEndian.Uint64(pkt[16:])
	id := sessionID{key: s.keys[key].name, suite: suite, sender: sender, nonce: *nonce}
	e := s.sessions.find(id)
	if e != nil && !e.window.fresh(counter) {
		return o, nil, Replayed
	}
	var aead cipher.AEAD
	if e != nil {
		aead = e.aead
	} else {
		// Whoever sent this made us derive a key: a fixed cost per packet and
		// garbage, but nothing is kept until the packet proves genuine.
		s.stats.Derived++
		aead = newAEAD(suite, s.keys[key].sessionKey(suite, sender, nonce))
		if counter == 0 {
			return o, nil, Replayed
		}
	}
	if payload = s.decrypt(aead, pkt, SessionHeader, counter); payload == nil {
		return o, nil, AuthFailed
	}
	if e == nil {
		e = s.sessions.add(id, s.pinned)
		if e.evicted {
			e.evicted = false
			s.stats.Evicted++
		}
		e.aead = aead
	} else {
		s.sessions.touch(e)
	}
	e.window.add(counter)
	if sender == s.self.ID {
		return o, nil, SameID
	}
	return o, payload, Accepted
}

// known is the member with its start number when an installed ring tells it.
func (s *Sealer) known(id wire.NodeID, nonce *wire.Nonce) wire.Member {
	for _, r := range s.rings {
		if i := r.member(id); i >= 0 && r.Members[i].Nonce == *nonce {
			return r.Members[i]
		}
	}
	return wire.Member{ID: id, Nonce: *nonce}
}

// pinned sessions are those of members of installed rings: recordings of many
// old starts, which open as genuine, must not push them out.
func (s *Sealer) pinned(id *sessionID) bool {
	for _, r := range s.rings {
		if i := r.member(id.sender); i >= 0 && r.Members[i].Nonce == id.nonce {
			return true
		}
	}
	return false
}
