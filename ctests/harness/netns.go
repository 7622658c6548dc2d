package harness

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// ErrNoNamespaces tells why network namespaces cannot be used here.
var ErrNoNamespaces = errors.New("network namespaces cannot be used")

// CanNamespaces tells whether this program may make network namespaces and
// drop packets in them; nil, or ErrNoNamespaces with the reason.
func CanNamespaces() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: not root", ErrNoNamespaces)
	}
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: %s is not installed", ErrNoNamespaces, tool)
		}
	}
	return nil
}

var netCount atomic.Int32

// Network is a switch with n ports, each leading to a network namespace of its
// own: 10.77.0.1 .. n behind eth0.
type Network struct {
	prefix string
	n      int
	sw     *thread
	ports  []*thread
	warden *warden
	cancel func()
}

// NewNetwork makes the namespaces, the bridge and the links.
func NewNetwork(n int) (*Network, error) {
	if err := CanNamespaces(); err != nil {
		return nil, err
	}
	if n < 1 || n > 250 {
		return nil, fmt.Errorf("a network of %d nodes: 1 to 250 can be made", n)
	}
	w := &Network{prefix: fmt.Sprintf("ais%d-%d", os.Getpid(), netCount.Add(1)), n: n}
	var undo []string
	for i := 0; i <= n; i++ {
		undo = append(undo, "ip netns del "+w.ns(i)+" 2>/dev/null")
	}
	var err error
	if w.warden, err = startWarden(undo); err != nil {
		return nil, err
	}
	w.cancel = atExit(w.close)
	if err := w.setup(); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// ns is the name of namespace i: 0 is the switch.
func (w *Network) ns(i int) string {
	if i == 0 {
		return w.prefix + "-sw"
	}
	return fmt.Sprintf("%s-%d", w.prefix, i)
}

// Address is the address of node i, counted from 1.
func (w *Network) Address(i int) string { return fmt.Sprintf("10.77.0.%d", i) }

// Address6 is the IPv6 address of node i.
func (w *Network) Address6(i int) string { return fmt.Sprintf("fd77::%x", i) }

func (w *Network) setup() error {
	var b bytes.Buffer
	for i := 0; i <= w.n; i++ {
		fmt.Fprintf(&b, "netns add %s\n", w.ns(i))
	}
	if err := ipBatch("", b.String()); err != nil {
		return err
	}
	b.Reset()
	b.WriteString("link add br0 type bridge mcast_snooping 0\nlink set br0 up\n")
	for i := 1; i <= w.n; i++ {
		fmt.Fprintf(&b, "link add p%d type veth peer name eth0 netns %s\n", i, w.ns(i))
		fmt.Fprintf(&b, "link set p%d master br0\nlink set p%d up\n", i, i)
	}
	if err := ipBatch(w.ns(0), b.String()); err != nil {
		return err
	}
	for i := 1; i <= w.n; i++ {
		lines := fmt.Sprintf("address add %s/24 dev eth0\naddress add %s/64 dev eth0 nodad\nlink set lo up\nlink set eth0 up\n",
			w.Address(i), w.Address6(i))
		if err := ipBatch(w.ns(i), lines); err != nil {
			return err
		}
	}
	for i := 0; i <= w.n; i++ {
		t, err := newThread(enterNamespace(w.ns(i)))
		if err != nil {
			return err
		}
		if i == 0 {
			w.sw = t
		} else {
			w.ports = append(w.ports, t)
		}
	}
	return nil
}

// enterNamespace moves the calling thread into a named network namespace.
func enterNamespace(name string) func() error {
	return func() error {
		f, err := os.Open(filepath.Join("/run/netns", name))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter network namespace %s: %w", name, err)
		}
		runtime.KeepAlive(f)
		return nil
	}
}

