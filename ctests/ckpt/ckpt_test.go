// Package ckpt tests the checkpoint service from the outside: real executives on
// loopback, clients of the Go library.
package ckpt

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"ais/ctests/harness"
	"ais/libais"
	"ais/libais/ckpt"
	"ais/libais/ckpt/client"
	"ais/libais/ipcwire"
)

const patience = 30 * time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

func cluster(t *testing.T, nodes int) *harness.Cluster {
	t.Helper()
	c, err := harness.New(harness.Options{Nodes: nodes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitWhole(patience); err != nil {
		t.Fatal(err)
	}
	return c
}

func dial(t *testing.T, n *harness.Node) *client.Client {
	t.Helper()
	c, err := client.Dial(libais.Options{Socket: n.Socket, AisUID: uint32(os.Getuid())}, patience)
	if err != ipcwire.OK {
		t.Fatalf("node %d: %s", n.Index, err)
	}
	t.Cleanup(c.Close)
	return c
}

// retry repeats a call while it is answered TRY_AGAIN, as applications do.
func retry(t *testing.T, what string, f func() ipcwire.Error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		switch err := f(); {
		case err == ipcwire.OK:
			return
		case err != ipcwire.ErrTryAgain || time.Now().After(deadline):
			t.Fatalf("%s: %s", what, err)
		}
	}
}

func open(t *testing.T, c *client.Client, name string, attrs ipcwire.CkptAttributes) (handle uint32) {
	t.Helper()
	retry(t, "open", func() ipcwire.Error {
		o, err := c.Open(name, ipcwire.CkptOpenCreate|ipcwire.CkptOpenRead|ipcwire.CkptOpenWrite, &attrs)
		handle = o.Handle
		return err
	})
	return handle
}

func attributes(sections uint32, size uint64) ipcwire.CkptAttributes {
	return ipcwire.CkptAttributes{
		Flags: ipcwire.CkptAllReplicas, Size: uint64(sections) * size, Retention: int64(time.Minute),
		MaxSections: sections, MaxSectionSize: size, MaxSectionIDSize: 32,
	}
}

func noise(size int, seed uint64) []byte {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestSectionsOfEverySizeAreWrittenHereAndReadThere(t *testing.T) {
	c := cluster(t, 2)
	one, two := dial(t, c.Nodes[0]), dial(t, c.Nodes[1])
	attrs := attributes(20, 8<<20)
	h1, h2 := open(t, one, "sizes", attrs), open(t, two, "sizes", attrs)
	// Below and above a page, a frame, a message; in one piece and in several.
	for i, size := range []int{0, 1, 1000, 35_000, 200_000, 1<<20 - 20, 1 << 20, 1<<20 + 1, 3_000_000, 8 << 20} {
		id := fmt.Appendf(nil, "s%d", i)
		data := noise(size, uint64(i))
		retry(t, "create", func() ipcwire.Error {
			got, err := one.Create(h1, id, ipcwire.CkptTimeEnd, data)
			if err == ipcwire.OK && !bytes.Equal(got, id) {
				t.Fatalf("created %q", got)
			}
			return err
		})
		check := func(who *client.Client, h uint32, want []byte) {
			t.Helper()
			retry(t, "read", func() ipcwire.Error {
				got, err := who.Read(h, id, 0)
				if err == ipcwire.OK && !bytes.Equal(got, want) {
					t.Fatalf("%d bytes: read %d others", size, len(got))
				}
				return err
			})
		}
		check(two, h2, data)
		data = noise(size, uint64(i)+100)
		retry(t, "overwrite", func() ipcwire.Error { return two.Overwrite(h2, id, data) })
		check(one, h1, data)
		if half := size / 2; half > 0 {
			part := noise(half, uint64(i)+200)
			retry(t, "write", func() ipcwire.Error {
				err, _, _ := one.Write(h1, []ckpt.Vector{{Section: id, Offset: uint64(size - half), Data: part}})
				return err
			})
			copy(data[size-half:], part)
			check(two, h2, data)
		}
	}
	n := 0
	if err := two.Sections(h2, func(s *ipcwire.CkptSection) { n++ }); err != ipcwire.OK || n != 10 {
		t.Fatalf("%d sections: %s", n, err)
	}
	if err, index, indexed := one.Write(h1, []ckpt.Vector{{Section: []byte("s1"), Data: []byte("x")}, {Section: []byte("nosuch")}}); err != ipcwire.ErrNotExist || !indexed || index != 1 {
		t.Fatalf("%s at %d", err, index)
	}
	if _, err := one.Read(h1, []byte("s1"), 2); err != ipcwire.ErrInvalidParam {
		t.Fatalf("beyond the end: %s", err)
	}
}

func TestACheckpointOutlivesTheNodeThatWroteItAndComesToTheOneThatJoins(t *testing.T) {
	c := cluster(t, 3)
	one := dial(t, c.Nodes[0])
	h := open(t, one, "kept", attributes(100, 1<<20))
	want := map[string][]byte{}
	for i := range 50 {
		id := fmt.Sprintf("s%d", i)
		want[id] = noise(10_000*(i%7), uint64(i))
		retry(t, "create", func() ipcwire.Error {
			_, err := one.Create(h, []byte(id), ipcwire.CkptTimeEnd, want[id])
			return err
		})
	}
	if _, err := c.Nodes[0].Kill(); err != nil {
		t.Fatal(err)
	}
	if err := harness.WaitRing(c.Nodes[1:], patience); err != nil {
		t.Fatal(err)
	}
	compare := func(n *harness.Node) {
		t.Helper()
		who := dial(t, n)
		var h uint32
		retry(t, "open", func() ipcwire.Error {
			o, err := who.Open("kept", ipcwire.CkptOpenRead, nil)
			h = o.Handle
			return err
		})
		for id, data := range want {
			retry(t, "read", func() ipcwire.Error {
				got, err := who.Read(h, []byte(id), 0)
				if err == ipcwire.OK && !bytes.Equal(got, data) {
					t.Fatalf("node %d section %s: %d bytes, not %d", n.Index, id, len(got), len(data))
				}
				return err
			})
		}
	}
	compare(c.Nodes[1])
	compare(c.Nodes[2])
	if err := c.Nodes[0].Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitWhole(patience); err != nil {
		t.Fatal(err)
	}
	compare(c.Nodes[0])
	// What it reads it may still ask others for, until it has everything itself.
	if err := c.Nodes[0].WaitFilled(patience, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Nodes[1].Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Nodes[2].Kill(); err != nil {
		t.Fatal(err)
	}
	if err := harness.WaitRing(c.Nodes[:1], patience); err != nil {
		t.Fatal(err)
	}
	compare(c.Nodes[0])
}
