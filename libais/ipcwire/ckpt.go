package ipcwire

// This file is the checkpoint service's part of the protocol: operations, bodies
// and their encoding, by the rules at the head of codec.go. Flags and numbers are
// those of B.01.01; the C front translates A.01.01's (its COLOCATED is an open
// flag, it has no CREATE: attributes given mean create).
//
// A handle is a checkpoint opened on this connection; the executive chooses it.
// A section is named by its id, 0 to 65535 bytes; the empty id is the default
// section, and in CkptSectionCreate the wish for a generated one.
//
// A request whose body is larger than the executive's MaxMessage (in the welcome)
// is staged: its body goes in pieces as CkptStage, all with one number that the
// library chooses, then CkptCommit has it done, whole or not at all, and is
// answered as the request would have been. A connection has one body staged at a
// time; another number drops it, as does a configuration change: CkptCommit is
// then answered ErrTryAgain and the body must be staged again.
//
// An answer to CkptRead that does not fit a frame is cut; see CkptReadPart.

// Operations of CKPT. A request to a handle that this connection has not open, or
// whose checkpoint was lost (the last complete replica died, or another one of
// the same name won when partitions merged), is answered ErrBadHandle.
const (
	CkptOpen                 Op = 0x301 // request CkptOpenReq, response CkptOpened
	CkptOpenAsync            Op = 0x302 // request CkptOpenReq; the result comes as CkptOpenCallback
	CkptClose                Op = 0x303 // request CkptHandleReq
	CkptUnlink               Op = 0x304 // request CkptUnlinkReq
	CkptRetentionSet         Op = 0x305 // request CkptTimeReq, Time the duration
	CkptActiveReplicaSet     Op = 0x306 // request CkptHandleReq
	CkptStatusGet            Op = 0x307 // request CkptHandleReq, response CkptStatus
	CkptSectionCreate        Op = 0x308 // request CkptSectionCreateReq, response CkptSectionID
	CkptSectionDelete        Op = 0x309 // request CkptSectionReq, Time 0
	CkptSectionExpirationSet Op = 0x30A // request CkptSectionReq, Time the absolute expiration time
	CkptSectionIterate       Op = 0x30B // request CkptIterateReq, response CkptSections
	CkptWrite                Op = 0x30C // request CkptWriteReq, response CkptVectorResult when a vector is wrong
	CkptOverwrite            Op = 0x30D // request CkptOverwriteReq
	CkptRead                 Op = 0x30E // request CkptReadReq, response CkptReadResult, or CkptVectorResult when a vector is wrong
	CkptSynchronize          Op = 0x30F // request CkptTimeReq, Time the timeout
	CkptSynchronizeAsync     Op = 0x310 // request CkptTimeReq, Time the invocation; the result comes as CkptSynchronizeCallback
	CkptStage                Op = 0x311 // request CkptStageReq; answered when it is on its way
	CkptCommit               Op = 0x312 // request CkptCommitReq, response that of its Op

	CkptOpenCallback        Op = 0x381 // body CkptOpenResult
	CkptSynchronizeCallback Op = 0x382 // body CkptSynchronizeResult
)

// Open flags and creation flags of B.01.01.
const (
	CkptOpenRead   uint32 = 1
	CkptOpenWrite  uint32 = 2
	CkptOpenCreate uint32 = 4

	CkptAllReplicas       uint32 = 1
	CkptActiveReplica     uint32 = 2
	CkptActiveReplicaWeak uint32 = 4
	CkptCollocated        uint32 = 8
)

// What sections an iteration chooses (SaCkptSectionsChosenT), and the states of a
// section (SaCkptSectionStateT).
const (
	CkptForever   uint8 = 1 // expiration time is CkptTimeEnd
	CkptLEQ       uint8 = 2 // expiration time at most the given one
	CkptGEQ       uint8 = 3 // expiration time at least the given one
	CkptCorrupted uint8 = 4
	CkptAny       uint8 = 5

	CkptSectionValid uint8 = 1
)

// CkptTimeEnd is SA_TIME_END: never.
const CkptTimeEnd int64 = 1<<63 - 1

// MaxSectionID is the longest section id in bytes.
const MaxSectionID = 1<<16 - 1

