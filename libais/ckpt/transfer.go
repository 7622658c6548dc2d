package ckpt

// This file is the requests that carry section data: create, write, overwrite and
// read. What fits a frame goes in one; what does not goes in several, and looks
// the same to the caller.

import (
	"ais/libais"
	"ais/libais/ipcwire"
)

// Progress is what Transfer.Next wants done.
type Progress uint8

const (
	// Done: the transfer is over, Result has it.
	Done Progress = iota
	// Again: another request was started. Drive the connection's Step until it is
	// done, then call Next.
	Again
	// Pause: wait Pause nanoseconds (or less), then call Next. No request is
	// outstanding.
	Pause
)

const (
	pauseFirst = 500_000       // after the first refusal
	pauseMost  = 8_000_000     // it doubles up to this
	pauseTotal = 1_000_000_000 // then the transfer is refused
	attempts   = 16            // of a read in parts whose section keeps changing
)

// Transfer is a request with section data on one connection: StartX, then Step
// until done, then Next, and so on until Next says Done; then Result. One at a
// time; keep it for the next ones, so that they allocate nothing. After any
// StartX or Next the caller may give up: Abandon on the connection if a request
// is outstanding, and start something else.
type Transfer struct {
	head    []byte
	parts   [][]byte // head and the caller's data
	piece   [][]byte
	one     [1][]byte
	op      ipcwire.Op
	phase   phase
	stage   uint32
	total   uint64 // of the body
	offset  uint64 // what of it has been staged
	sending uint64 // size of the piece under way
	frame   int

	pause   int64
	waited  int64
	err     ipcwire.Error
	index   uint32
	indexed bool
	section []byte

	reads   []readState
	place   func(i int, total uint64) []byte
	open    []int // the vectors that the request under way asks for
	handle  uint32
	read    ipcwire.CkptReadReq
	answer  ipcwire.CkptReadResult
	attempt int
	write   ipcwire.CkptWriteReq
}

type phase uint8

const (
	over phase = iota
	whole
	staging
	committing
	reading
)

// Vector is one vector of a write. Data is not copied and must stay as it is
// until the transfer is over.
type Vector struct {
	Section []byte // empty: the default section
	Offset  uint64
	Data    []byte
}

// ReadVector is one vector of a read; Size ipcwire.CkptToEnd for all there is.
type ReadVector struct {
	Section []byte
	Offset  uint64
	Size    uint64
}

type readState struct {
	v       ReadVector
	got     uint64
	total   uint64
	version uint64
	known   bool
	dst     []byte
}

// StartSectionCreate starts creating a section with data in it. An empty id asks
// for a generated one; Section has it in the end. Errors:
//
//	ErrExist         it exists; or the checkpoint has its one default section only
//	ErrAccess        not open for writing
//	ErrInvalidParam  id longer or data larger than the checkpoint allows;
//	                 expiration in the past
//	ErrNoSpace       as many sections as allowed, or the checkpoint's size is reached
//	ErrNoMemory      the executives' memory for checkpoints is used up
//	ErrNotExist      collocated and no active replica
//	ErrTryAgain      the executive cannot now
func (t *Transfer) StartSectionCreate(c *libais.Conn, handle uint32, section []byte, expiration int64, data []byte) ipcwire.Error {
	if len(section) > ipcwire.MaxSectionID {
		return ipcwire.ErrInvalidParam
	}
	t.head = ipcwire.AppendCkptSectionCreateHead(t.head[:0], &ipcwire.CkptSectionCreateReq{
		Handle: handle, Expiration: expiration, Section: section,
	})
	t.one[0] = data
	return t.start(c, ipcwire.CkptSectionCreate, t.one[:])
}

// StartOverwrite starts replacing a section's content. Errors as for StartWrite,
// without a vector's index.
func (t *Transfer) StartOverwrite(c *libais.Conn, handle uint32, section, data []byte) ipcwire.Error {
	if len(section) > ipcwire.MaxSectionID {
		return ipcwire.ErrNotExist
	}
	t.head = ipcwire.AppendCkptOverwriteHead(t.head[:0], &ipcwire.CkptOverwriteReq{Handle: handle, Section: section})
	t.one[0] = data
	return t.start(c, ipcwire.CkptOverwrite, t.one[:])
}

