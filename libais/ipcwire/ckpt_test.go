package ipcwire

import (
	"testing"

	"pgregory.net/rapid"
)

func init() {
	bodies = append(bodies, ckptBodies...)
	for _, name := range []string{"ckpt section create", "ckpt overwrite", "ckpt stage"} {
		hasRest[name] = true
	}
}

func drawAttributes(t *rapid.T) CkptAttributes {
	return CkptAttributes{
		Flags: rapid.Uint32().Draw(t, "flags"), Size: rapid.Uint64().Draw(t, "size"),
		Retention: rapid.Int64().Draw(t, "retention"), MaxSections: rapid.Uint32().Draw(t, "sections"),
		MaxSectionSize: rapid.Uint64().Draw(t, "section size"), MaxSectionIDSize: rapid.Uint64().Draw(t, "id size"),
	}
}

func drawOpened(t *rapid.T) CkptOpened {
	return CkptOpened{rapid.Uint32().Draw(t, "handle"), drawAttributes(t)}
}

var ckptBodies = []body{
	bodyOf("ckpt attributes", drawAttributes, AppendCkptAttributes, DecodeCkptAttributes),
	bodyOf("ckpt open", func(t *rapid.T) CkptOpenReq {
		q := CkptOpenReq{Name: bytesGen(MaxName).Draw(t, "name"), Flags: rapid.Uint32().Draw(t, "f"),
			HasAttributes: rapid.Bool().Draw(t, "has"), Timeout: rapid.Int64().Draw(t, "t"), Invocation: rapid.Uint64().Draw(t, "i")}
		if q.HasAttributes {
			q.Attributes = drawAttributes(t)
		}
		return q
	}, AppendCkptOpenReq, DecodeCkptOpenReq),
	bodyOf("ckpt opened", drawOpened, AppendCkptOpened, DecodeCkptOpened),
	bodyOf("ckpt open result", func(t *rapid.T) CkptOpenResult {
		return CkptOpenResult{rapid.Uint64().Draw(t, "i"), Error(rapid.Uint32().Draw(t, "e")), drawOpened(t)}
	}, AppendCkptOpenResult, DecodeCkptOpenResult),
	bodyOf("ckpt synchronize result", func(t *rapid.T) CkptSynchronizeResult {
		return CkptSynchronizeResult{rapid.Uint32().Draw(t, "h"), rapid.Uint64().Draw(t, "i"), Error(rapid.Uint32().Draw(t, "e"))}
	}, AppendCkptSynchronizeResult, DecodeCkptSynchronizeResult),
	bodyOf("ckpt handle", func(t *rapid.T) CkptHandleReq { return CkptHandleReq{rapid.Uint32().Draw(t, "h")} },
		AppendCkptHandleReq, DecodeCkptHandleReq),
	bodyOf("ckpt time", func(t *rapid.T) CkptTimeReq {
		return CkptTimeReq{rapid.Uint32().Draw(t, "h"), rapid.Uint64().Draw(t, "t")}
	}, AppendCkptTimeReq, DecodeCkptTimeReq),
	bodyOf("ckpt unlink", func(t *rapid.T) CkptUnlinkReq { return CkptUnlinkReq{bytesGen(MaxName).Draw(t, "name")} },
		AppendCkptUnlinkReq, DecodeCkptUnlinkReq),
	bodyOf("ckpt status", func(t *rapid.T) CkptStatus {
		return CkptStatus{drawAttributes(t), rapid.Uint32().Draw(t, "n"), rapid.Uint64().Draw(t, "m")}
	}, AppendCkptStatus, DecodeCkptStatus),
	bodyOf("ckpt section", func(t *rapid.T) CkptSectionReq {
		return CkptSectionReq{rapid.Uint32().Draw(t, "h"), rapid.Int64().Draw(t, "t"), bytesGen(300).Draw(t, "id")}
	}, AppendCkptSectionReq, DecodeCkptSectionReq),
	bodyOf("ckpt section id", func(t *rapid.T) CkptSectionID { return CkptSectionID{bytesGen(300).Draw(t, "id")} },
		AppendCkptSectionID, DecodeCkptSectionID),
	bodyOf("ckpt section create", func(t *rapid.T) CkptSectionCreateReq {
		return CkptSectionCreateReq{rapid.Uint32().Draw(t, "h"), rapid.Int64().Draw(t, "t"),
			bytesGen(50).Draw(t, "id"), bytesGen(300).Draw(t, "data")}
	}, AppendCkptSectionCreateReq, DecodeCkptSectionCreateReq),
	bodyOf("ckpt overwrite", func(t *rapid.T) CkptOverwriteReq {
		return CkptOverwriteReq{rapid.Uint32().Draw(t, "h"), bytesGen(50).Draw(t, "id"), bytesGen(300).Draw(t, "data")}
	}, AppendCkptOverwriteReq, DecodeCkptOverwriteReq),
	bodyOf("ckpt write", func(t *rapid.T) CkptWriteReq {
		q := CkptWriteReq{Handle: rapid.Uint32().Draw(t, "h")}
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			data := bytesGen(80).Draw(t, "data")
			q.Elements = append(q.Elements, CkptWriteElement{bytesGen(20).Draw(t, "id"), rapid.Uint64().Draw(t, "o"), uint64(len(data))})
			q.Data = append(q.Data, data...)
		}
		return q
	}, AppendCkptWriteReq, DecodeCkptWriteReq),
	bodyOf("ckpt vector", func(t *rapid.T) CkptVectorResult { return CkptVectorResult{rapid.Uint32().Draw(t, "i")} },
		AppendCkptVectorResult, DecodeCkptVectorResult),
	bodyOf("ckpt read", func(t *rapid.T) CkptReadReq {
		q := CkptReadReq{Handle: rapid.Uint32().Draw(t, "h")}
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			q.Elements = append(q.Elements, CkptReadElement{bytesGen(20).Draw(t, "id"), rapid.Uint64().Draw(t, "o"), rapid.Uint64().Draw(t, "s")})
		}
		return q
	}, AppendCkptReadReq, DecodeCkptReadReq),
	bodyOf("ckpt read result", func(t *rapid.T) CkptReadResult {
		var a CkptReadResult
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			data := bytesGen(80).Draw(t, "data")
			total := rapid.Uint64Min(uint64(len(data))).Draw(t, "total")
			a.Parts = append(a.Parts, CkptReadPart{total, uint64(len(data)), rapid.Uint64().Draw(t, "v")})
			a.Data = append(a.Data, data...)
		}
		return a
	}, AppendCkptReadResult, DecodeCkptReadResult),
	bodyOf("ckpt iterate", func(t *rapid.T) CkptIterateReq {
		return CkptIterateReq{rapid.Uint32().Draw(t, "h"), rapid.Uint8().Draw(t, "c"), rapid.Int64().Draw(t, "e"),
			rapid.Uint64().Draw(t, "cursor"), rapid.Uint32().Draw(t, "max")}
	}, AppendCkptIterateReq, DecodeCkptIterateReq),
	bodyOf("ckpt sections", func(t *rapid.T) CkptSections {
		a := CkptSections{Cursor: rapid.Uint64().Draw(t, "cursor"), End: rapid.Bool().Draw(t, "end")}
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			a.Sections = append(a.Sections, CkptSection{bytesGen(20).Draw(t, "id"), rapid.Int64().Draw(t, "e"),
				rapid.Uint64().Draw(t, "size"), rapid.Uint8().Draw(t, "state"), rapid.Int64().Draw(t, "u")})
		}
		return a
	}, AppendCkptSections, DecodeCkptSections),
	bodyOf("ckpt stage", func(t *rapid.T) CkptStageReq {
		data := rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "data")
		offset := rapid.Uint64Max(1<<40).Draw(t, "o")
		return CkptStageReq{rapid.Uint32Min(1).Draw(t, "s"), offset + uint64(len(data)) + rapid.Uint64Max(1<<40).Draw(t, "more"), offset, data}
	}, AppendCkptStageReq, DecodeCkptStageReq),
	bodyOf("ckpt commit", func(t *rapid.T) CkptCommitReq {
		return CkptCommitReq{rapid.Uint32().Draw(t, "s"), Op(rapid.Uint16().Draw(t, "op")), rapid.Uint64().Draw(t, "t")}
	}, AppendCkptCommitReq, DecodeCkptCommitReq),
}

