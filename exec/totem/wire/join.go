package wire

// Paging. Join and commit token list members, and with many members do not fit
// one packet. Each page is a packet of its own that tells how many pages there
// are, how many entries in all, and where its entries begin; entries are sorted
// by NodeID over all pages, so a page is checked alone and cheaply.

// Page locates the entries of a packet in the whole list.
type Page struct {
	Index uint8  // of this page
	Pages uint8  // in all, at least 1
	First uint16 // index of this page's first entry
	Total uint16 // entries in all
}

func (p *Page) check(count int) error {
	switch {
	case p.Pages == 0 || p.Index >= p.Pages:
		return ErrRange
	case p.Total > MaxMembers || int(p.First)+count > int(p.Total):
		return ErrCount
	case p.Pages == 1 && count != int(p.Total):
		return ErrCount
	case p.Index == 0 && p.First != 0:
		return ErrRange
	}
	return nil
}

// JoinEntry is a processor a Join names.
type JoinEntry struct {
	Member Member
	Failed bool
}

// JoinPage is one packet of a Join: the processors its sender wants in the next
// ring, and those it holds for failed (Totem 1995, section 5.2). That a
// receiver finds its own nonce in the list shows that the Join is not older
// than the receiver.
type JoinPage struct {
	Page       Page
	Cause      uint8  // why the sender is in Gather
	Start      uint64 // the sender's
	Generation uint32 // grows whenever the sender's list changes: pages of one list carry the same
	RingSeq    uint64 // highest ring sequence number the sender knows
	Ring       RingID // the sender's last ring
	Stamp      uint64 // comes back in a Challenge
	Entries    []JoinEntry
}

const (
	// JoinHeader is the size of a Join page without entries.
	JoinHeader = 56
	// JoinEntrySize is the size of one entry.
	JoinEntrySize = 1 + MemberSize
)

// AppendTo appends the encoded page.
func (j *JoinPage) AppendTo(b []byte) []byte {
	b = append(b, byte(TypeJoin), Version, j.Page.Index, j.Page.Pages)
	b = le.AppendUint16(b, j.Page.First)
	b = le.AppendUint16(b, j.Page.Total)
	b = le.AppendUint16(b, uint16(len(j.Entries)))
	b = append(b, j.Cause, 0)
	b = le.AppendUint32(b, j.Generation)
	b = le.AppendUint64(b, j.Start)
	b = le.AppendUint64(b, j.RingSeq)
	b = appendRing(b, j.Ring)
	b = le.AppendUint64(b, j.Stamp)
	b = append(b, 0, 0, 0, 0)
	for i := range j.Entries {
		e := &j.Entries[i]
		var f byte
		if e.Failed {
			f = 1
		}
		b = append(b, f)
		b = appendMember(b, e.Member)
	}
	return b
}

// Unmarshal decodes pkt. Entries are appended to j.Entries[:0].
func (j *JoinPage) Unmarshal(pkt []byte) error {
	if err := check(pkt, TypeJoin, JoinHeader); err != nil {
		return err
	}
	n := int(le.Uint16(pkt[8:]))
	if n > MaxMembers || JoinHeader+n*JoinEntrySize > len(pkt) {
		return ErrCount
	}
	if JoinHeader+n*JoinEntrySize != len(pkt) {
		return ErrLong
	}
	if pkt[11] != 0 || le.Uint32(pkt[52:]) != 0 {
		return ErrRange
	}
	j.Page = Page{Index: pkt[2], Pages: pkt[3], First: le.Uint16(pkt[4:]), Total: le.Uint16(pkt[6:])}
	if err := j.Page.check(n); err != nil {
		return err
	}
	j.Cause = pkt[10]
	j.Generation = le.Uint32(pkt[12:])
	j.Start = le.Uint64(pkt[16:])
	j.RingSeq = le.Uint64(pkt[24:])
	j.Ring = getRing(pkt[32:])
	j.Stamp = le.Uint64(pkt[44:])
	j.Entries = j.Entries[:0]
	var last NodeID
	for i := range n {
		b := pkt[JoinHeader+i*JoinEntrySize:]
		e := JoinEntry{Failed: b[0] == 1, Member: getMember(b[1:])}
		if b[0] > 1 || e.Member.ID <= last {
			return ErrRange
		}
		last = e.Member.ID
		j.Entries = append(j.Entries, e)
	}
	return nil
}

