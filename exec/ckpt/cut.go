// What goes to disk, and comes back: a cut is what changed of the state between two
// moments, an image is the state that a row of cuts makes. Making a cut copies no
// data: it shares the sections' bytes, and a section that changes later gets new
// ones. So the owner's goroutine is not held up, whoever writes the cut has a state
// that does not move, and what is on disk is always the state of one moment.
//
// A cut is written as frames, each a row of records, a record's first byte its kind;
// little-endian, uvarints where no size is given:
//
//	full        the cut holds everything: forget what was before
//	history     count, for each epoch: epoch, last tick
//	tombs       count, for each: ident, unlinked uint8, version
//	graves      count, for each: born, chain uint64
//	checkpoint  ident, name, attributes, created, changed, unlinked uint8, what is
//	            left of its retention int64 when nobody has it open, else -1
//	checkgone   ident
//	section     ident of its checkpoint, id, created, version, born, chain uint64,
//	            writer uint32, expiration, updated int64, size
//	data        bytes of the section before, in pieces
//	sectgone    ident of its checkpoint, id
//	commit      epoch, tick: the cut is whole
//
// Who has a checkpoint open and where the active replica is are of the running
// cluster, and not kept.

package ckpt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// CutFormat is the number of the format of frames.
const CutFormat = 1

const (
	cutFull       = 1
	cutHistory    = 2
	cutTombs      = 3
	cutGraves     = 4
	cutCheckpoint = 5
	cutCheckGone  = 6
	cutSection    = 7
	cutData       = 8
	cutSectGone   = 9
	cutCommit     = 10

	// MaxFrame bounds a frame; one is closed when it has cutFrame bytes.
	MaxFrame = 2 << 20
	cutFrame = 256 << 10
	cutPiece = 1 << 20
)

// Cut is what changed. It does not change itself, so any goroutine may write it.
type Cut struct {
	Full        bool // everything, not only what changed
	Checkpoints int
	Sections    int
	Bytes       int64 // of data

	epoch   epoch
	tick    uint64
	history map[epoch]uint64 // nil: as before
	tombs   []tomb           // nil: as before
	graves  []grave          // nil: as before
	checks  []cutCheck
	secs    []cutSec
	gone    []cutGone
}

type cutCheck struct {
	id               ident
	name             string
	attrs            ipcwire.CkptAttributes
	created, changed version
	unlinked         bool
	left             int64
}

type cutSec struct {
	ck                  *ident // never changes
	id                  string
	created, version    version
	born, chain         uint64
	writer              wire.NodeID
	expiration, updated int64
	size                int
	data                []byte
}

// cutGone is a section that is gone, or a checkpoint.
type cutGone struct {
	ck    ident
	id    string
	whole bool
}

// saving is the account of what changed since the last cut. It costs nothing while
// it is off.
type saving struct {
	on     bool
	all    bool // everything counts as changed
	checks []*checkpoint
	secs   []*section
	gone   []cutGone
	tick   uint64 // of the last cut
	epoch  epoch
	graves uint64 // how many there ever were
	tombs  uint64
}

func (s *state) touch(sec *section) {
	if s.save.on && !sec.dirty {
		sec.dirty = true
		s.save.secs = append(s.save.secs, sec)
	}
}

func (s *state) touchCheck(ck *checkpoint) {
	if s.save.on && !ck.dirty {
		ck.dirty = true
		s.save.checks = append(s.save.checks, ck)
	}
}

// thaw gives a section that a cut shares bytes of its own before they are written to.
func (sec *section) thaw() {
	if sec.frozen {
		sec.data = slices.Clone(sec.data)
		sec.frozen = false
	}
}

// unsaved reports whether there is anything for a cut.
func (s *state) unsaved() bool {
	v := &s.save
	return v.on && (v.all || len(v.checks)+len(v.secs)+len(v.gone) > 0 || v.tick != s.tick)
}

