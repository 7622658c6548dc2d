package executive

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ais/ctests/harness"
)

// stream has a C program send messages of 1 KB from a node until the test ends.
func stream(t *testing.T, n *harness.Node, sends bool) {
	t.Helper()
	now := harness.Monotonic()
	args := []string{"-m", "s", "-s", "1024", "-i", fmt.Sprint(n.Index), "-b", fmt.Sprint(int64(now)), "-e", fmt.Sprint(int64(now + 10*time.Minute))}
	if !sends {
		args = append(args, "-r")
	}
	p, err := n.RunC("ctests/bench/member.c", harness.GenB, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
}

// A member with a small receive buffer gets no more than that holds, whatever the
// others' windows are, and the ring has its windows back when it is gone.
func TestASmallReceiveBufferIsNotOverrun(t *testing.T) {
	for _, unicast := range []bool{false, true} {
		t.Run(fmt.Sprintf("unicast=%v", unicast), func(t *testing.T) {
			c := harness.ForTest(t, harness.Options{Nodes: 3, Namespaces: true, Unicast: unicast})
			small := c.Nodes[2]
			if err := small.Configure(c.Key(), "receive_buffer: 65536"); err != nil {
				t.Fatal(err)
			}
			if err := c.StartAll(patience); err != nil {
				t.Fatal(err)
			}
			const room = 49 // 131072 bytes, less an eighth, in packets of 1500
			for _, n := range c.Nodes {
				s := status(t, n)
				if got := s.Int("window.receive_room"); got != room {
					t.Errorf("node %d counts on room for %d packets, want %d", n.Index, got, room)
				}
				if got := s.Int("window.packets"); got != room-12-2 {
					t.Errorf("node %d: %d packets a rotation, want %d", n.Index, got, room-12-2)
				}
				if got := s.Int("window.visit_packets"); got > room-12-2 {
					t.Errorf("node %d: %d packets a visit", n.Index, got)
				}
			}
			if got := status(t, small).Int("window.receive_buffer"); got != 131072 {
				t.Errorf("the kernel granted node 3 %d bytes, want 131072", got)
			}
			if _, text, _ := ctl(t, small, "status"); !strings.Contains(text, "receive buffer 131072 bytes; the smallest of the ring holds 49 packets") {
				t.Errorf("aisctl status:\n%s", text)
			}
			for _, n := range c.Nodes {
				stream(t, n, true)
			}
			const packets = 20000
			until(t, "20000 packets were sent", func() bool { return sent(t, c) >= packets })
			s := status(t, small)
			if lost, all := s.Int("drops.net.kernel_receive_buffer"), s.Int("counters.net.received_packets"); lost > all/100 {
				t.Errorf("%d packets were lost in front of the small buffer, %d received", lost, all)
			}
			t.Logf("lost %d of %d, %d sent, %d again", s.Int("drops.net.kernel_receive_buffer"), s.Int("counters.net.received_packets"), sent(t, c),
				status(t, c.Nodes[0]).Int("counters.ring.resent")+status(t, c.Nodes[1]).Int("counters.ring.resent")+s.Int("counters.ring.resent"))
			if _, err := small.Term(); err != nil {
				t.Fatal(err)
			}
			wait(t, c.Nodes[0], 2)
			until(t, "windows are large again", func() bool {
				s := status(t, c.Nodes[0])
				return s.Int("window.receive_room") == 0 && s.Int("window.packets") == 512 && s.Int("window.visit_packets") == 64
			})
		})
	}
}

func sent(t *testing.T, c *harness.Cluster) (sum int64) {
	t.Helper()
	for _, n := range c.Nodes {
		sum += status(t, n).Int("counters.ring.sent")
	}
	return sum
}

func status(t *testing.T, n *harness.Node) harness.Status {
	t.Helper()
	s, err := n.Status()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// until asks again and again, for up to a minute.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