func ipBatch(ns, lines string) error {
	args := []string{"-batch", "-"}
	if ns != "" {
		args = append([]string{"-n", ns}, args...)
	}
	cmd := exec.Command("ip", args...)
	cmd.Stdin = strings.NewReader(lines)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// In runs f on a thread inside the namespace of node i (0: the switch).
// Sockets that f opens stay in that namespace.
func (w *Network) In(i int, f func() error) error { return w.thread(i).do(f) }

func (w *Network) thread(i int) *thread {
	if i == 0 {
		return w.sw
	}
	return w.ports[i-1]
}

// Start starts a program in the namespace of node i.
func (w *Network) Start(i int, s Spec) (*Process, error) {
	return startOn(w.thread(i).start, s)
}

// Loss makes every node drop this percentage of the packets that arrive on its
// link, at random and each for itself; 0 stops it.
func (w *Network) Loss(percent int) error {
	for i := 1; i <= w.n; i++ {
		if err := w.NodeLoss(i, percent); err != nil {
			return err
		}
	}
	return nil
}

// NodeLoss is Loss for one node.
func (w *Network) NodeLoss(i, percent int) error {
	if percent == 0 {
		return w.nft(i, noLoss)
	}
	return w.nft(i, lossRule(fmt.Sprintf("< %d", percent)))
}

// LossOfNothing has every packet looked at as Loss does, and drops none: what loss
// is compared with when time is measured.
func (w *Network) LossOfNothing() error {
	for i := 1; i <= w.n; i++ {
		if err := w.nft(i, lossRule("> 99")); err != nil {
			return err
		}
	}
	return nil
}

const noLoss = "table inet loss\ndelete table inet loss\n"

func lossRule(random string) string {
	return noLoss + "table inet loss {\n chain in {\n  type filter hook input priority 0;\n" +
		"  iifname \"eth0\" meta l4proto { udp, tcp, icmp, icmpv6 } numgen random mod 100 " + random + " counter drop\n }\n}\n"
}

func (w *Network) nft(i int, rules string) error {
	var out bytes.Buffer
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := w.thread(i).start(cmd); err != nil {
		return fmt.Errorf("nft: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("nft in %s: %w: %s", w.ns(i), err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

// Dropped is how many packets the loss rule of node i has dropped.
func (w *Network) Dropped(i int) (int64, error) {
	var out bytes.Buffer
	cmd := exec.Command("nft", "list", "table", "inet", "loss")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := w.thread(i).start(cmd); err != nil {
		return 0, err
	}
	if err := cmd.Wait(); err != nil {
		return 0, fmt.Errorf("nft list in %s: %w: %s", w.ns(i), err, out.Bytes())
	}
	_, rest, ok := strings.Cut(out.String(), "counter packets ")
	var n int64
	if _, err := fmt.Sscan(rest, &n); !ok || err != nil {
		return 0, fmt.Errorf("nft list in %s: no counter in %q", w.ns(i), out.String())
	}
	return n, nil
}

// Cut takes the link of node i away, as pulling the cable does, or gives it
// back. With inside, the node's own end is set down instead, which also removes
// its routes until the link is back.
func (w *Network) Cut(i int, cut, inside bool) error {
	state := "up"
	if cut {
		state = "down"
	}
	if inside {
		return ipBatch(w.ns(i), "link set eth0 "+state+"\n")
	}
	return ipBatch(w.ns(0), fmt.Sprintf("link set p%d %s\n", i, state))
}

// Mute has everything that node i sends lost behind its own end of the link, where
// it cannot know; what others send still arrives.
func (w *Network) Mute(i int, mute bool) error {
	rules := fmt.Sprintf("table netdev mute%d\ndelete table netdev mute%d\n", i, i)
	if mute {
		rules += fmt.Sprintf("table netdev mute%d {\n chain in {\n  type filter hook ingress device \"p%d\" priority 0; policy drop;\n }\n}\n", i, i)
	}
	return w.nft(0, rules)
}

// MTU sets the largest IP packet of every link: 1500 at first, 9000 with jumbo frames.
func (w *Network) MTU(bytes int) error {
	for i := 1; i <= w.n; i++ {
		if err := ipBatch(w.ns(0), fmt.Sprintf("link set p%d mtu %d\n", i, bytes)); err != nil {
			return err
		}
		if err := ipBatch(w.ns(i), fmt.Sprintf("link set eth0 mtu %d\n", bytes)); err != nil {
			return err
		}
	}
	return nil
}

// Limit makes every link carry so many megabits per second and no more, in either
// direction, with a queue of about a thousand packets in front of it, as a network
// card of that speed has.
func (w *Network) Limit(mbit int) error {
	for i := 1; i <= w.n; i++ {
		for _, at := range []struct {
			node int
			dev  string
		}{{i, "eth0"}, {0, fmt.Sprintf("p%d", i)}} {
			cmd := exec.Command("tc", "qdisc", "replace", "dev", at.dev, "root", "tbf",
				"rate", fmt.Sprintf("%dmbit", mbit), "burst", "16000", "limit", "1500000")
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := w.thread(at.node).start(cmd); err != nil {
				return fmt.Errorf("tc: %w", err)
			}
			if err := cmd.Wait(); err != nil {
				return fmt.Errorf("tc in %s: %w: %s", w.ns(at.node), err, bytes.TrimSpace(out.Bytes()))
			}
		}
	}
	return nil
}

// Segmentation turns UDP segmentation offload on or off on every link. With it
// on, a batch crosses the link as one packet and is dropped as one; with it off
// each wire packet has its own luck. Some kernels have it off on veth.
func (w *Network) Segmentation(on bool) error {
	for i := 1; i <= w.n; i++ {
		if err := w.In(i, func() error { return setFeature("eth0", "tx-udp-segmentation", on) }); err != nil {
			return err
		}
	}
	return nil
}

// Close deletes everything the network was made of. Processes in it must have
// ended.
func (w *Network) Close() {
	w.cancel()
	w.close()
}

func (w *Network) close() {
	for _, t := range append(w.ports, w.sw) {
		if t != nil {
			t.stop()
		}
	}
	w.ports, w.sw = nil, nil
	if w.warden != nil {
		w.warden.release()
		w.warden = nil
	}
}
