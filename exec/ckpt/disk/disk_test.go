package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ais/exec/ckpt"
	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"

	"golang.org/x/sys/unix"
)

const wallBase = int64(1_000_000_000 * 1e9)

// world is a cluster whose nodes keep checkpoints in directories.
type world struct {
	*servicetest.Cluster
	t      testing.TB
	dir    string
	nodes  map[wire.NodeID]*node
	starts uint64
}

type node struct {
	svc    *ckpt.Service
	store  *Store
	found  *Found
	posted chan func()
}

func newWorld(t testing.TB) *world {
	w := &world{Cluster: servicetest.New(), t: t, dir: t.TempDir(), nodes: map[wire.NodeID]*node{}}
	t.Cleanup(func() { // nobody writes while the directory is removed
		for _, n := range w.nodes {
			n.store.Close()
		}
	})
	return w
}

func (w *world) path(id wire.NodeID) string { return filepath.Join(w.dir, fmt.Sprint("n", id)) }

func (w *world) start(id wire.NodeID) *node {
	w.t.Helper()
	n := &node{posted: make(chan func(), 16)}
	store, found, err := Open(Options{Dir: w.path(id), Post: func(f func()) { n.posted <- f }})
	if err != nil {
		w.t.Fatal(err)
	}
	n.store, n.found = store, found
	n.svc = ckpt.New(ckpt.Options{
		Now: w.Now, Wall: func() int64 { return wallBase + w.Now() }, Memory: 1 << 30,
		Store: store, Restored: found.Image,
	})
	w.nodes[id] = n
	w.starts++
	w.Add(id, w.starts, []service.Service{n.svc}, func(g *gmi.Options, _ *service.Options) { g.MaxMessage = 1<<20 + 8<<10 })
	return n
}

func (w *world) form(ids ...wire.NodeID) {
	var list []*servicetest.Node
	for _, id := range ids {
		list = append(list, w.Node(id))
	}
	w.Form(list)
	w.Run()
}

// save lets time pass until what a node has is on disk, or could not be written.
func (w *world) save(id wire.NodeID) {
	w.t.Helper()
	n := w.nodes[id]
	for range 10 {
		w.Advance(ckpt.DefaultSaveDelay)
		w.Run()
		st := n.svc.Stats()
		if st.Cuts > st.Saves+st.SaveFailures {
			(<-n.posted)()
			w.Run()
		}
		if unsaved, failing := n.svc.Unsaved(); !unsaved || failing {
			return
		}
	}
	w.t.Fatalf("node %d does not save: %+v", id, n.svc.Stats())
}

// end ends a node as SIGTERM does, or, unless it is given time, as SIGKILL does.
func (w *world) end(id wire.NodeID, time bool) {
	n := w.nodes[id]
	if time {
		done := false
		for n.svc.SaveLast(func() { done = true }); !done; {
			(<-n.posted)()
		}
	}
	w.Kill(w.Node(id))
	n.store.Close()
	delete(w.nodes, id)
}

type client struct {
	w *world
	c *servicetest.Conn
}

func (w *world) connect(id wire.NodeID) *client {
	w.t.Helper()
	c, err := w.Node(id).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	if err != ipcwire.OK {
		w.t.Fatal(err)
	}
	return &client{w, c}
}

func (c *client) ask(op ipcwire.Op, body []byte) {
	c.w.t.Helper()
	c.c.Request(op, body)
	c.w.Run()
	if r, ok := c.c.Answer(); !ok || r.Err != ipcwire.OK {
		c.w.t.Fatalf("%#x: %v %s", op, ok, r.Err)
	}
}

func (c *client) open(name string, retention int64) {
	c.w.t.Helper()
	c.ask(ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{
		Name: []byte(name), Flags: 7, HasAttributes: true, Timeout: 1 << 60, Attributes: ipcwire.CkptAttributes{
			Flags: ipcwire.CkptAllReplicas, Size: 1 << 22, Retention: retention, MaxSections: 100, MaxSectionSize: 1 << 21, MaxSectionIDSize: 32,
		},
	}))
}