// cut is what changed since the last one, all of it when that was said. now is the
// clock of deadlines.
func (s *state) cut(now int64) *Cut {
	v := &s.save
	c := &Cut{Full: v.all, epoch: s.epoch, tick: s.tick}
	if v.all || v.epoch != s.epoch {
		c.history = make(map[epoch]uint64, len(s.history)+1)
		for e, last := range s.history {
			c.history[e] = last
		}
		delete(c.history, s.epoch) // the commit says it
	}
	if v.all || v.tombs != s.tombCount {
		c.tombs = append(make([]tomb, 0, len(s.tombs)), s.tombs...)
	}
	if v.all || v.graves != s.graveCount {
		c.graves = append(make([]grave, 0, len(s.graves)), s.graves...)
	}
	if v.all {
		s.cutAll(c, now)
	} else {
		for _, ck := range v.checks {
			if ck.dirty = false; s.all[ck.id] == ck {
				c.check(ck, now)
			}
		}
		for _, sec := range v.secs {
			if sec.dirty = false; !sec.gone {
				c.section(sec)
			}
		}
		c.gone = v.gone
	}
	*v = saving{on: true, tick: s.tick, epoch: s.epoch, tombs: s.tombCount, graves: s.graveCount}
	return c
}

func (s *state) cutAll(c *Cut, now int64) {
	ids := make([]ident, 0, len(s.all))
	for id := range s.all {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIdents)
	sections := 0
	for _, ck := range s.all {
		sections += len(ck.sections)
	}
	c.checks, c.secs = make([]cutCheck, 0, len(ids)), make([]cutSec, 0, sections)
	for _, id := range ids {
		ck := s.all[id]
		ck.dirty = false
		c.check(ck, now)
		for _, sec := range ck.order {
			if sec.dirty = false; !sec.gone {
				c.section(sec)
			}
		}
	}
}

func (c *Cut) check(ck *checkpoint, now int64) {
	left := int64(-1)
	if ck.refs == 0 && ck.deadline != 0 {
		left = max(ck.deadline-now, 0)
	}
	c.Checkpoints++
	c.checks = append(c.checks, cutCheck{ck.id, ck.name, ck.attrs, ck.created, ck.changed, ck.unlinked, left})
}

func (c *Cut) section(sec *section) {
	c.Sections++
	c.Bytes += int64(sec.size)
	if sec.size > 0 {
		sec.frozen = true
	}
	c.secs = append(c.secs, cutSec{
		ck: &sec.ck.id, id: sec.id, created: sec.created, version: sec.version, born: sec.born, chain: sec.chain,
		writer: sec.writer, expiration: sec.expiration, updated: sec.updated, size: sec.size, data: sec.data[:sec.size:sec.size],
	})
}

// frames collects records and emits them.
type frames struct {
	b    []byte
	emit func([]byte) error
	err  error
}

// room closes the frame when it is large enough.
func (f *frames) room() {
	if len(f.b) >= cutFrame {
		f.flush()
	}
}

func (f *frames) flush() {
	if len(f.b) > 0 && f.err == nil {
		f.err = f.emit(f.b)
	}
	f.b = f.b[:0]
}

// Frames hands the cut's frames to emit, the last of them with the commit. What
// emit gets is valid until it returns.
func (c *Cut) Frames(emit func([]byte) error) error {
	f := &frames{emit: emit}
	if c.Full {
		f.b = append(f.b, cutFull)
	}
	if c.history != nil {
		f.b = binary.AppendUvarint(append(f.b, cutHistory), uint64(len(c.history)))
		for e, last := range c.history {
			f.b = binary.AppendUvarint(putEpoch(f.b, e), last)
		}
	}
	if c.tombs != nil {
		f.b = binary.AppendUvarint(append(f.b, cutTombs), uint64(len(c.tombs)))
		for _, t := range c.tombs {
			f.b = putVersion(putBool(putIdent(f.b, t.id), t.unlinked), t.at)
		}
	}
	if c.graves != nil {
		f.b = binary.AppendUvarint(append(f.b, cutGraves), uint64(len(c.graves)))
		for _, g := range c.graves {
			f.b = le.AppendUint64(le.AppendUint64(f.b, g.born), g.chain)
		}
	}
	f.room()
	for i := range c.gone {
		g := &c.gone[i]
		if g.whole {
			f.b = putIdent(append(f.b, cutCheckGone), g.ck)
		} else {
			f.b = putString(putIdent(append(f.b, cutSectGone), g.ck), g.id)
		}
		f.room()
	}
	for i := range c.checks {
		f.b = c.checks[i].append(f.b)
		f.room()
	}
	for i := range c.secs {
		c.secs[i].frames(f)
	}
	f.b = binary.AppendUvarint(putEpoch(append(f.b, cutCommit), c.epoch), c.tick)
	f.flush()
	return f.err
}