func TestWhatOpensACheckpoint(t *testing.T) {
	const rw = CkptOpenRead | CkptOpenWrite
	good := CkptAttributes{Flags: CkptAllReplicas, Size: 100, Retention: 1, MaxSections: 10, MaxSectionSize: 10, MaxSectionIDSize: 8}
	with := func(f func(*CkptAttributes)) *CkptAttributes {
		a := good
		f(&a)
		return &a
	}
	flags := func(v uint32) *CkptAttributes { return with(func(a *CkptAttributes) { a.Flags = v }) }
	for name, tc := range map[string]struct {
		name  string
		flags uint32
		attrs *CkptAttributes
		want  Error
	}{
		"create":                   {"n", rw | CkptOpenCreate, &good, OK},
		"create only":              {"n", CkptOpenCreate, &good, OK},
		"existing":                 {"n", CkptOpenRead, nil, OK},
		"no flag":                  {"n", 0, nil, ErrBadFlags},
		"unknown flag":             {"n", 8 | rw, nil, ErrBadFlags},
		"no name":                  {"", rw, nil, ErrInvalidParam},
		"long name":                {string(make([]byte, MaxName+1)), rw, nil, ErrInvalidParam},
		"longest name":             {string(make([]byte, MaxName)), rw, nil, OK},
		"create without":           {"n", rw | CkptOpenCreate, nil, ErrInvalidParam},
		"attributes only":          {"n", rw, &good, ErrInvalidParam},
		"active":                   {"n", rw | CkptOpenCreate, flags(CkptActiveReplica), OK},
		"weak":                     {"n", rw | CkptOpenCreate, flags(CkptActiveReplicaWeak), OK},
		"active collocated":        {"n", rw | CkptOpenCreate, flags(CkptActiveReplica | CkptCollocated), OK},
		"weak collocated":          {"n", rw | CkptOpenCreate, flags(CkptActiveReplicaWeak | CkptCollocated), OK},
		"all collocated":           {"n", rw | CkptOpenCreate, flags(CkptAllReplicas | CkptCollocated), OK},
		"all and active":           {"n", rw | CkptOpenCreate, flags(CkptAllReplicas | CkptActiveReplica), ErrInvalidParam},
		"all and weak":             {"n", rw | CkptOpenCreate, flags(CkptAllReplicas | CkptActiveReplicaWeak), ErrInvalidParam},
		"active and weak":          {"n", rw | CkptOpenCreate, flags(CkptActiveReplica | CkptActiveReplicaWeak), ErrInvalidParam},
		"no way of writing":        {"n", rw | CkptOpenCreate, flags(0), ErrInvalidParam},
		"unknown creation flag":    {"n", rw | CkptOpenCreate, flags(CkptAllReplicas | 16), ErrInvalidParam},
		"size beyond the sections": {"n", rw | CkptOpenCreate, with(func(a *CkptAttributes) { a.Size = 101 }), ErrInvalidParam},
		"no sections":              {"n", rw | CkptOpenCreate, with(func(a *CkptAttributes) { a.MaxSections, a.Size = 0, 0 }), ErrInvalidParam},
		"a product that does not fit": {"n", rw | CkptOpenCreate,
			with(func(a *CkptAttributes) { a.Size, a.MaxSectionSize = 1<<63, 1<<62 }), OK},
		"negative retention": {"n", rw | CkptOpenCreate, with(func(a *CkptAttributes) { a.Retention = -1 }), ErrInvalidParam},
	} {
		if got := CheckCkptOpen([]byte(tc.name), tc.flags, tc.attrs); got != tc.want {
			t.Errorf("%s: %v, not %v", name, got, tc.want)
		}
	}
}

// FuzzCkpt gives every body of the checkpoint service the same input.
func FuzzCkpt(f *testing.F) {
	for _, b := range ckptBodies {
		v := rapid.Custom(func(t *rapid.T) []byte { return b.encode(nil, b.draw(t)) }).Example(1)
		f.Add(v)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, b := range ckptBodies {
			checkCanonical(t, b, src)
		}
	})
}