func (c *client) create(handle uint32, id string, data []byte) {
	c.w.t.Helper()
	c.ask(ipcwire.CkptSectionCreate, ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
		Handle: handle, Section: []byte(id), Data: data, Expiration: ipcwire.CkptTimeEnd,
	}))
}

func (c *client) overwrite(handle uint32, id string, data []byte) {
	c.w.t.Helper()
	c.ask(ipcwire.CkptOverwrite, ipcwire.AppendCkptOverwriteReq(nil, &ipcwire.CkptOverwriteReq{Handle: handle, Section: []byte(id), Data: data}))
}

func (c *client) write(handle uint32, id string, offset int, data string) {
	c.w.t.Helper()
	c.ask(ipcwire.CkptWrite, ipcwire.AppendCkptWriteReq(nil, &ipcwire.CkptWriteReq{Handle: handle, Data: []byte(data),
		Elements: []ipcwire.CkptWriteElement{{Section: []byte(id), Offset: uint64(offset), Size: uint64(len(data))}}}))
}

func (c *client) remove(handle uint32, id string) {
	c.w.t.Helper()
	c.ask(ipcwire.CkptSectionDelete, ipcwire.AppendCkptSectionReq(nil, &ipcwire.CkptSectionReq{Handle: handle, Section: []byte(id)}))
}

// text is what a service has, digests of contents included, without who has it open.
func text(svc *ckpt.Service) string {
	var b strings.Builder
	for _, i := range svc.Overview().Checkpoints {
		fmt.Fprintf(&b, "%s %v %d bytes\n", i.Name, time.Duration(i.Attributes.Retention), i.Bytes)
		list, _ := svc.Sections(i.Name)
		for _, s := range list {
			fmt.Fprintf(&b, "  %s %d %x\n", s.ID, s.Size, s.Digest)
		}
	}
	return b.String()
}

// describe is text of an image.
func describe(t *testing.T, img *ckpt.Image) string {
	t.Helper()
	if img == nil {
		return ""
	}
	c := servicetest.New()
	svc := ckpt.New(ckpt.Options{Now: c.Now, Wall: func() int64 { return wallBase }, Memory: 1 << 30, Restored: img})
	c.Add(1, 1, []service.Service{svc})
	return text(svc)
}

func (w *world) file(id wire.NodeID) string {
	w.t.Helper()
	list, err := filepath.Glob(filepath.Join(w.path(id), prefix+"*"))
	if err != nil || len(list) != 1 {
		all, _ := os.ReadDir(w.path(id))
		w.t.Fatalf("files %v, %v, of %v; %+v; log %v", list, err, all, w.nodes[id].svc.Stats(), w.Log)
	}
	return list[0]
}

func TestCheckpointsOutliveAStopOfAllNodes(t *testing.T) {
	for _, nodes := range []int{1, 3} {
		for _, gently := range []bool{true, false} {
			w := newWorld(t)
			var ids []wire.NodeID
			for i := range nodes {
				ids = append(ids, wire.NodeID(i+1))
				w.start(wire.NodeID(i + 1))
			}
			w.form(ids...)
			c := w.connect(1)
			c.open("kept", int64(time.Hour))
			c.open("kept not", 0)
			c.open("gone", int64(time.Hour))
			for i := range 20 {
				c.create(1, fmt.Sprint("s", i), bytes.Repeat([]byte{byte(i)}, 100*i))
			}
			c.create(1, "large", bytes.Repeat([]byte("large"), 200_000))
			c.create(2, "x", []byte("x"))
			for _, id := range ids {
				w.save(id)
			}
			c.overwrite(1, "s3", []byte("three"))
			c.write(1, "large", 900_000, "written into it")
			c.remove(1, "s4")
			c.ask(ipcwire.CkptUnlink, ipcwire.AppendCkptUnlinkReq(nil, &ipcwire.CkptUnlinkReq{Name: []byte("gone")}))
			if !gently {
				for _, id := range ids {
					w.save(id)
				}
			}
			want := text(w.nodes[1].svc)
			for i, id := range ids {
				w.end(id, gently)
				if i+1 < len(ids) {
					w.form(ids[i+1:]...)
				}
			}
			for _, id := range ids {
				w.start(id)
			}
			w.form(ids...)
			for _, id := range ids {
				got := text(w.nodes[id].svc)
				if !strings.Contains(want, got) || !strings.Contains(got, "s3") || strings.Contains(got, "not") || strings.Contains(got, "gone") {
					t.Errorf("%d nodes, gently %v: node %d has\n%s\nnot\n%s", nodes, gently, id, got, want)
				}
				if st := w.nodes[id].svc.Stats(); st.Lost > 0 || st.Diverged > 0 {
					t.Errorf("%+v", st)
				}
			}
			// Nobody has it open: its retention begins anew.
			w.Advance(int64(time.Hour) + 2e9)
			w.Run()
			if got := text(w.nodes[1].svc); got != "" {
				t.Errorf("after its retention: %s", got)
			}
			for _, id := range ids {
				w.end(id, true)
			}
		}
	}
}