func (k *cutCheck) append(b []byte) []byte {
	b = putString(putIdent(append(b, cutCheckpoint), k.id), k.name)
	b = ipcwire.AppendCkptAttributes(b, &k.attrs)
	b = putVersion(putVersion(b, k.created), k.changed)
	return le.AppendUint64(putBool(b, k.unlinked), uint64(k.left))
}

func (x *cutSec) frames(f *frames) {
	b := putString(putIdent(append(f.b, cutSection), *x.ck), x.id)
	b = putVersion(putVersion(b, x.created), x.version)
	b = le.AppendUint64(le.AppendUint64(b, x.born), x.chain)
	b = le.AppendUint32(b, uint32(x.writer))
	b = le.AppendUint64(le.AppendUint64(b, uint64(x.expiration)), uint64(x.updated))
	f.b = binary.AppendUvarint(b, uint64(x.size))
	for data := x.data; len(data) > 0; {
		n := min(len(data), cutPiece)
		f.b = binary.AppendUvarint(append(f.b, cutData), uint64(n))
		f.b = append(f.b, data[:n]...)
		data = data[n:]
		f.room()
	}
	f.room()
}

// Image is the state that cuts make: what an executive starts with.
type Image struct {
	epoch   epoch
	tick    uint64
	history map[epoch]uint64
	tombs   []tomb
	graves  []grave
	checks  map[ident]*imageCheck
}

type imageCheck struct {
	cutCheck
	secs map[string]*imageSec
	next uint64
}

type imageSec struct {
	cutSec
	place uint64
}

// Count is how many checkpoints and sections, and how many bytes of data, there are.
func (img *Image) Count() (checkpoints, sections int, bytes int64) {
	for _, k := range img.checks {
		checkpoints++
		sections += len(k.secs)
		for _, x := range k.secs {
			bytes += int64(x.size)
		}
	}
	return checkpoints, sections, bytes
}

func newImage() *Image {
	return &Image{history: map[epoch]uint64{}, checks: map[ident]*imageCheck{}}
}

// Loader makes an image of frames. What is behind the last commit does not count.
type Loader struct {
	img     *Image
	pending []func(*Image) error // of the cut that is not committed yet
	last    *imageSec            // data belongs to it
	commits int
}

// NewLoader returns a loader with nothing loaded.
func NewLoader() *Loader { return &Loader{img: newImage()} }

// Image is what the committed cuts make, nil when there is none. The error tells
// that it contradicts itself.
func (l *Loader) Image() (*Image, error) {
	if l.commits == 0 {
		return nil, nil
	}
	if err := l.img.check(); err != nil {
		return nil, err
	}
	return l.img, nil
}

var errFrame = errors.New("a record that cannot be")

// Frame takes the next frame; committed tells that it ended a cut. After an error
// no more frames are to be given: the image is that of the last commit, or none.
func (l *Loader) Frame(frame []byte) (committed bool, err error) {
	r := reader{b: frame}
	for len(r.b) > 0 {
		if committed {
			return true, errFrame // a commit ends its frame
		}
		kind := r.u8()
		change, ok := l.record(kind, &r)
		if !ok || r.bad {
			return false, errFrame
		}
		if change != nil {
			l.pending = append(l.pending, change)
		}
		if kind == cutCommit {
			if err := l.commit(); err != nil {
				return false, err
			}
			committed = true
		}
	}
	return committed, nil
}

