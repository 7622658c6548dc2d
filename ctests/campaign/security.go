package campaign

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
	"ais/exec/totem/seal"
)

// The trials of security. Each returns a short account of what was tried.

// watchRing remembers the configuration of each node and checks later that
// nothing changed it.
type watchRing struct {
	nodes   []*harness.Node
	ring    []string
	changes []int64
	drops   []int64
}

func newWatch(nodes []*harness.Node) (*watchRing, error) {
	w := &watchRing{nodes: nodes}
	for _, n := range nodes {
		s, err := n.Status()
		if err != nil {
			return nil, err
		}
		w.ring = append(w.ring, s.Ring())
		w.changes = append(w.changes, s.Changes())
		w.drops = append(w.drops, total(s.Drops()))
	}
	return w, nil
}

func total(m map[string]int64) (sum int64) {
	for _, n := range m {
		sum += n
	}
	return sum
}

// same checks that no node changed its configuration; the new drops are
// returned, all together and by node.
func (w *watchRing) same() (drops int64, each []int64, err error) {
	for i, n := range w.nodes {
		s, err := n.Status()
		if err != nil {
			return drops, each, fmt.Errorf("%w\n%s", err, n.Output())
		}
		if s.Changes() != w.changes[i] || s.Ring() != w.ring[i] {
			return drops, each, fmt.Errorf("node %d: ring %s became %s, %d configuration changes, the last because of %q",
				n.Index, w.ring[i], s.Ring(), s.Changes()-w.changes[i], s.Text("last_cause"))
		}
		d := total(s.Drops()) - w.drops[i]
		drops += d
		each = append(each, d)
	}
	return drops, each, nil
}

// dropped waits until so many packets are counted as dropped, not for ever, and
// returns how many are.
func (w *watchRing) dropped(want int64) (drops int64, err error) {
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if drops, _, err = w.same(); err != nil || drops >= want || time.Now().After(end) {
			return drops, err
		}
	}
}

// reasons are the drop counters of all nodes together.
func reasons(nodes []*harness.Node) (string, error) {
	sum := map[string]int64{}
	for _, n := range nodes {
		s, err := n.Status()
		if err != nil {
			return "", err
		}
		for k, v := range s.Drops() {
			sum[k] += v
		}
	}
	var out []string
	for k, v := range sum {
		out = append(out, fmt.Sprintf("%s %d", k, v))
	}
	slices.Sort(out)
	return strings.Join(out, ", "), nil
}