// CkptToEnd as a CkptReadElement's Size asks for all that there is.
const CkptToEnd uint64 = 1<<64 - 1

// CkptAttributes are the creation attributes. Sizes are bytes, Retention is
// nanoseconds.
type CkptAttributes struct {
	Flags            uint32
	Size             uint64
	Retention        int64
	MaxSections      uint32
	MaxSectionSize   uint64
	MaxSectionIDSize uint64
}

// CkptOpenReq opens a checkpoint. Create is in Flags exactly when HasAttributes;
// without them Attributes is zero. Timeout in nanoseconds, remaining when sent, 0
// or less for the executive's default: the executive answers ErrTimeout by itself,
// and what is opened later all the same is closed again. Invocation and no
// timeout for the asynchronous form.
type CkptOpenReq struct {
	Name          []byte // 1 to MaxName bytes
	Flags         uint32
	HasAttributes bool
	Attributes    CkptAttributes
	Timeout       int64
	Invocation    uint64
}

// CkptOpened is an open checkpoint. Attributes are those of its creation; the
// retention may be another by now.
type CkptOpened struct {
	Handle     uint32
	Attributes CkptAttributes
}

// CkptOpenResult is the body of CkptOpenCallback; Opened is zero unless Error is OK.
type CkptOpenResult struct {
	Invocation uint64
	Error      Error
	Opened     CkptOpened
}

// CkptSynchronizeResult is the body of CkptSynchronizeCallback. A library drops it
// when it has closed the handle: what was on its way then has no effect any more.
type CkptSynchronizeResult struct {
	Handle     uint32
	Invocation uint64
	Error      Error
}

// CkptHandleReq names a handle.
type CkptHandleReq struct{ Handle uint32 }

// CkptTimeReq names a handle and a time or an invocation, as the operation says.
type CkptTimeReq struct {
	Handle uint32
	Time   uint64
}

// CkptUnlinkReq names a checkpoint.
type CkptUnlinkReq struct{ Name []byte }

// CkptStatus is a checkpoint's descriptor; Attributes.Retention is the current one.
type CkptStatus struct {
	Attributes CkptAttributes
	Sections   uint32
	MemoryUsed uint64 // bytes of section data
}

// CkptSectionReq names a section; Time as the operation says.
type CkptSectionReq struct {
	Handle  uint32
	Time    int64
	Section []byte
}

// CkptSectionID is a section's id.
type CkptSectionID struct{ Section []byte }

// CkptSectionCreateReq creates a section. Section empty: the executive generates
// the id. Expiration is absolute, nanoseconds since 1970, CkptTimeEnd for never.
// Data reaches to the end of the body.
type CkptSectionCreateReq struct {
	Handle     uint32
	Expiration int64
	Section    []byte
	Data       []byte
}

// CkptOverwriteReq replaces a section's content. Data reaches to the end of the body.
type CkptOverwriteReq struct {
	Handle  uint32
	Section []byte
	Data    []byte
}

// CkptWriteElement is one vector of a write. Its data lies in the request's Data
// behind that of the vectors before it.
type CkptWriteElement struct {
	Section []byte
	Offset  uint64
	Size    uint64
}

// CkptWriteReq writes to sections: all vectors or none. Data reaches to the end of
// the body and has as many bytes as the vectors together.
type CkptWriteReq struct {
	Handle   uint32
	Elements []CkptWriteElement
	Data     []byte
}

// CkptVectorResult tells which vector was wrong.
type CkptVectorResult struct{ Index uint32 }

// CkptReadElement is one vector of a read. Size may exceed what there is.
type CkptReadElement struct {
	Section []byte
	Offset  uint64
	Size    uint64
}

// CkptReadReq reads from sections, all at one point of the order of writes.
type CkptReadReq struct {
	Handle   uint32
	Elements []CkptReadElement
}

// CkptReadPart is what was read for a vector. Total is how many bytes there are
// for it (its readSize), Size how many of them are in this answer: less when the
// frame was full, and the rest is asked for with another request at an Offset
// that is larger by Size. Version names the section's content: parts with one
// Version are of one content.
type CkptReadPart struct {
	Total   uint64
	Size    uint64
	Version uint64
}