// Obligation is a set of members of an old ring, by their place in it.
type Obligation [MaxMembers / 8]byte

// Add puts place i into the set.
func (o *Obligation) Add(i int) { o[i>>3] |= 1 << (i & 7) }

// Has tells whether place i is in the set.
func (o *Obligation) Has(i int) bool { return i >= 0 && i < MaxMembers && o[i>>3]&(1<<(i&7)) != 0 }

// Union adds the places of p.
func (o *Obligation) Union(p *Obligation) {
	for i := range o {
		o[i] |= p[i]
	}
}

// CommitEntry is a member of the ring to be, and what it brings from its old
// ring once the commit token has visited it (Totem 1995, section 5.3; EVS 1994,
// step 3 of the recovery).
type CommitEntry struct {
	Member     Member
	Filled     bool
	Old        RingID // zero for a processor that was in no ring
	Aru        uint64 // it has everything of Old up to here
	High       uint64 // highest message of Old it has
	Safe       uint64 // it knows that all of Old have everything up to here
	Obligation Obligation
}

// CommitPage is one packet of a commit token. Hop says how often the token was
// passed: hop h goes to member h mod n, which received it from member (h-1) mod n.
type CommitPage struct {
	Page    Page
	Ring    RingID
	Hop     uint32
	Room    uint16 // packets that the smallest receive buffer of the members it visited holds; 0: more than any window
	Entries []CommitEntry
}

const (
	// CommitHeader is the size of a commit page without entries.
	CommitHeader = 28
	// CommitEntrySize is the size of one entry.
	CommitEntrySize = 1 + MemberSize + RingIDSize + 3*8 + MaxMembers/8
)

// AppendTo appends the encoded page.
func (c *CommitPage) AppendTo(b []byte) []byte {
	b = append(b, byte(TypeCommit), Version, c.Page.Index, c.Page.Pages)
	b = le.AppendUint16(b, c.Page.First)
	b = le.AppendUint16(b, c.Page.Total)
	b = le.AppendUint16(b, uint16(len(c.Entries)))
	b = le.AppendUint16(b, c.Room)
	b = appendRing(b, c.Ring)
	b = le.AppendUint32(b, c.Hop)
	for i := range c.Entries {
		e := &c.Entries[i]
		var f byte
		if e.Filled {
			f = 1
		}
		b = append(b, f)
		b = appendMember(b, e.Member)
		b = appendRing(b, e.Old)
		b = le.AppendUint64(b, e.Aru)
		b = le.AppendUint64(b, e.High)
		b = le.AppendUint64(b, e.Safe)
		b = append(b, e.Obligation[:]...)
	}
	return b
}

// Unmarshal decodes pkt. Entries are appended to c.Entries[:0].
func (c *CommitPage) Unmarshal(pkt []byte) error {
	if err := check(pkt, TypeCommit, CommitHeader); err != nil {
		return err
	}
	n := int(le.Uint16(pkt[8:]))
	if n > MaxMembers || CommitHeader+n*CommitEntrySize > len(pkt) {
		return ErrCount
	}
	if CommitHeader+n*CommitEntrySize != len(pkt) {
		return ErrLong
	}
	c.Room = le.Uint16(pkt[10:])
	c.Page = Page{Index: pkt[2], Pages: pkt[3], First: le.Uint16(pkt[4:]), Total: le.Uint16(pkt[6:])}
	if err := c.Page.check(n); err != nil {
		return err
	}
	c.Ring = getRing(pkt[12:])
	c.Hop = le.Uint32(pkt[24:])
	c.Entries = c.Entries[:0]
	var last NodeID
	for i := range n {
		b := pkt[CommitHeader+i*CommitEntrySize:]
		e := CommitEntry{
			Filled: b[0] == 1,
			Member: getMember(b[1:]),
			Old:    getRing(b[29:]),
			Aru:    le.Uint64(b[41:]),
			High:   le.Uint64(b[49:]),
			Safe:   le.Uint64(b[57:]),
		}
		copy(e.Obligation[:], b[65:])
		if b[0] > 1 || e.Member.ID <= last || e.Aru > e.High || e.Safe > e.Aru {
			return ErrRange
		}
		last = e.Member.ID
		c.Entries = append(c.Entries, e)
	}
	return nil
}
