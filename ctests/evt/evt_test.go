// Package evt tests the event service from the outside: real executives on
// loopback, clients of the Go library.
package evt

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
	"ais/libais"
	"ais/libais/evt"
	"ais/libais/evt/client"
	"ais/libais/ipcwire"
)

const patience = 20 * time.Second

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

func open(t *testing.T, c *client.Client, name string) (channel uint32) {
	t.Helper()
	retry(t, "open", func() (err ipcwire.Error) {
		channel, err = c.Open(name, evt.Create|evt.Publisher|evt.Subscriber)
		return err
	})
	return channel
}

func publish(t *testing.T, c *client.Client, channel uint32, a evt.Attributes, data string) (p ipcwire.EvtPublished) {
	t.Helper()
	retry(t, "publish", func() (err ipcwire.Error) {
		p, err = c.Publish(channel, &a, []byte(data))
		return err
	})
	return p
}

func next(t *testing.T, c *client.Client, want string) {
	t.Helper()
	e, err := c.Next(1, patience)
	if err != ipcwire.OK {
		t.Fatalf("waiting for %q: %s", want, err)
	}
	if string(e.Data) != want {
		t.Fatalf("got %q, not %q", e.Data, want)
	}
}

func nothing(t *testing.T, c *client.Client) {
	t.Helper()
	if e, err := c.Next(1, 100*time.Millisecond); err != ipcwire.ErrTimeout {
		t.Fatalf("%v %+v", err, e)
	}
}

func readable(c *client.Client) bool {
	fds := []unix.PollFd{{Fd: c.Conn().FD(), Events: unix.POLLIN}}
	n, _ := unix.Poll(fds, 0)
	return n > 0
}

func TestOneNode(t *testing.T) {
	n := cluster(t, 1).Nodes[0]
	a, b := dial(t, n), dial(t, n)
	ca, cb := open(t, a, "channel"), open(t, b, "channel")
	if err := b.Subscribe(cb, 1, ipcwire.EvtFilter{Type: ipcwire.EvtPrefixFilter, Filter: []byte("x")}); err != ipcwire.OK {
		t.Fatal(err)
	}
	x := [][]byte{[]byte("xyz")}
	var last ipcwire.EvtPublished
	for prio := uint8(4); prio > 0; prio-- {
		for i := range 3 {
			last = publish(t, a, ca, evt.Attributes{Patterns: x, Priority: prio - 1}, fmt.Sprint(prio-1, ".", i))
		}
	}
	publish(t, a, ca, evt.Attributes{Patterns: [][]byte{[]byte("yx")}}, "does not match")
	// Events are delivered in order, so b has them all when this one is retained.
	kept := publish(t, a, ca, evt.Attributes{Priority: evt.Lowest, Retention: 60e9, Publisher: []byte("me")}, "kept")
	retry(t, "clear", func() ipcwire.Error { return a.ClearRetention(ca, kept.ID) })
	kept = publish(t, a, ca, evt.Attributes{Priority: evt.Lowest, Retention: 60e9, Publisher: []byte("me")}, "kept")
	if kept.ID == last.ID || kept.Time < last.Time {
		t.Errorf("%+v then %+v", last, kept)
	}
	retry(t, "clear", func() ipcwire.Error {
		if err := a.ClearRetention(ca, 2000); err != ipcwire.ErrNotExist {
			return err
		}
		return ipcwire.OK
	})
	for prio := range 4 {
		for i := range 3 {
			if !readable(b) {
				t.Fatalf("event %d.%d waits and the selection object is not readable", prio, i)
			}
			next(t, b, fmt.Sprint(prio, ".", i))
		}
	}
	if readable(b) {
		t.Error("the selection object is readable and nothing waits")
	}
	nothing(t, b)
	if err := b.Subscribe(cb, 2); err != ipcwire.OK {
		t.Fatal(err)
	}
	next(t, b, "kept")
	if err := b.Subscribe(cb, 2); err != ipcwire.ErrExist {
		t.Error(err)
	}
	if err := b.Unsubscribe(cb, 3); err != ipcwire.ErrNotExist {
		t.Error(err)
	}
	retry(t, "unlink", func() ipcwire.Error { return a.Unlink("channel") })
	if _, err := a.Open("channel", evt.Publisher); err != ipcwire.ErrNotExist {
		t.Error(err)
	}
	retry(t, "close", func() ipcwire.Error { return a.CloseChannel(ca) })
	if _, err := a.Publish(ca, &evt.Attributes{}, nil); err != ipcwire.ErrBadHandle {
		t.Error(err)
	}
}