// CkptReadResult answers a read: a part for each vector, their data one behind
// the other to the end of the body.
type CkptReadResult struct {
	Parts []CkptReadPart
	Data  []byte
}

// CkptIterateReq asks for sections. Cursor is 0 in the first request and the
// answer's Cursor in the next. Max is how many sections are wanted at most, at
// least 1; the answer may have fewer before the end.
type CkptIterateReq struct {
	Handle     uint32
	Chosen     uint8
	Expiration int64
	Cursor     uint64
	Max        uint32
}

// CkptSection is a section's descriptor. Times are nanoseconds since 1970.
type CkptSection struct {
	Section    []byte
	Expiration int64
	Size       uint64
	State      uint8
	LastUpdate int64
}

// CkptSections answers CkptIterateReq. End: there are no more after these. An
// iteration gives each section that exists all the while exactly once, in the
// order of creation; what is created or deleted meanwhile may be in it or not.
type CkptSections struct {
	Cursor   uint64
	End      bool
	Sections []CkptSection
}

// CkptStageReq is a piece of a body. Total is the size of the whole body, Offset
// that of all pieces before. Data reaches to the end.
type CkptStageReq struct {
	Stage  uint32 // not 0
	Total  uint64
	Offset uint64
	Data   []byte
}

// CkptCommitReq has a staged body done as a request Op (CkptSectionCreate,
// CkptWrite or CkptOverwrite).
type CkptCommitReq struct {
	Stage uint32
	Op    Op
	Total uint64
}

func appendSectionID(dst, id []byte) []byte {
	id = id[:min(len(id), MaxSectionID)]
	return append(appendU16(dst, uint16(len(id))), id...)
}

func (r *reader) sectionID() []byte { return r.take(int(r.u16())) }

func appendAttributes(dst []byte, a *CkptAttributes) []byte {
	dst = appendU32(dst, a.Flags)
	dst = appendU64(dst, a.Size)
	dst = appendU64(dst, uint64(a.Retention))
	dst = appendU32(dst, a.MaxSections)
	dst = appendU64(dst, a.MaxSectionSize)
	return appendU64(dst, a.MaxSectionIDSize)
}

func (r *reader) attributes(a *CkptAttributes) {
	*a = CkptAttributes{
		Flags: r.u32(), Size: r.u64(), Retention: int64(r.u64()),
		MaxSections: r.u32(), MaxSectionSize: r.u64(), MaxSectionIDSize: r.u64(),
	}
}

// AppendCkptAttributes appends creation attributes.
func AppendCkptAttributes(dst []byte, a *CkptAttributes) []byte { return appendAttributes(dst, a) }

// DecodeCkptAttributes reads creation attributes.
func DecodeCkptAttributes(src []byte, a *CkptAttributes) bool {
	r := reader{b: src}
	r.attributes(a)
	return r.end()
}

// AppendCkptOpenReq appends a request to open. Attributes are not written
// without HasAttributes.
func AppendCkptOpenReq(dst []byte, q *CkptOpenReq) []byte {
	dst = appendName(dst, q.Name)
	dst = appendU32(dst, q.Flags)
	dst = appendBool(dst, q.HasAttributes)
	if q.HasAttributes {
		dst = appendAttributes(dst, &q.Attributes)
	}
	dst = appendU64(dst, uint64(q.Timeout))
	return appendU64(dst, q.Invocation)
}

// CkptOpenTimeout returns where in an encoded request the timeout is, nil if it is
// none that decodes.
func CkptOpenTimeout(src []byte) []byte {
	var q CkptOpenReq
	if !DecodeCkptOpenReq(src, &q) {
		return nil
	}
	return src[len(src)-16 : len(src)-8] // before the invocation
}

// DecodeCkptOpenReq reads a request to open.
func DecodeCkptOpenReq(src []byte, q *CkptOpenReq) bool {
	r := reader{b: src}
	*q = CkptOpenReq{Name: r.name(), Flags: r.u32(), HasAttributes: r.bool()}
	if q.HasAttributes {
		r.attributes(&q.Attributes)
	}
	q.Timeout, q.Invocation = int64(r.u64()), r.u64()
	return r.end()
}