// StartWrite starts writing to sections, all vectors or none. Errors, with the
// index of the wrong vector for the first three where Result says so:
//
//	ErrNotExist      no such section; or collocated and no active replica
//	ErrInvalidParam  beyond the largest size of a section; or no vector
//	ErrNoSpace       the checkpoint's size is reached
//	ErrAccess        not open for writing
//	ErrNoMemory      the executives' memory for checkpoints is used up
//	ErrNoResources   more vectors than a request can have
//	ErrTryAgain      the executive cannot now; nothing was written
func (t *Transfer) StartWrite(c *libais.Conn, handle uint32, vectors []Vector) ipcwire.Error {
	if len(vectors) == 0 {
		return ipcwire.ErrInvalidParam
	}
	if len(vectors) > ipcwire.MaxCkptVectors {
		return ipcwire.ErrNoResources
	}
	t.write.Handle, t.write.Elements = handle, t.write.Elements[:0]
	t.piece = t.piece[:0]
	for i := range vectors {
		v := &vectors[i]
		if len(v.Section) > ipcwire.MaxSectionID {
			t.reset()
			t.finish(ipcwire.ErrNotExist)
			t.index, t.indexed = uint32(i), true
			return ipcwire.ErrNotExist
		}
		t.write.Elements = append(t.write.Elements, ipcwire.CkptWriteElement{
			Section: v.Section, Offset: v.Offset, Size: uint64(len(v.Data)),
		})
		t.piece = append(t.piece, v.Data)
	}
	t.head = ipcwire.AppendCkptWriteHead(t.head[:0], &t.write)
	clear(t.write.Elements)
	return t.start(c, ipcwire.CkptWrite, t.piece)
}

// start sends a body whole when it fits, else its first piece.
func (t *Transfer) start(c *libais.Conn, op ipcwire.Op, data [][]byte) ipcwire.Error {
	t.reset()
	t.op = op
	t.parts = append(t.parts[:0], t.head)
	t.total = uint64(len(t.head))
	for _, p := range data {
		if len(p) > 0 {
			t.parts = append(t.parts, p)
			t.total += uint64(len(p))
		}
	}
	clear(t.piece)
	t.one[0] = nil
	t.frame = int(min(c.Welcome().MaxMessage, ipcwire.MaxFrame-1024))
	if t.total <= uint64(t.frame) {
		t.phase = whole
		err := c.Start(op, t.head, t.parts[1:]...)
		t.started(err)
		return err
	}
	if t.frame == 0 {
		return ipcwire.ErrLibrary
	}
	if t.stage++; t.stage == 0 {
		t.stage = 1
	}
	t.phase = staging
	err := t.sendPiece(c)
	t.started(err)
	return err
}

func (t *Transfer) started(err ipcwire.Error) {
	if err != ipcwire.OK {
		t.finish(err)
	}
}

func (t *Transfer) reset() {
	t.offset, t.sending, t.pause, t.waited, t.attempt = 0, 0, 0, 0, 0
	t.err, t.index, t.indexed, t.section = ipcwire.OK, 0, false, nil
}

// sendPiece starts the request with the next piece of the body, or the commit.
func (t *Transfer) sendPiece(c *libais.Conn) ipcwire.Error {
	var fixed [32]byte
	if t.offset == t.total {
		t.phase = committing
		return c.Start(ipcwire.CkptCommit, ipcwire.AppendCkptCommitReq(fixed[:0], &ipcwire.CkptCommitReq{
			Stage: t.stage, Op: t.op, Total: t.total,
		}))
	}
	t.sending = min(t.total-t.offset, uint64(t.frame))
	t.piece = t.piece[:0]
	skip, want := t.offset, t.sending
	for _, p := range t.parts {
		n := uint64(len(p))
		if skip >= n {
			skip -= n
			continue
		}
		p = p[skip:]
		skip = 0
		p = p[:min(uint64(len(p)), want)]
		want -= uint64(len(p))
		t.piece = append(t.piece, p)
		if want == 0 {
			break
		}
	}
	head := ipcwire.AppendCkptStageHead(fixed[:0], &ipcwire.CkptStageReq{Stage: t.stage, Total: t.total, Offset: t.offset})
	err := c.Start(ipcwire.CkptStage, head, t.piece...)
	clear(t.piece)
	return err
}