func TestThreeNodesOneOfThemKilledAndStartedAgain(t *testing.T) {
	c := cluster(t, 3)
	var clients []*client.Client
	var channels []uint32
	for _, n := range c.Nodes {
		cl := dial(t, n)
		ch := open(t, cl, "channel")
		if err := cl.Subscribe(ch, 1); err != ipcwire.OK {
			t.Fatal(err)
		}
		clients, channels = append(clients, cl), append(channels, ch)
	}
	publish(t, clients[2], channels[2], evt.Attributes{Retention: 600e9}, "retained")
	for _, cl := range clients {
		next(t, cl, "retained")
	}
	large := make([]byte, ipcwire.EvtMaxData)
	publish(t, clients[1], channels[1], evt.Attributes{}, string(large))
	for _, cl := range clients {
		next(t, cl, string(large))
	}
	if _, err := c.Nodes[2].Kill(); err != nil {
		t.Fatal(err)
	}
	publish(t, clients[0], channels[0], evt.Attributes{Priority: evt.Lowest}, "meanwhile")
	next(t, clients[0], "meanwhile")
	next(t, clients[1], "meanwhile")
	if err := c.Nodes[2].Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitWhole(patience); err != nil {
		t.Fatal(err)
	}
	again := dial(t, c.Nodes[2])
	var ch uint32
	retry(t, "open", func() (err ipcwire.Error) {
		ch, err = again.Open("channel", evt.Subscriber)
		return err
	})
	if err := again.Subscribe(ch, 1); err != ipcwire.OK {
		t.Fatal(err)
	}
	next(t, again, "retained")
	publish(t, clients[0], channels[0], evt.Attributes{}, "after")
	for _, cl := range []*client.Client{clients[0], clients[1], again} {
		next(t, cl, "after")
		nothing(t, cl)
	}
}

func TestASubscriberThatDoesNotReadIsToldSoAndNobodyElseNotices(t *testing.T) {
	c := cluster(t, 2)
	p, slow, fast := dial(t, c.Nodes[0]), dial(t, c.Nodes[1]), dial(t, c.Nodes[1])
	cp := open(t, p, "channel")
	for _, cl := range []*client.Client{slow, fast} {
		if err := cl.Subscribe(open(t, cl, "channel"), 1); err != ipcwire.OK {
			t.Fatal(err)
		}
	}
	const events, size = 3000, 4000 // 12 MB
	data := make([]byte, size)
	publish(t, p, cp, evt.Attributes{Priority: evt.Highest}, "important")
	next(t, fast, "important")
	for i := range events {
		copy(data, fmt.Sprintf("%8d", i))
		publish(t, p, cp, evt.Attributes{Priority: evt.Lowest}, string(data))
		e, err := fast.Next(1, patience)
		if err != ipcwire.OK || string(e.Data[:8]) != fmt.Sprintf("%8d", i) {
			t.Fatalf("event %d: %s %q", i, err, e.Data[:8])
		}
	}
	e, err := slow.Next(1, patience)
	if err != ipcwire.OK || e.ID != ipcwire.EvtIDLost || len(e.Patterns) != 1 || string(e.Patterns[0]) != ipcwire.EvtLostPattern {
		t.Fatalf("%s %+v", err, e)
	}
	next(t, slow, "important")
	n := 0
	for ; ; n++ {
		e, err := slow.Next(64, 200*time.Millisecond)
		if err == ipcwire.ErrTimeout {
			break
		}
		if err != ipcwire.OK || string(e.Data[:8]) != fmt.Sprintf("%8d", n) {
			t.Fatalf("event %d: %s %q", n, err, e.Data[:8])
		}
	}
	if n < 500 || n > 1100 { // 4 MiB of records of 4 to 8 KiB
		t.Errorf("%d events waited", n)
	}
	publish(t, p, cp, evt.Attributes{}, "afterwards")
	next(t, slow, "afterwards")
	next(t, fast, "afterwards")
}

func ctl(t *testing.T, n *harness.Node, want int, args ...string) string {
	t.Helper()
	b, err := harness.FindBuild()
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.Run(harness.Spec{Name: "aisctl", Path: b.Bin("aisctl"), Args: args})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(patience); err != nil && !p.Ended() {
		t.Fatal(err)
	}
	if p.ExitCode() != want {
		t.Fatalf("aisctl %q: exit code %d: %q", args, p.ExitCode(), p.Stderr.From(0))
	}
	return strings.Join(p.Stdout.From(0), "\n")
}

func TestOperatorsPublishListAndWatch(t *testing.T) {
	c := cluster(t, 2)
	one, two := c.Nodes[0], c.Nodes[1]
	if out := ctl(t, one, 0, "evt"); out != "" {
		t.Errorf("%q", out)
	}
	ctl(t, one, 1, "evt", "publish", "news", "first")
	id := ctl(t, one, 0, "evt", "publish", "news", "first", "--create", "--keep", "10m", "--pattern", "weather", "--pattern", "sun", "--priority", "0")
	want := "news: 0 subscriptions here, 1 retained, open nowhere"
	if out := ctl(t, two, 0, "evt"); out != want {
		t.Errorf("%q", out)
	}
	out := ctl(t, two, 0, "evt", "news")
	if !strings.HasPrefix(out, id+" of node ") || !strings.Contains(out, ", priority 0, 5 bytes, retained for 9m5") || !strings.HasSuffix(out, ", by aisctl: weather sun") {
		t.Errorf("%q", out)
	}
	if out := ctl(t, two, 0, "evt", "news", "--json"); !strings.Contains(out, `"publisher": "aisctl"`) {
		t.Errorf("%q", out)
	}
	ctl(t, two, 1, "evt", "nothing")
	ctl(t, two, 1, "evt", "watch", "nothing")
	out = ctl(t, two, 0, "evt", "watch", "news", "--count", "1", "--prefix", "wea")
	if !strings.Contains(out, id+" priority 0 by aisctl [weather sun] 5 bytes: first") {
		t.Errorf("%q", out)
	}
}