// commit makes the pending changes, all or none.
func (l *Loader) commit() error {
	if l.last != nil && len(l.last.data) != l.last.size {
		return errFrame
	}
	// Whatever is wrong with a change shows before anything is changed for good:
	// the maps of an image are not copied, so a wrong one is thrown away whole.
	for _, change := range l.pending {
		if err := change(l.img); err != nil {
			l.img, l.commits = newImage(), 0
			return err
		}
	}
	l.pending, l.last = nil, nil
	l.commits++
	return nil
}

// record reads a record; the change it makes waits for the commit.
func (l *Loader) record(kind byte, r *reader) (change func(*Image) error, ok bool) {
	if kind != cutData && l.last != nil {
		if len(l.last.data) != l.last.size {
			return nil, false
		}
		l.last = nil
	}
	switch kind {
	case cutFull:
		return func(img *Image) error { *img = *newImage(); return nil }, true
	case cutHistory:
		h := map[epoch]uint64{}
		for range r.count(17) {
			e := r.epoch()
			h[e] = r.uvarint()
		}
		return func(img *Image) error { img.history = h; return nil }, true
	case cutTombs:
		n := r.count(identSize + 1 + versionSize)
		list := make([]tomb, 0, n)
		for range n {
			list = append(list, tomb{r.ident(), r.bool(), r.version()})
		}
		return func(img *Image) error { img.tombs = list; return nil }, true
	case cutGraves:
		n := r.count(16)
		list := make([]grave, 0, n)
		for range n {
			list = append(list, grave{r.u64(), r.u64()})
		}
		return func(img *Image) error { img.graves = list; return nil }, true
	case cutCheckGone:
		id := r.ident()
		return func(img *Image) error { delete(img.checks, id); return nil }, true
	case cutSectGone:
		id, name := r.ident(), r.str()
		return func(img *Image) error {
			if k := img.checks[id]; k != nil {
				delete(k.secs, name)
			}
			return nil
		}, true
	case cutCommit:
		e, tick := r.epoch(), r.uvarint()
		return func(img *Image) error {
			img.epoch, img.tick = e, tick
			return nil
		}, true
	case cutCheckpoint:
		return l.checkpoint(r)
	case cutSection:
		return l.section(r)
	case cutData:
		return nil, l.data(r)
	}
	return nil, false
}

func (l *Loader) checkpoint(r *reader) (func(*Image) error, bool) {
	k := &imageCheck{}
	k.id, k.name = r.ident(), r.str()
	if !ipcwire.DecodeCkptAttributes(r.take(attributesSize), &k.attrs) {
		return nil, false
	}
	k.created, k.changed, k.unlinked, k.left = r.version(), r.version(), r.bool(), int64(r.u64())
	a := &k.attrs
	if r.bad || k.name == "" || len(k.name) > ipcwire.MaxName || a.MaxSections == 0 || a.Retention < 0 || k.left < -1 {
		return nil, false
	}
	return func(img *Image) error {
		k.secs = map[string]*imageSec{}
		if old := img.checks[k.id]; old != nil {
			k.secs, k.next = old.secs, old.next
		}
		img.checks[k.id] = k
		return nil
	}, true
}

func (l *Loader) section(r *reader) (func(*Image) error, bool) {
	x := &imageSec{}
	id := r.ident()
	x.ck, x.id = &id, r.str()
	x.created, x.version = r.version(), r.version()
	x.born, x.chain = r.u64(), r.u64()
	x.writer, x.expiration, x.updated = wire.NodeID(r.u32()), int64(r.u64()), int64(r.u64())
	size := r.uvarint()
	if r.bad || size > maxSection || len(x.id) > ipcwire.MaxSectionID {
		return nil, false
	}
	x.size = int(size)
	l.last = x
	return func(img *Image) error {
		k := img.checks[id]
		if k == nil {
			return fmt.Errorf("a section %q of no checkpoint", x.id)
		}
		if old := k.secs[x.id]; old != nil {
			x.place = old.place
		} else {
			k.next++
			x.place = k.next
		}
		k.secs[x.id] = x
		return nil
	}, true
}