// history makes a file of several cuts; states tells what each prefix of it holds.
func history(t testing.TB) (data []byte, states map[int64]string) {
	w := newWorld(t)
	n := w.start(1)
	w.form(1)
	states = map[int64]string{}
	note := func() {
		w.save(1)
		st, err := os.Stat(w.file(1))
		if err != nil {
			t.Fatal(err)
		}
		states[st.Size()] = text(n.svc)
	}
	c := w.connect(1)
	c.open("one", int64(time.Hour))
	c.create(1, "a", []byte("alpha"))
	note()
	c.create(1, "b", bytes.Repeat([]byte("beta"), 50))
	note()
	c.overwrite(1, "a", []byte("omega"))
	c.remove(1, "b")
	note()
	c.open("two", ipcwire.CkptTimeEnd)
	c.create(2, "c", []byte("gamma"))
	c.write(1, "a", 2, "MEGA")
	note()
	data, err := os.ReadFile(w.file(1))
	if err != nil {
		t.Fatal(err)
	}
	w.end(1, true)
	if len(states) != 4 {
		t.Fatalf("%d states", len(states))
	}
	return data, states
}

// stateAt is what a file holds whose first n bytes are good.
func stateAt(states map[int64]string, n int64) (state string, whole bool) {
	best := int64(0)
	for size := range states {
		if size <= n && size > best {
			best = size
		}
	}
	return states[best], best == n
}

func TestATornFileHoldsTheLastWholeCut(t *testing.T) {
	data, states := history(t)
	for n := range len(data) + 1 {
		img, err := Read(bytes.NewReader(data[:n]), int64(n), 1)
		want, whole := stateAt(states, int64(n))
		if got := describe(t, img); got != want {
			t.Fatalf("%d of %d bytes: there is\n%s\nnot\n%s", n, len(data), got, want)
		}
		if n == headerSize {
			continue // a file without cuts is no damage
		}
		whole = whole && n > 0
		var torn *tornError
		if (err == nil) != whole || err != nil && !errors.As(err, &torn) {
			t.Fatalf("%d of %d bytes: %v", n, len(data), err)
		}
	}
}

func TestAWrongByteIsFoundWhereverItIs(t *testing.T) {
	data, states := history(t)
	for at := range data {
		for _, flip := range []byte{1, 0x80, 0xff} {
			bad := bytes.Clone(data)
			bad[at] ^= flip
			img, err := Read(bytes.NewReader(bad), int64(len(bad)), 1)
			if err == nil {
				t.Fatalf("byte %d of %d, %02x: not found", at, len(data), flip)
			}
			// What is before it may stay, and nothing of what is behind it.
			want, _ := stateAt(states, int64(at))
			if got := describe(t, img); got != want {
				t.Fatalf("byte %d of %d: there is\n%s\nnot\n%s", at, len(data), got, want)
			}
		}
	}
	// Zeros behind the end are what a machine without power leaves.
	img, err := Read(bytes.NewReader(append(bytes.Clone(data), make([]byte, 4096)...)), int64(len(data)+4096), 1)
	if want, _ := stateAt(states, int64(len(data))); err == nil || describe(t, img) != want {
		t.Errorf("zeros: %v", err)
	}
}