// StartRead starts reading from sections. place is called once the size of what
// there is for a vector is known, never from StartRead, and returns the memory
// for it, of that size or less; it is called again for the same vector when the
// section was changed between two frames, and the memory before is not used any
// more. nil for a size that is not 0 makes the result ErrNoMemory. The content of each
// vector is of one moment, that of all of them too when it fits a frame. Errors, with
// the index of the wrong vector for the first two where Result says so:
//
//	ErrNotExist      no such section; or collocated and no active replica
//	ErrInvalidParam  the offset is beyond the section's end; or no vector
//	ErrAccess        not open for reading
//	ErrNoResources   more vectors than a request can have
//	ErrTryAgain      the executive cannot now, or the section changed between the
//	                 frames each time
func (t *Transfer) StartRead(c *libais.Conn, handle uint32, vectors []ReadVector, place func(i int, total uint64) []byte) ipcwire.Error {
	if len(vectors) == 0 {
		return ipcwire.ErrInvalidParam
	}
	t.reset()
	t.handle, t.place, t.phase = handle, place, reading
	t.reads = t.reads[:0]
	size := 0
	for i := range vectors {
		if len(vectors[i].Section) > ipcwire.MaxSectionID {
			t.finish(ipcwire.ErrNotExist)
			t.index, t.indexed = uint32(i), true
			return ipcwire.ErrNotExist
		}
		size += 2 + 8 + 8 + len(vectors[i].Section)
		t.reads = append(t.reads, readState{v: vectors[i]})
	}
	// The answer's fixed part has to fit as well.
	if size > ipcwire.MaxFrame-1024 || len(vectors)*ipcwire.CkptReadPartSize > ipcwire.MaxFrame/2 {
		t.finish(ipcwire.ErrNoResources)
		return ipcwire.ErrNoResources
	}
	err := t.sendRead(c)
	t.started(err)
	return err
}

// sendRead asks for what is still missing.
func (t *Transfer) sendRead(c *libais.Conn) ipcwire.Error {
	t.open = t.open[:0]
	t.read.Handle, t.read.Elements = t.handle, t.read.Elements[:0]
	for i := range t.reads {
		s := &t.reads[i]
		size := s.v.Size
		if s.known {
			if s.got == s.total {
				continue
			}
			size = s.total - s.got
		}
		t.open = append(t.open, i)
		t.read.Elements = append(t.read.Elements, ipcwire.CkptReadElement{
			Section: s.v.Section, Offset: s.v.Offset + s.got, Size: size,
		})
	}
	t.head = ipcwire.AppendCkptReadReq(t.head[:0], &t.read)
	clear(t.read.Elements)
	return c.Start(ipcwire.CkptRead, t.head)
}

// Next carries the transfer on after a request of it was done.
func (t *Transfer) Next(c *libais.Conn) Progress {
	if t.phase == over {
		return Done
	}
	if t.pause > 0 {
		t.pause = 0
		return t.begin(t.sendPiece(c))
	}
	err, body := c.Answer()
	switch t.phase {
	case staging:
		if err == ipcwire.ErrTryAgain && t.waited < pauseTotal {
			t.pause = min(max(t.waited, pauseFirst), pauseMost)
			t.waited += t.pause
			return Pause
		}
		if err != ipcwire.OK {
			return t.finish(err)
		}
		t.offset += t.sending
		t.waited = 0
		return t.begin(t.sendPiece(c))
	case reading:
		return t.nextRead(c, err, body)
	}
	t.takeResult(err, body)
	return t.finish(err)
}

func (t *Transfer) begin(err ipcwire.Error) Progress {
	if err != ipcwire.OK {
		return t.finish(err)
	}
	return Again
}