func (l *Loader) data(r *reader) bool {
	n := r.uvarint()
	if l.last == nil || n > uint64(len(r.b)) || n > uint64(l.last.size-len(l.last.data)) {
		return false
	}
	if l.last.data == nil && n == uint64(l.last.size) {
		l.last.data = make([]byte, 0, n) // of the exact size, when it is in one piece
	}
	l.last.data = append(l.last.data, r.take(int(n))...)
	return true
}

// check says what is wrong with an image, as verify does for a state: it comes from
// outside.
func (img *Image) check() error {
	names := map[string]bool{}
	for _, k := range img.checks {
		a := &k.attrs
		if !k.unlinked && names[k.name] {
			return fmt.Errorf("two checkpoints are called %q", k.name)
		}
		names[k.name] = names[k.name] || !k.unlinked
		if uint64(len(k.secs)) > uint64(a.MaxSections) {
			return fmt.Errorf("checkpoint %q has %d sections, %d are allowed", k.name, len(k.secs), a.MaxSections)
		}
		if (a.MaxSections == 1) != (k.secs[""] != nil) {
			return fmt.Errorf("checkpoint %q has no default section, or one beside others", k.name)
		}
		left := a.Size
		for _, x := range k.secs {
			size := uint64(x.size)
			if size > left || size > a.MaxSectionSize || uint64(len(x.id)) > a.MaxSectionIDSize {
				return fmt.Errorf("checkpoint %q: section %q is larger than allowed", k.name, x.id)
			}
			left -= size
		}
	}
	return nil
}

// restore makes an image the beginning of a state. Nobody has anything open: what was
// unlinked is gone, and so is what is not retained. Times of sections went on
// meanwhile, by the wall clock; a retention did not.
func (s *state) restore(img *Image, wall int64) (checkpoints int) {
	for e, last := range img.history {
		s.history[e] = last
	}
	s.history[img.epoch] = img.tick
	s.tick = img.tick
	s.tombs, s.graves = img.tombs, img.graves
	s.trimHistory()
	ids := make([]ident, 0, len(img.checks))
	for id := range img.checks {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIdents)
	for _, id := range ids {
		k := img.checks[id]
		if k.unlinked || k.attrs.Retention == 0 {
			s.bury(tomb{id, k.unlinked, s.bump()})
			continue
		}
		s.restoreCheck(k, wall)
		checkpoints++
	}
	s.save = saving{on: s.save.on, all: true}
	return checkpoints
}

func (s *state) restoreCheck(k *imageCheck, wall int64) {
	ck := &checkpoint{
		id: k.id, name: k.name, attrs: k.attrs, created: k.created, changed: k.changed, sections: make(map[string]*section, len(k.secs)),
	}
	s.used += ck.cost()
	s.all[ck.id], s.names[ck.name] = ck, ck
	list := make([]*imageSec, 0, len(k.secs))
	for _, x := range k.secs {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b *imageSec) int { return cmp2(a.place, b.place, 0, 0) })
	for _, x := range list {
		sec := &section{
			id: x.id, created: x.created, version: x.version, born: x.born, chain: x.chain, writer: x.writer,
			expiration: x.expiration, updated: x.updated, size: x.size, data: x.data,
		}
		s.addSection(ck, sec)
		s.watch(ck, sec, wall)
	}
	ck.idle = s.bump()
	if k.attrs.Retention != ipcwire.CkptTimeEnd {
		left := k.left
		if left < 0 {
			left = k.attrs.Retention
		}
		s.dues = append(s.dues, due{ck: ck, left: left})
	}
}