func TestADamagedFileIsReportedAndTheOtherReplicasWin(t *testing.T) {
	for _, at := range []float64{0.001, 0.1, 0.5, 0.98} { // header, full cut, later cuts
		w := newWorld(t)
		w.start(1)
		w.start(2)
		w.form(1, 2)
		c := w.connect(1)
		c.open("one", int64(time.Hour))
		c.create(1, "a", bytes.Repeat([]byte("first"), 100))
		w.save(1)
		w.save(2)
		c.overwrite(1, "a", bytes.Repeat([]byte("final"), 100))
		c.create(1, "b", []byte("too"))
		w.save(1)
		w.save(2)
		want := text(w.nodes[1].svc)
		w.end(2, false)
		w.end(1, false)
		path := w.file(2)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[int(at*float64(len(data)))] ^= 4
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		w.start(1)
		if n := w.start(2); len(n.found.Problems) != 1 {
			t.Errorf("at %v: reported: %q", at, n.found.Problems)
		}
		w.form(2)
		w.form(1)
		w.form(1, 2)
		for id := wire.NodeID(1); id <= 2; id++ {
			if got := text(w.nodes[id].svc); got != want {
				t.Errorf("at %v: node %d has\n%s\nnot\n%s", at, id, got, want)
			}
			if st := w.nodes[id].svc.Stats(); st.Lost > 0 {
				t.Errorf("at %v: node %d reports %d losses", at, id, st.Lost)
			}
		}
		w.save(2)
		if kept, _ := filepath.Glob(filepath.Join(w.path(2), "*"+damaged)); len(kept) != 1 {
			t.Errorf("at %v: the damaged file is not kept: %v", at, kept)
		}
		w.end(1, false)
		w.end(2, false)
	}
}

func TestTheNewerReplicaWins(t *testing.T) {
	for _, first := range []wire.NodeID{1, 2} {
		w := newWorld(t)
		w.start(1)
		w.start(2)
		w.form(1, 2)
		c := w.connect(1)
		c.open("one", int64(time.Hour))
		for _, id := range []string{"changed", "removed", "written"} {
			c.create(1, id, []byte("old"))
		}
		w.save(1)
		w.save(2)
		c.write(1, "written", 1, "O")
		w.save(2) // in one configuration: 2 has more of it than 1
		w.end(1, false)
		w.form(2)
		c = w.connect(2)
		c.open("one", int64(time.Hour))
		c.overwrite(1, "changed", []byte("new"))
		c.remove(1, "removed")
		c.create(1, "created", []byte("new"))
		w.save(2)
		want := text(w.nodes[2].svc)
		w.end(2, false)
		w.start(1)
		w.start(2)
		w.form(first)
		w.form(3 - first)
		w.form(1, 2)
		for id := wire.NodeID(1); id <= 2; id++ {
			if got := text(w.nodes[id].svc); got != want {
				t.Errorf("node %d has\n%s\nnot\n%s", id, got, want)
			}
			if st := w.nodes[id].svc.Stats(); st.Lost > 0 {
				t.Errorf("node %d reports %d losses", id, st.Lost)
			}
		}
		w.end(1, false)
		w.end(2, false)
	}
}

func TestAFullDiskIsToldAndTriedAgain(t *testing.T) {
	for space := int64(0); space < 1500; space += 37 {
		w := newWorld(t)
		n := w.start(1)
		w.form(1)
		c := w.connect(1)
		c.open("one", int64(time.Hour))
		c.create(1, "a", []byte("first"))
		w.save(1)
		first := text(n.svc)
		file := w.file(1)
		n.store.w.space = space // the writer is idle
		c.create(1, "b", bytes.Repeat([]byte("b"), 1000))
		w.save(1)
		if st := n.svc.Stats(); st.SaveFailures == 0 {
			if space < 1000 {
				t.Fatalf("with %d bytes: %+v", space, st)
			}
			w.end(1, false)
			continue
		}
		if data, err := os.ReadFile(file); err != nil {
			t.Fatal(err)
		} else if img, why := Read(bytes.NewReader(data), int64(len(data)), 1); why != nil || describe(t, img) != first {
			t.Fatalf("with %d bytes: %v, there is\n%s\nnot\n%s", space, why, describe(t, img), first)
		}
		w.save(1) // a full cut: still no room
		if left, _ := filepath.Glob(filepath.Join(w.path(1), "*"+unfinished)); len(left) > 0 {
			t.Fatalf("%v stays", left)
		}
		n.store.w.space = -1
		for range 8 {
			w.Advance(60e9)
			w.save(1)
		}
		if unsaved, failing := n.svc.Unsaved(); unsaved || failing {
			t.Fatalf("unsaved %v, failing %v", unsaved, failing)
		}
		want := text(n.svc)
		w.end(1, false)
		if got := text(w.start(1).svc); got != want {
			t.Fatalf("there is\n%s\nnot\n%s", got, want)
		}
		w.end(1, false)
	}
}