// talkers are loggers that send on every node of a cluster.
func talkers(c *harness.Cluster, rate float64, number int) ([]*logger, error) {
	var out []*logger
	for i, n := range c.Nodes {
		l, err := startLogger(c, n, number+i, loggerOptions{Rate: rate, Sizes: "64:2000"})
		if err != nil {
			return nil, err
		}
		out = append(out, l)
		if err := l.ready(20 * time.Second); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// settle ends the talkers in peace and checks their logs; every message must
// come from one of these talkers.
func settle(ls []*logger) (*OrderReport, error) {
	var logs []*Log
	for _, l := range ls {
		if err := l.silence(); err != nil {
			return nil, err
		}
	}
	ours := map[uint64]bool{}
	for _, l := range ls {
		if err := l.quiet(0, 60*time.Second); err != nil {
			return nil, err
		}
		for _, s := range l.proc.Stdout.From(0) {
			var inc uint64
			if n, _ := fmt.Sscanf(s, "ready %x", &inc); n == 1 {
				ours[inc] = true
			}
		}
	}
	for _, l := range ls {
		if _, err := l.end(); err != nil {
			return nil, err
		}
		if v := l.violations(); len(v) > 0 {
			return nil, errors.New(strings.Join(v, "\n"))
		}
		log, err := ReadLog(l.path, l.name, l.node.Label(), true)
		if err != nil {
			return nil, err
		}
		for _, s := range log.Segments {
			for _, m := range append(append([]Msg(nil), s.Msgs...), s.Tail...) {
				if !ours[m.Incarnation] {
					return nil, fmt.Errorf("%s: delivered %v, which none of the programs sent", l.name, m)
				}
			}
		}
		logs = append(logs, log)
	}
	return CheckOrder(logs)
}

// Intruders starts executives without the key beside a working ring: one with
// another key, one that does without, and one whose key is missing and which
// therefore must not start.
func Intruders(namespaces bool, d time.Duration) (string, error) {
	c, err := harness.New(harness.Options{Nodes: 3, Spare: 3, Namespaces: namespaces, Conf: steadyConf})
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.StartAll(20 * time.Second); err != nil {
		return "", err
	}
	ls, err := talkers(c, 200, 1)
	if err != nil {
		return "", err
	}
	w, err := newWatch(c.Nodes)
	if err != nil {
		return "", err
	}
	other := make([]byte, 128)
	_, _ = rand.Read(other)
	otherKey, plain, keyless := c.Spares[0], c.Spares[1], c.Spares[2]
	if err := errors.Join(otherKey.Configure(other), plain.Configure(nil, "secauth:off"), keyless.Configure(nil)); err != nil {
		return "", err
	}
	if err := errors.Join(otherKey.Start(), plain.Start(), keyless.StartNoWait()); err != nil {
		return "", err
	}
	if err := keyless.Exec.Wait(10 * time.Second); err == nil || keyless.Exec.ExitCode() < 1 {
		return "", fmt.Errorf("an executive without a key file ended with %v, exit code %d; it must refuse to start", err, keyless.Exec.ExitCode())
	}
	if out := keyless.Output(); !strings.Contains(out, "authkey") {
		return "", fmt.Errorf("an executive without a key file says: %q", out)
	}
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, n := range []*harness.Node{otherKey, plain} {
			s, err := n.Status()
			if err != nil {
				return "", err
			}
			if s.Members() > 1 {
				return "", fmt.Errorf("the intruder %d has %d members", n.Index, s.Members())
			}
		}
	}
	drops, each, err := w.same()
	if err != nil {
		return "", err
	}
	for i, n := range each {
		if n == 0 {
			return "", fmt.Errorf("node %d has not dropped a single packet of the intruders: were they heard?", i+1)
		}
	}
	if _, err := settle(ls); err != nil {
		return "", err
	}
	why, err := reasons(c.Nodes)
	return fmt.Sprintf("intruders for %v: no configuration change, %d of their packets refused (%s)", d, drops, why), err
}

// session starts a cluster in namespaces, records everything while the ring
// forms, works, loses and regains a node, and returns the recording.
func session(c *harness.Cluster, work time.Duration) ([]harness.Packet, error) {
	// One packet of the wire is one packet of the recording.
	if err := c.Net.Segmentation(false); err != nil {
		return nil, err
	}
	rec, err := c.Net.Record(nil)
	if err != nil {
		return nil, err
	}
	err = func() error {
		if err := c.StartAll(20 * time.Second); err != nil {
			return err
		}
		ls, err := talkers(c, 100, 1)
		if err != nil {
			return err
		}
		time.Sleep(work)
		if _, err := settle(ls); err != nil {
			return err
		}
		// A configuration change each way, so that every kind of packet is there.
		last := c.Nodes[len(c.Nodes)-1]
		if _, err := last.Kill(); err != nil {
			return err
		}
		<-last.Exec.Done()
		if err := c.WaitWhole(20 * time.Second); err != nil {
			return err
		}
		if err := last.Start(); err != nil {
			return err
		}
		if err := c.WaitWhole(20 * time.Second); err != nil {
			return err
		}
		if _, err := last.Term(); err != nil {
			return err
		}
		<-last.Exec.Done()
		if err := last.Start(); err != nil {
			return err
		}
		if err := c.WaitWhole(20 * time.Second); err != nil {
			return err
		}
		time.Sleep(500 * time.Millisecond)
		return nil
	}()
	packets, rerr := rec.Stop()
	packets = slices.DeleteFunc(packets, func(p harness.Packet) bool { return p.Proto != unix.IPPROTO_UDP })
	if err := errors.Join(err, rerr); err != nil {
		return nil, err
	}
	if len(packets) < 100 {
		return nil, fmt.Errorf("only %d packets were recorded", len(packets))
	}
	return packets, nil
}

// pace keeps an injector at so many packets per second.
type pace struct {
	began time.Time
	n     int
	rate  float64
}

func (p *pace) wait() {
	if p.began.IsZero() {
		p.began = time.Now()
	}
	p.n++
	if due := time.Duration(float64(p.n) / p.rate * float64(time.Second)); p.n%16 == 0 {
		time.Sleep(due - time.Since(p.began))
	}
}

// Damage sends, to members of a working ring, packets that were recorded from it
// with each bit flipped in turn and with each truncation, and the same with the
// packets that are made while it works. All must be refused and counted.
func Damage(perKind int) (string, error) {
	c, err := harness.New(harness.Options{Nodes: 3, Spare: 1, Namespaces: true, Conf: steadyConf})
	if err != nil {
		return "", err
	}
	defer c.Close()
	packets, err := session(c, time.Second)
	if err != nil {
		return "", err
	}
	ls, err := talkers(c, 100, 100)
	if err != nil {
		return "", err
	}
	w, err := newWatch(c.Nodes)
	if err != nil {
		return "", err
	}
	j, err := c.Net.Inject(4)
	if err != nil {
		return "", err
	}
	defer j.Close()
	// Packets of this very ring, whose key the members have, and the old ones.
	rec, err := c.Net.Record(nil)
	if err != nil {
		return "", err
	}
	time.Sleep(time.Second)
	live, err := rec.Stop()
	if err != nil {
		return "", err
	}
	live = slices.DeleteFunc(live, func(p harness.Packet) bool { return p.Proto != unix.IPPROTO_UDP })
	fresh := pickKinds(live, perKind)
	kinds := append(fresh, pickKinds(packets, perKind)...)
	p := pace{rate: 8000}
	var sent, arrivals, counter int64
	for at, k := range kinds {
		targets := int64(1)
		if k.Dst.Addr().IsMulticast() {
			targets = int64(len(c.Nodes))
		}
		bad := make([]byte, len(k.Payload))
		for bit := range len(k.Payload) * 8 {
			copy(bad, k.Payload)
			if at < len(fresh) {
				// A number that was never used: not the window refuses it as a
				// repetition, but the authentication has to.
				counter++
				renumber(bad, 1<<40+uint64(counter))
			}
			bad[bit/8] ^= 1 << (bit % 8)
			if err := j.UDP(k.Src, k.Dst, bad); err != nil {
				return "", err
			}
			sent, arrivals = sent+1, arrivals+targets
			p.wait()
		}
		for n := range len(k.Payload) {
			if err := j.UDP(k.Src, k.Dst, k.Payload[:n]); err != nil {
				return "", err
			}
			sent, arrivals = sent+1, arrivals+targets
			p.wait()
		}
	}
	// A member does not listen to multicasts under its own address.
	own := arrivals * int64(len(c.Nodes)-1) / int64(len(c.Nodes))
	drops, err := w.dropped(own)
	if err != nil {
		return "", err
	}
	if drops < own {
		return "", fmt.Errorf("%d damaged packets were sent (%d arrivals), but only %d refusals counted", sent, arrivals, drops)
	}
	if _, err := settle(ls); err != nil {
		return "", err
	}
	var failed int64
	for _, n := range c.Nodes {
		s, err := n.Status()
		if err != nil {
			return "", err
		}
		failed += s.Drops()["seal.auth_failed"]
	}
	if failed < counter/2 {
		return "", fmt.Errorf("only %d packets failed the authentication, of %d with a new number", failed, counter)
	}
	why, err := reasons(c.Nodes)
	return fmt.Sprintf("%d damaged packets of %d kinds: %d refusals counted (%s)", sent, len(kinds), drops, why), err
}

// pickKinds picks some packets of each kind: what is readable of the header
// (the first bytes) and the size class tell kinds apart from outside.
func pickKinds(packets []harness.Packet, perKind int) []harness.Packet {
	count := map[string]int{}
	var out []harness.Packet
	for _, p := range packets {
		if len(p.Payload) < 8 {
			continue
		}
		kind := fmt.Sprintf("% x %v %d", p.Payload[:4], p.Dst.Addr().IsMulticast(), len(p.Payload)/256)
		if count[kind]++; count[kind] <= perKind {
			out = append(out, p)
		}
	}
	return out
}

// Replay records a whole session and plays it back, in the order and from the
// addresses it came from, after a restart of its sender, of its receiver, of all
// nodes, and to one node alone.
func Replay(work time.Duration, rate float64, limit int, logf Logf) (string, error) {
	c, err := harness.New(harness.Options{Nodes: 3, Spare: 1, Namespaces: true, Conf: steadyConf})
	if err != nil {
		return "", err
	}
	defer c.Close()
	packets, err := session(c, work)
	if err != nil {
		return "", err
	}
	if limit > 0 && len(packets) > limit {
		// The beginning (the ring forms) and the end (it changes) matter most.
		packets = append(slices.Clone(packets[:limit/2]), packets[len(packets)-limit/2:]...)
	}
	j, err := c.Net.Inject(4)
	if err != nil {
		return "", err
	}
	defer j.Close()
	restart := func(nodes ...*harness.Node) error {
		for _, n := range nodes {
			if _, err := n.Kill(); err != nil {
				return err
			}
			<-n.Exec.Done()
		}
		for _, n := range nodes {
			if err := n.StartNoWait(); err != nil {
				return err
			}
		}
		return c.WaitWhole(20 * time.Second)
	}
	play := func(name string, nodes []*harness.Node) (string, error) {
		time.Sleep(300 * time.Millisecond)
		w, err := newWatch(nodes)
		if err != nil {
			return "", err
		}
		p := pace{rate: rate}
		for i := range packets {
			if err := j.UDP(packets[i].Src, packets[i].Dst, packets[i].Payload); err != nil {
				return "", err
			}
			p.wait()
		}
		time.Sleep(300 * time.Millisecond)
		drops, err := w.dropped(int64(len(packets)) / 3)
		if err != nil {
			return "", fmt.Errorf("replay after %s: %w", name, err)
		}
		if drops < int64(len(packets))/3 {
			return "", fmt.Errorf("replay after %s: %d packets sent, only %d refusals counted", name, len(packets), drops)
		}
		logf("replay after %s: %d packets, %d refusals", name, len(packets), drops)
		return fmt.Sprintf("%s %d", name, drops), nil
	}
	var said []string
	for _, step := range []struct {
		name  string
		nodes []*harness.Node
	}{
		{"nothing", nil},
		{"a restart of the representative", c.Nodes[:1]},
		{"a restart of a receiver", c.Nodes[1:2]},
		{"a restart of all", c.Nodes},
	} {
		if step.nodes != nil {
			if err := restart(step.nodes...); err != nil {
				return "", err
			}
		}
		ls, err := talkers(c, 50, 1000*(len(said)+1))
		if err != nil {
			return "", err
		}
		s, err := play(step.name, c.Nodes)
		if err != nil {
			return "", err
		}
		if _, err := settle(ls); err != nil {
			return "", fmt.Errorf("replay after %s: %w", step.name, err)
		}
		said = append(said, s)
	}
	// One node alone: the others stop, it restarts, and hears only the recording.
	for _, n := range c.Nodes[1:] {
		if _, err := n.Term(); err != nil {
			return "", err
		}
		<-n.Exec.Done()
	}
	alone := c.Nodes[0]
	if err := restart(alone); err != nil {
		return "", err
	}
	s, err := play("a restart of one alone", []*harness.Node{alone})
	if err != nil {
		return "", err
	}
	said = append(said, s)
	why, err := reasons(c.Nodes[:1])
	return fmt.Sprintf("%d recorded packets replayed; refused after %s; on the last node: %s", len(packets), strings.Join(said, ", "), why), err
}

// Forge attacks one live member with ICMP messages and TCP resets for its real
// flows, at the given rate each, and with resets of guessed flows as well.
func Forge(d time.Duration, rate float64) (string, error) {
	c, err := harness.New(harness.Options{Nodes: 3, Spare: 1, Namespaces: true, Conf: steadyConf})
	if err != nil {
		return "", err
	}
	defer c.Close()
	f := &flows{udp: map[flow]bool{}, tcp: map[flow]uint32{}}
	rec, err := c.Net.Record(f.see)
	if err != nil {
		return "", err
	}
	defer rec.Stop()
	if err := c.StartAll(20 * time.Second); err != nil {
		return "", err
	}
	ls, err := talkers(c, 100, 1)
	if err != nil {
		return "", err
	}
	time.Sleep(500 * time.Millisecond)
	w, err := newWatch(c.Nodes)
	if err != nil {
		return "", err
	}
	j, err := c.Net.Inject(4)
	if err != nil {
		return "", err
	}
	defer j.Close()
	victim := c.Nodes[1].Address
	p := pace{rate: 2 * rate}
	var icmp, resets, guesses int
	enough := func() bool { return icmp >= int(rate*d.Seconds()/2) && resets > 0 }
	for k, end := 0, time.Now().Add(d); time.Now().Before(end) || !enough() && time.Now().Before(end.Add(20*time.Second)); k++ {
		udp, tcp := f.of(victim)
		if len(udp) == 0 {
			return "", errors.New("no datagram of the victim was seen")
		}
		x := udp[k%len(udp)]
		if err := j.Unreachable(x.src, x.dst); err != nil {
			return "", err
		}
		icmp++
		p.wait()
		// Resets of live connections in both directions, and every fourth a guess.
		if k%4 == 3 || len(tcp) == 0 {
			x.src = netip.AddrPortFrom(netip.MustParseAddr(c.Nodes[0].Address), uint16(c.Port))
			x.dst = netip.AddrPortFrom(netip.MustParseAddr(victim), uint16(32768+guesses%28000))
			if err := j.Reset(x.src, x.dst, uint32(guesses)*65000); err != nil {
				return "", err
			}
			guesses++
		} else {
			t := tcp[k%len(tcp)]
			if err := j.Reset(t.src, t.dst, t.seq); err != nil {
				return "", err
			}
			resets++
		}
		p.wait()
	}
	if _, _, err := w.same(); err != nil {
		return "", fmt.Errorf("under attack (%d ICMP messages, %d resets, %d guesses): %w", icmp, resets, guesses, err)
	}
	if _, err := settle(ls); err != nil {
		return "", err
	}
	if !enough() {
		return "", fmt.Errorf("the attack was too weak: %d ICMP messages, %d resets of live connections", icmp, resets)
	}
	return fmt.Sprintf("%d forged ICMP messages, %d forged resets of live connections and %d of guessed ones in %v: no configuration change", icmp, resets, guesses, d), nil
}

type flow struct{ src, dst netip.AddrPort }

// direction is one half of a TCP connection and what its receiver expects next.
type direction struct {
	flow
	seq uint32
}

// flows are the live conversations as the switch sees them.
type flows struct {
	mu  sync.Mutex
	udp map[flow]bool
	// tcp has for each direction the sequence number that its receiver expects.
	tcp map[flow]uint32
}

func (f *flows) see(p harness.Packet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.Proto == unix.IPPROTO_UDP {
		if !p.Dst.Addr().IsMulticast() {
			f.udp[flow{p.Src, p.Dst}] = true
		}
		return
	}
	if p.Payload[13]&0x05 != 0 { // RST or FIN: this connection is over
		delete(f.tcp, flow{p.Src, p.Dst})
		delete(f.tcp, flow{p.Dst, p.Src})
		return
	}
	if p.Payload[13]&0x10 != 0 { // ACK
		// What p's sender acknowledges is what it expects from the other side.
		f.tcp[flow{p.Dst, p.Src}] = binary.BigEndian.Uint32(p.Payload[8:])
	}
}

// of are the datagram flows that leave addr and the TCP directions at addr.
func (f *flows) of(addr string) (udp []flow, tcp []direction) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for x := range f.udp {
		if x.src.Addr().String() == addr {
			udp = append(udp, x)
		}
	}
	for x, seq := range f.tcp {
		if x.src.Addr().String() == addr || x.dst.Addr().String() == addr {
			tcp = append(tcp, direction{x, seq})
		}
	}
	return udp, tcp
}

// PlainTextSaysSo checks that a ring without encryption says so in every
// executive's output.
func PlainTextSaysSo() error {
	c, err := harness.New(harness.Options{Nodes: 1, Conf: []string{"secauth:off"}})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.StartAll(10 * time.Second); err != nil {
		return err
	}
	out := c.Nodes[0].Output()
	if !strings.Contains(strings.ToLower(out), "neither encrypted") {
		return fmt.Errorf("an executive without encryption does not say so: %q", out)
	}
	return nil
}

// renumber gives a sealed packet another counter.
func renumber(pkt []byte, counter uint64) {
	switch {
	case len(pkt) >= seal.RingOverhead && pkt[0]>>5 == 0b101: // ring traffic
		binary.LittleEndian.PutUint32(pkt[5:], uint32(counter))
		binary.LittleEndian.PutUint16(pkt[9:], uint16(counter>>32))
	case len(pkt) >= seal.SessionOverhead:
		binary.LittleEndian.PutUint64(pkt[16:], counter)
	}
}