// AppendCkptOpened appends the answer to CkptOpen.
func AppendCkptOpened(dst []byte, o *CkptOpened) []byte {
	return appendAttributes(appendU32(dst, o.Handle), &o.Attributes)
}

// DecodeCkptOpened reads the answer to CkptOpen.
func DecodeCkptOpened(src []byte, o *CkptOpened) bool {
	r := reader{b: src}
	o.Handle = r.u32()
	r.attributes(&o.Attributes)
	return r.end()
}

// AppendCkptOpenResult appends a CkptOpenCallback.
func AppendCkptOpenResult(dst []byte, a *CkptOpenResult) []byte {
	dst = appendU32(appendU64(dst, a.Invocation), uint32(a.Error))
	return AppendCkptOpened(dst, &a.Opened)
}

// DecodeCkptOpenResult reads a CkptOpenCallback.
func DecodeCkptOpenResult(src []byte, a *CkptOpenResult) bool {
	r := reader{b: src}
	a.Invocation, a.Error = r.u64(), Error(r.u32())
	a.Opened.Handle = r.u32()
	r.attributes(&a.Opened.Attributes)
	return r.end()
}

// AppendCkptSynchronizeResult appends a CkptSynchronizeCallback.
func AppendCkptSynchronizeResult(dst []byte, a *CkptSynchronizeResult) []byte {
	return appendU32(appendU64(appendU32(dst, a.Handle), a.Invocation), uint32(a.Error))
}

// DecodeCkptSynchronizeResult reads a CkptSynchronizeCallback.
func DecodeCkptSynchronizeResult(src []byte, a *CkptSynchronizeResult) bool {
	r := reader{b: src}
	*a = CkptSynchronizeResult{Handle: r.u32(), Invocation: r.u64(), Error: Error(r.u32())}
	return r.end()
}

// AppendCkptHandleReq appends a handle.
func AppendCkptHandleReq(dst []byte, q *CkptHandleReq) []byte { return appendU32(dst, q.Handle) }

// DecodeCkptHandleReq reads a handle.
func DecodeCkptHandleReq(src []byte, q *CkptHandleReq) bool {
	r := reader{b: src}
	q.Handle = r.u32()
	return r.end()
}

// AppendCkptTimeReq appends a handle and a time.
func AppendCkptTimeReq(dst []byte, q *CkptTimeReq) []byte {
	return appendU64(appendU32(dst, q.Handle), q.Time)
}

// CkptTime returns where in an encoded request the time is, nil if it is none that
// decodes.
func CkptTime(src []byte) []byte {
	var q CkptTimeReq
	if !DecodeCkptTimeReq(src, &q) {
		return nil
	}
	return src[4:12]
}

// DecodeCkptTimeReq reads a handle and a time.
func DecodeCkptTimeReq(src []byte, q *CkptTimeReq) bool {
	r := reader{b: src}
	*q = CkptTimeReq{Handle: r.u32(), Time: r.u64()}
	return r.end()
}

// AppendCkptUnlinkReq appends a name.
func AppendCkptUnlinkReq(dst []byte, q *CkptUnlinkReq) []byte { return appendName(dst, q.Name) }

// DecodeCkptUnlinkReq reads a name.
func DecodeCkptUnlinkReq(src []byte, q *CkptUnlinkReq) bool {
	r := reader{b: src}
	q.Name = r.name()
	return r.end()
}

// AppendCkptStatus appends a checkpoint's descriptor.
func AppendCkptStatus(dst []byte, s *CkptStatus) []byte {
	dst = appendAttributes(dst, &s.Attributes)
	return appendU64(appendU32(dst, s.Sections), s.MemoryUsed)
}

// DecodeCkptStatus reads a checkpoint's descriptor.
func DecodeCkptStatus(src []byte, s *CkptStatus) bool {
	r := reader{b: src}
	r.attributes(&s.Attributes)
	s.Sections, s.MemoryUsed = r.u32(), r.u64()
	return r.end()
}

// AppendCkptSectionReq appends a section's name and a time.
func AppendCkptSectionReq(dst []byte, q *CkptSectionReq) []byte {
	dst = appendU64(appendU32(dst, q.Handle), uint64(q.Time))
	return appendSectionID(dst, q.Section)
}