func TestAnUnfinishedFileDoesNotCount(t *testing.T) {
	w := newWorld(t)
	n := w.start(1)
	w.form(1)
	c := w.connect(1)
	c.open("one", int64(time.Hour))
	w.save(1)
	want := text(n.svc)
	w.end(1, false)
	junk := filepath.Join(w.path(1), name(77)+unfinished)
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n = w.start(1); text(n.svc) != want || len(n.found.Problems) > 0 {
		t.Errorf("%q %v", text(n.svc), n.found.Problems)
	}
	if _, err := os.Stat(junk); err == nil {
		t.Error("it is still there")
	}
	w.end(1, false)
}

func TestAFileGrownOutOfProportionIsWrittenAnew(t *testing.T) {
	w := newWorld(t)
	n := w.start(1)
	w.form(1)
	c := w.connect(1)
	c.open("one", int64(time.Hour))
	c.create(1, "a", nil)
	w.save(1)
	first := w.file(1)
	data := make([]byte, 1<<20)
	for i := 0; i < 80 && w.file(1) == first; i++ {
		data[0] = byte(i)
		c.overwrite(1, "a", data)
		w.save(1)
	}
	st, err := os.Stat(w.file(1))
	if err != nil || w.file(1) == first || st.Size() > 5<<20 {
		t.Errorf("%s, %d bytes, %v", w.file(1), st.Size(), err)
	}
	want := text(n.svc)
	w.end(1, false)
	if got := text(w.start(1).svc); got != want {
		t.Errorf("there is\n%s\nnot\n%s", got, want)
	}
	w.end(1, false)
}

func TestDirectoryAndFilesAreTheExecutivesAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	open := func(d string) error {
		s, _, err := Open(Options{Dir: d, Post: func(f func()) { f() }})
		if err == nil {
			s.Close()
		}
		return err
	}
	if err := open("relative"); err == nil {
		t.Error("a relative path")
	}
	if err := open(filepath.Join(dir, "deeper")); err == nil {
		t.Error("without the directory above it")
	}
	old := unix.Umask(0)
	err := open(dir)
	unix.Umask(old)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", st.Mode(), err)
	}
	s, _, err := Open(Options{Dir: dir, Post: func(f func()) { f() }})
	if err != nil {
		t.Fatal(err)
	}
	if err := open(dir); err == nil || !strings.Contains(err.Error(), "another executive") {
		t.Errorf("twice: %v", err)
	}
	s.Close()
	for _, mode := range []os.FileMode{0o770, 0o702} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := open(dir); err == nil || !strings.Contains(err.Error(), "others may write") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if err := os.Symlink(t.TempDir(), dir+"link"); err != nil {
		t.Fatal(err)
	}
	if err := open(dir + "link"); err == nil {
		t.Error("a symbolic link")
	}
	if err := os.WriteFile(dir+"file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(dir + "file"); err == nil {
		t.Error("a file")
	}
	w := newWorld(t)
	w.start(1)
	w.form(1)
	w.connect(1).open("one", int64(time.Hour))
	w.save(1)
	if st, err := os.Stat(w.file(1)); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st.Mode(), err)
	}
	w.end(1, false)
}

func TestAFileOfALaterFormatIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	data, _ := history(t)
	le.PutUint32(data[8:], ckpt.CutFormat+1)
	resum(data)
	path := filepath.Join(dir, name(1))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