func (t *Transfer) takeResult(err ipcwire.Error, body []byte) {
	switch {
	case err == ipcwire.OK && t.op == ipcwire.CkptSectionCreate:
		var id ipcwire.CkptSectionID
		if ipcwire.DecodeCkptSectionID(body, &id) {
			t.section = id.Section
		}
	case err != ipcwire.OK && t.op == ipcwire.CkptWrite && len(body) > 0:
		t.takeIndex(body)
	}
}

func (t *Transfer) takeIndex(body []byte) {
	var v ipcwire.CkptVectorResult
	if ipcwire.DecodeCkptVectorResult(body, &v) {
		t.index, t.indexed = v.Index, true
	}
}

func (t *Transfer) nextRead(c *libais.Conn, err ipcwire.Error, body []byte) Progress {
	if err != ipcwire.OK {
		if len(body) > 0 {
			t.takeIndex(body)
			if t.indexed && int64(t.index) < int64(len(t.open)) {
				t.index = uint32(t.open[t.index])
			}
		}
		// What a first frame found may be gone by the next: then all begins anew.
		if t.attempt++; t.anyKnown() && t.indexed && t.attempt < attempts {
			t.index, t.indexed = 0, false
			t.forget()
			return t.begin(t.sendRead(c))
		}
		return t.finish(err)
	}
	a := &t.answer
	if !ipcwire.DecodeCkptReadResult(body, a) || len(a.Parts) != len(t.open) {
		return t.finish(ipcwire.ErrLibrary)
	}
	progress, missing := false, false
	for k, i := range t.open {
		s, p := &t.reads[i], a.Parts[k]
		data := a.Data[:p.Size]
		a.Data = a.Data[p.Size:]
		if s.known && (s.version != p.Version || p.Total != s.total-s.got) {
			if t.attempt++; t.attempt >= attempts {
				return t.finish(ipcwire.ErrTryAgain)
			}
			t.forget()
			return t.begin(t.sendRead(c))
		}
		// A part that the frame had no room for is not known: its section may change.
		if !s.known && (p.Size > 0 || p.Total == 0) {
			s.known, s.version, s.total = true, p.Version, p.Total
			if s.dst = t.place(i, p.Total); s.dst == nil && p.Total > 0 {
				return t.finish(ipcwire.ErrNoMemory)
			}
			progress = true
		}
		if s.got < uint64(len(s.dst)) {
			copy(s.dst[s.got:], data)
		}
		s.got += p.Size
		progress = progress || p.Size > 0
		missing = missing || !s.known || s.got < s.total
	}
	switch {
	case !missing:
		return t.finish(ipcwire.OK)
	case !progress:
		return t.finish(ipcwire.ErrLibrary)
	}
	return t.begin(t.sendRead(c))
}

func (t *Transfer) anyKnown() bool {
	for i := range t.reads {
		if t.reads[i].known {
			return true
		}
	}
	return false
}

func (t *Transfer) forget() {
	for i := range t.reads {
		t.reads[i] = readState{v: t.reads[i].v}
	}
}

func (t *Transfer) finish(err ipcwire.Error) Progress {
	t.phase, t.err, t.place = over, err, nil
	clear(t.parts)
	t.parts = t.parts[:0]
	for i := range t.reads {
		t.reads[i].v, t.reads[i].dst = ReadVector{}, nil // the caller's memory
	}
	return Done
}

// PauseFor is how many nanoseconds to wait after Pause.
func (t *Transfer) PauseFor() int64 { return t.pause }

// Result is the transfer's result. index is the wrong vector's when indexed.
func (t *Transfer) Result() (err ipcwire.Error, index uint32, indexed bool) {
	return t.err, t.index, t.indexed
}

// Section is the id of the section that was created. It is valid until the
// connection's next Start.
func (t *Transfer) Section() []byte { return t.section }

// ReadSize is how many bytes there were for vector i of a read that was OK. They
// are in the memory that place gave, as far as it reached.
func (t *Transfer) ReadSize(i int) uint64 { return t.reads[i].total }