// DecodeCkptSectionReq reads a section's name and a time.
func DecodeCkptSectionReq(src []byte, q *CkptSectionReq) bool {
	r := reader{b: src}
	*q = CkptSectionReq{Handle: r.u32(), Time: int64(r.u64()), Section: r.sectionID()}
	return r.end()
}

// AppendCkptSectionID appends a section's id.
func AppendCkptSectionID(dst []byte, s *CkptSectionID) []byte { return appendSectionID(dst, s.Section) }

// DecodeCkptSectionID reads a section's id.
func DecodeCkptSectionID(src []byte, s *CkptSectionID) bool {
	r := reader{b: src}
	s.Section = r.sectionID()
	return r.end()
}

// AppendCkptSectionCreateHead appends all of a section's creation but its data,
// which follows to the end of the body.
func AppendCkptSectionCreateHead(dst []byte, q *CkptSectionCreateReq) []byte {
	dst = appendU64(appendU32(dst, q.Handle), uint64(q.Expiration))
	return appendSectionID(dst, q.Section)
}

// AppendCkptSectionCreateReq appends a section's creation.
func AppendCkptSectionCreateReq(dst []byte, q *CkptSectionCreateReq) []byte {
	return append(AppendCkptSectionCreateHead(dst, q), q.Data...)
}

// DecodeCkptSectionCreateReq reads a section's creation.
func DecodeCkptSectionCreateReq(src []byte, q *CkptSectionCreateReq) bool {
	r := reader{b: src}
	*q = CkptSectionCreateReq{Handle: r.u32(), Expiration: int64(r.u64()), Section: r.sectionID(), Data: r.rest()}
	return r.end()
}

// AppendCkptOverwriteHead appends all of an overwrite but its data.
func AppendCkptOverwriteHead(dst []byte, q *CkptOverwriteReq) []byte {
	return appendSectionID(appendU32(dst, q.Handle), q.Section)
}

// AppendCkptOverwriteReq appends an overwrite.
func AppendCkptOverwriteReq(dst []byte, q *CkptOverwriteReq) []byte {
	return append(AppendCkptOverwriteHead(dst, q), q.Data...)
}

// DecodeCkptOverwriteReq reads an overwrite.
func DecodeCkptOverwriteReq(src []byte, q *CkptOverwriteReq) bool {
	r := reader{b: src}
	*q = CkptOverwriteReq{Handle: r.u32(), Section: r.sectionID(), Data: r.rest()}
	return r.end()
}

// ckptElementMin is the least a vector takes.
const ckptElementMin = 2 + 8 + 8

// MaxCkptVectors is the most vectors of a request.
const MaxCkptVectors = MaxFrame / ckptElementMin

// AppendCkptWriteHead appends all of a write but its data.
func AppendCkptWriteHead(dst []byte, q *CkptWriteReq) []byte {
	elements := q.Elements[:min(len(q.Elements), MaxCkptVectors)]
	dst = appendU32(dst, q.Handle)
	dst = appendU32(dst, uint32(len(elements)))
	for i := range elements {
		dst = appendSectionID(dst, elements[i].Section)
		dst = appendU64(appendU64(dst, elements[i].Offset), elements[i].Size)
	}
	return dst
}

// AppendCkptWriteReq appends a write.
func AppendCkptWriteReq(dst []byte, q *CkptWriteReq) []byte {
	return append(AppendCkptWriteHead(dst, q), q.Data...)
}

// DecodeCkptWriteReq reads a write: false also when Data has another size than
// the vectors together.
func DecodeCkptWriteReq(src []byte, q *CkptWriteReq) bool {
	r := reader{b: src}
	q.Handle = r.u32()
	q.Elements = resize(q.Elements, r.count(ckptElementMin, MaxCkptVectors))
	var size uint64
	for i := range q.Elements {
		q.Elements[i] = CkptWriteElement{Section: r.sectionID(), Offset: r.u64(), Size: r.u64()}
		n := q.Elements[i].Size
		if r.bad || n > uint64(len(src)) || size+n > uint64(len(src)) {
			return false
		}
		size += n
	}
	q.Data = r.rest()
	return r.end() && uint64(len(q.Data)) == size
}

// AppendCkptVectorResult appends the index of a wrong vector.
func AppendCkptVectorResult(dst []byte, a *CkptVectorResult) []byte { return appendU32(dst, a.Index) }

// DecodeCkptVectorResult reads the index of a wrong vector.
func DecodeCkptVectorResult(src []byte, a *CkptVectorResult) bool {
	r := reader{b: src}
	a.Index = r.u32()
	return r.end()
}

// AppendCkptReadReq appends a read.
func AppendCkptReadReq(dst []byte, q *CkptReadReq) []byte {
	elements := q.Elements[:min(len(q.Elements), MaxCkptVectors)]
	dst = appendU32(dst, q.Handle)
	dst = appendU32(dst, uint32(len(elements)))
	for i := range elements {
		dst = appendSectionID(dst, elements[i].Section)
		dst = appendU64(appendU64(dst, elements[i].Offset), elements[i].Size)
	}
	return dst
}

// DecodeCkptReadReq reads a read.
func DecodeCkptReadReq(src []byte, q *CkptReadReq) bool {
	r := reader{b: src}
	q.Handle = r.u32()
	q.Elements = resize(q.Elements, r.count(ckptElementMin, MaxCkptVectors))
	for i := range q.Elements {
		q.Elements[i] = CkptReadElement{Section: r.sectionID(), Offset: r.u64(), Size: r.u64()}
		if r.bad {
			return false
		}
	}
	return r.end()
}

// CkptReadPartSize is what a part takes before the data.
const CkptReadPartSize = 8 + 8 + 8

// AppendCkptReadHead appends all of a read's answer but the data.
func AppendCkptReadHead(dst []byte, a *CkptReadResult) []byte {
	parts := a.Parts[:min(len(a.Parts), MaxCkptVectors)]
	dst = appendU32(dst, uint32(len(parts)))
	for i := range parts {
		dst = appendU64(appendU64(appendU64(dst, parts[i].Total), parts[i].Size), parts[i].Version)
	}
	return dst
}

// AppendCkptReadResult appends a read's answer.
func AppendCkptReadResult(dst []byte, a *CkptReadResult) []byte {
	return append(AppendCkptReadHead(dst, a), a.Data...)
}

// DecodeCkptReadResult reads a read's answer: false also when a part has more
// bytes than its total, or Data another size than the parts together.
func DecodeCkptReadResult(src []byte, a *CkptReadResult) bool {
	r := reader{b: src}
	a.Parts = resize(a.Parts, r.count(CkptReadPartSize, MaxCkptVectors))
	var size uint64
	for i := range a.Parts {
		p := CkptReadPart{Total: r.u64(), Size: r.u64(), Version: r.u64()}
		if r.bad || p.Size > p.Total || p.Size > uint64(len(src)) || size+p.Size > uint64(len(src)) {
			return false
		}
		size += p.Size
		a.Parts[i] = p
	}
	a.Data = r.rest()
	return r.end() && uint64(len(a.Data)) == size
}

// AppendCkptIterateReq appends a request for sections.
func AppendCkptIterateReq(dst []byte, q *CkptIterateReq) []byte {
	dst = append(appendU32(dst, q.Handle), q.Chosen)
	dst = appendU64(appendU64(dst, uint64(q.Expiration)), q.Cursor)
	return appendU32(dst, q.Max)
}

// DecodeCkptIterateReq reads a request for sections.
func DecodeCkptIterateReq(src []byte, q *CkptIterateReq) bool {
	r := reader{b: src}
	*q = CkptIterateReq{Handle: r.u32(), Chosen: r.u8(), Expiration: int64(r.u64()), Cursor: r.u64(), Max: r.u32()}
	return r.end()
}

// CkptSectionHead is what a descriptor takes beside its id.
const CkptSectionHead = 2 + 8 + 8 + 1 + 8

// CkptSectionsHead is what CkptSections takes beside its descriptors.
const CkptSectionsHead = 8 + 1 + 4

// AppendCkptSections appends descriptors of sections.
func AppendCkptSections(dst []byte, a *CkptSections) []byte {
	list := a.Sections[:min(len(a.Sections), MaxFrame/CkptSectionHead)]
	dst = appendBool(appendU64(dst, a.Cursor), a.End)
	dst = appendU32(dst, uint32(len(list)))
	for i := range list {
		s := &list[i]
		dst = appendSectionID(dst, s.Section)
		dst = appendU64(appendU64(dst, uint64(s.Expiration)), s.Size)
		dst = appendU64(append(dst, s.State), uint64(s.LastUpdate))
	}
	return dst
}

// DecodeCkptSections reads descriptors of sections.
func DecodeCkptSections(src []byte, a *CkptSections) bool {
	r := reader{b: src}
	a.Cursor, a.End = r.u64(), r.bool()
	a.Sections = resize(a.Sections, r.count(CkptSectionHead, MaxFrame/CkptSectionHead))
	for i := range a.Sections {
		a.Sections[i] = CkptSection{
			Section: r.sectionID(), Expiration: int64(r.u64()), Size: r.u64(), State: r.u8(), LastUpdate: int64(r.u64()),
		}
		if r.bad {
			return false
		}
	}
	return r.end()
}

// AppendCkptStageHead appends all of a piece but its data.
func AppendCkptStageHead(dst []byte, q *CkptStageReq) []byte {
	return appendU64(appendU64(appendU32(dst, q.Stage), q.Total), q.Offset)
}

// AppendCkptStageReq appends a piece of a body.
func AppendCkptStageReq(dst []byte, q *CkptStageReq) []byte {
	return append(AppendCkptStageHead(dst, q), q.Data...)
}

// DecodeCkptStageReq reads a piece of a body: false also when it is empty or
// reaches beyond the total.
func DecodeCkptStageReq(src []byte, q *CkptStageReq) bool {
	r := reader{b: src}
	*q = CkptStageReq{Stage: r.u32(), Total: r.u64(), Offset: r.u64(), Data: r.rest()}
	n := uint64(len(q.Data))
	return r.end() && q.Stage != 0 && n > 0 && n <= q.Total && q.Offset <= q.Total-n
}

// AppendCkptCommitReq appends the end of a staged request.
func AppendCkptCommitReq(dst []byte, q *CkptCommitReq) []byte {
	return appendU64(appendU16(appendU32(dst, q.Stage), uint16(q.Op)), q.Total)
}

// DecodeCkptCommitReq reads the end of a staged request.
func DecodeCkptCommitReq(src []byte, q *CkptCommitReq) bool {
	r := reader{b: src}
	*q = CkptCommitReq{Stage: r.u32(), Op: Op(r.u16()), Total: r.u64()}
	return r.end()
}

// CheckCkptOpen is the rule for what opens a checkpoint; library and executive
// both apply it. attrs is nil without creation attributes.
//
//	ErrBadFlags      no flag, or an unknown one
//	ErrInvalidParam  name empty or longer than MaxName; create without attributes or
//	                 attributes without create; creation flags unknown, or not
//	                 exactly one of the three ways of writing; no section allowed;
//	                 a size beyond all sections together; a negative retention
func CheckCkptOpen(name []byte, flags uint32, attrs *CkptAttributes) Error {
	switch {
	case flags == 0 || flags&^(CkptOpenRead|CkptOpenWrite|CkptOpenCreate) != 0:
		return ErrBadFlags
	case len(name) == 0 || len(name) > MaxName:
		return ErrInvalidParam
	case (attrs != nil) != (flags&CkptOpenCreate != 0):
		return ErrInvalidParam
	case attrs == nil:
		return OK
	}
	if attrs.Flags&^(CkptAllReplicas|CkptActiveReplica|CkptActiveReplicaWeak|CkptCollocated) != 0 {
		return ErrInvalidParam
	}
	switch attrs.Flags &^ CkptCollocated {
	case CkptAllReplicas, CkptActiveReplica, CkptActiveReplicaWeak:
	default:
		return ErrInvalidParam
	}
	if attrs.MaxSections == 0 || attrs.Retention < 0 {
		return ErrInvalidParam
	}
	// Divided, because the product may not fit.
	if n := uint64(attrs.MaxSections); attrs.MaxSectionSize <= (1<<64-1)/n && attrs.Size > attrs.MaxSectionSize*n {
		return ErrInvalidParam
	}
	return OK
}
