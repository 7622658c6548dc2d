package harness

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
)

// Options says what cluster to make. The zero value of everything but Nodes is
// the default configuration on loopback.
type Options struct {
	Nodes int
	// Spare are further nodes that every member list knows: places for intruders
	// and attackers. They are in Cluster.Spares and never started by StartAll.
	Spare int
	// Namespaces puts every node into a network namespace of its own, behind a
	// switch; root only.
	Namespaces bool
	// Unicast uses a member list instead of multicast in namespaces. Loopback
	// always does: the interface is not capable of multicast.
	Unicast bool
	// IPv6 gives the nodes IPv6 addresses and the node ids 1, 2, ...; in
	// namespaces only.
	IPv6 bool
	// Executive, if not empty, is the path of the executive to run instead of the
	// build's: one with a planted bug.
	Executive string
	// Conf are further lines of every node's network.conf, such as "token: 500".
	Conf []string
	// Verbose passes the executives' output on to this function.
	Verbose func(line string)
}

// Cluster is a set of nodes that share a key.
type Cluster struct {
	Build  *Build
	Net    *Network // nil on loopback
	Nodes  []*Node  // Nodes[0] is node 1, the lowest address and id
	Spares []*Node
	Dir    string
	Port   int

	opt    Options
	key    []byte
	cancel func()
	ward   *warden
	mu     sync.Mutex
	procs  []*Process // clients started through nodes
	closed bool
}

// Node is one executive's place: its address, directory and socket. The
// executive itself may run or not.
type Node struct {
	Index   int // from 1
	Address string
	ID      uint32 // the IPv4 address as a number
	Socket  string // value of AIS_SOCKET
	ConfDir string
	Exec    *Process // the running (or last) executive; nil before the first Start

	c      *Cluster
	starts int
}

var clusterCount atomic.Int32

// New makes a cluster; no executive is started yet.
func New(opt Options) (*Cluster, error) {
	b, err := FindBuild()
	if err != nil {
		return nil, err
	}
	if opt.Nodes < 1 || opt.Nodes > 128 {
		return nil, fmt.Errorf("a cluster of %d nodes: 1 to 128 can be made", opt.Nodes)
	}
	c := &Cluster{Build: b, opt: opt, key: make([]byte, 128)}
	if _, err := rand.Read(c.key); err != nil {
		return nil, err
	}
	// Short, because socket paths are.
	if c.Dir, err = os.MkdirTemp("/tmp", "ais-"); err != nil {
		return nil, err
	}
	if c.ward, err = startWarden([]string{"rm -rf '" + c.Dir + "'"}); err != nil {
		os.RemoveAll(c.Dir)
		return nil, err
	}
	c.cancel = atExit(c.shut)
	if err := c.prepare(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) prepare() (err error) {
	c.Port = 5405
	if c.opt.Namespaces {
		if c.Net, err = NewNetwork(c.opt.Nodes + c.opt.Spare); err != nil {
			return err
		}
	} else if c.Port, err = freePort(c.opt.Nodes + c.opt.Spare); err != nil {
		return err
	}
	count := clusterCount.Add(1)
	for i := 1; i <= c.opt.Nodes+c.opt.Spare; i++ {
		n := &Node{Index: i, c: c, ConfDir: filepath.Join(c.Dir, "n"+strconv.Itoa(i))}
		if c.Net != nil {
			n.Address = c.Net.Address(i)
			if c.opt.IPv6 {
				n.Address = c.Net.Address6(i)
			}
			// A path: abstract names belong to a network namespace.
			n.Socket = filepath.Join(n.ConfDir, "sock")
		} else {
			n.Address = fmt.Sprintf("127.0.0.%d", i)
			n.Socket = fmt.Sprintf("@ais-test-%d-%d-%d", os.Getpid(), count, i)
		}
		n.ID = uint32(i)
		if ip := net.ParseIP(n.Address).To4(); ip != nil {
			n.ID = uint32(ip[0])<<24 | uint32(ip[1])<<16 | uint32(ip[2])<<8 | uint32(ip[3])
		}
		if i <= c.opt.Nodes {
			c.Nodes = append(c.Nodes, n)
		} else {
			c.Spares = append(c.Spares, n)
		}
	}
	for _, n := range c.all() {
		if err := n.Configure(c.key); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) all() []*Node { return append(append([]*Node(nil), c.Nodes...), c.Spares...) }

// freePort finds a port that is free for UDP and TCP on 127.0.0.1..n, below the
// range that the kernel gives out by itself.
func freePort(n int) (int, error) {
	var seed [2]byte
	_, _ = rand.Read(seed[:])
	for try := range 200 {
		port := 20000 + (int(seed[0])<<8+int(seed[1])+try*37)%12000
		if portFree(n, port) {
			return port, nil
		}
	}
	return 0, errors.New("no free port found on loopback")
}

func portFree(n, port int) bool {
	for i := 1; i <= n; i++ {
		addr := fmt.Sprintf("127.0.0.%d:%d", i, port)
		u, err := net.ListenPacket("udp4", addr)
		if err != nil {
			return false
		}
		u.Close()
		t, err := net.Listen("tcp4", addr)
		if err != nil {
			return false
		}
		t.Close()
	}
	return true
}

// Label is how programs that know nodes by id write this one: the id as an IPv4
// address, which it is in an IPv4 ring.
func (n *Node) Label() string {
	return fmt.Sprintf("%d.%d.%d.%d", n.ID>>24, n.ID>>16&255, n.ID>>8&255, n.ID&255)
}

// Key is the cluster's authkey.
func (c *Cluster) Key() []byte { return c.key }

// Configure writes the node's directory: network.conf and, unless key is nil,
// authkey.
func (n *Node) Configure(key []byte, extra ...string) error {
	if err := os.MkdirAll(n.ConfDir, 0o700); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "bindnetaddr:%s\nmcastport:%d\nnodename:node%d\nclustername:test\n", n.Address, n.c.Port, n.Index)
	v6 := n.c.opt.IPv6
	if v6 {
		fmt.Fprintf(&b, "nodeid:%d\n", n.ID)
	}
	switch {
	case n.c.Net == nil || n.c.opt.Unicast:
		b.WriteString("transport:unicast\n")
		for _, m := range n.c.all() {
			if v6 {
				fmt.Fprintf(&b, "member:%d %s\n", m.ID, m.Address)
			} else {
				fmt.Fprintf(&b, "member:%s\n", m.Address)
			}
		}
	case v6:
		b.WriteString("mcastaddr:ff15::4141\n")
	default:
		b.WriteString("mcastaddr:226.94.1.1\n")
	}
	for _, line := range append(append([]string(nil), n.c.opt.Conf...), extra...) {
		b.WriteString(line + "\n")
	}
	if err := os.WriteFile(filepath.Join(n.ConfDir, "network.conf"), []byte(b.String()), 0o600); err != nil {
		return err
	}
	path := filepath.Join(n.ConfDir, "authkey")
	_ = os.Remove(path) // a key file is read-only
	if key == nil {
		return nil
	}
	return os.WriteFile(path, key, 0o400)
}

// Start starts the node's executive and returns once it answers on its control
// socket.
func (n *Node) Start() error {
	if err := n.StartNoWait(); err != nil {
		return err
	}
	return n.Ready(10 * time.Second)
}

// StartNoWait starts the node's executive.
func (n *Node) StartNoWait() error {
	if n.Exec != nil && !n.Exec.Ended() {
		return fmt.Errorf("node %d: its executive runs already", n.Index)
	}
	n.starts++
	path := n.c.opt.Executive
	if path == "" {
		path = n.c.Build.Bin("aisexec")
	}
	spec := Spec{
		Name: fmt.Sprintf("aisexec-%d.%d", n.Index, n.starts),
		Path: path,
		Args: []string{"--confdir", n.ConfDir},
		Env:  n.Env(),
	}
	if tee := n.c.opt.Verbose; tee != nil {
		spec.Tee = func(line string) { tee(fmt.Sprintf("node%d: %s", n.Index, line)) }
	}
	p, err := n.launch(spec)
	if err != nil {
		return err
	}
	n.Exec = p
	return nil
}

// launch starts a program in the node's namespace.
func (n *Node) launch(s Spec) (*Process, error) {
	if n.c.Net != nil {
		return n.c.Net.Start(n.Index, s)
	}
	return Start(s)
}

// Run starts a client program of this node; it is ended with the cluster.
func (n *Node) Run(s Spec) (*Process, error) {
	s.Env = append(n.Env(), s.Env...)
	p, err := n.launch(s)
	if err != nil {
		return nil, err
	}
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	live := n.c.procs[:0]
	for _, q := range n.c.procs {
		if !q.Ended() {
			live = append(live, q)
		}
	}
	n.c.procs = append(live, p)
	return p, nil
}

// RunC compiles a C program of the project and runs it as a client of this node.
func (n *Node) RunC(source string, gen Generation, args ...string) (*Process, error) {
	path, err := n.c.Build.CompileC(source, gen)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s@%d", strings.TrimSuffix(filepath.Base(source), ".c"), n.Index)
	return n.Run(Spec{Name: name, Path: path, Args: args})
}

// Build is what the node's programs are taken from.
func (n *Node) Build() *Build { return n.c.Build }

// Env is the environment of this node's programs.
func (n *Node) Env() []string { return []string{"AIS_SOCKET=" + n.Socket} }

// Up tells whether the node's executive runs.
func (n *Node) Up() bool { return n.Exec != nil && !n.Exec.Ended() }

// Ready waits until the executive answers on its control socket.
func (n *Node) Ready(timeout time.Duration) error {
	var last error
	for deadline := time.Now().Add(timeout); time.Now().Before(deadline); {
		if n.Exec == nil || n.Exec.Ended() {
			return fmt.Errorf("node %d: its executive ended:\n%s", n.Index, n.Output())
		}
		c, err := DialControl(n.Socket, time.Second)
		if err == nil {
			c.Close()
			return nil
		}
		last = err
		time.Sleep(2 * time.Millisecond)
	}
	return fmt.Errorf("node %d: no control socket after %v: %w\n%s", n.Index, timeout, last, n.Output())
}

// Output is what the node's executive wrote.
func (n *Node) Output() string {
	if n.Exec == nil {
		return ""
	}
	return n.Exec.Stdout.String() + "\n" + n.Exec.Stderr.String()
}

// Kill ends the executive with SIGKILL; the time is taken right before.
func (n *Node) Kill() (at time.Duration, err error) { return n.signal(unix.SIGKILL) }

// Term asks the executive to stop (SIGTERM).
func (n *Node) Term() (at time.Duration, err error) { return n.signal(unix.SIGTERM) }

// Stop suspends the executive (SIGSTOP), Cont lets it go on.
func (n *Node) Stop() (at time.Duration, err error) { return n.signal(unix.SIGSTOP) }

// StopAll suspends the executive and waits until each of its threads stands
// still: the signal takes effect a little after it was sent.
func (n *Node) StopAll() error {
	if _, err := n.Stop(); err != nil {
		return err
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		still, err := n.Exec.stopped()
		if still || err != nil {
			return err
		}
	}
	return fmt.Errorf("node %d: its executive does not stop", n.Index)
}

// Cont lets a suspended executive go on.
func (n *Node) Cont() (at time.Duration, err error) { return n.signal(unix.SIGCONT) }

func (n *Node) signal(sig unix.Signal) (time.Duration, error) {
	if n.Exec == nil {
		return 0, fmt.Errorf("node %d: no executive", n.Index)
	}
	at := Monotonic()
	return at, n.Exec.Signal(sig)
}

// Status asks the executive for its status, as dotted paths (see Flat).
func (n *Node) Status() (Status, error) {
	c, err := DialControl(n.Socket, 5*time.Second)
	if err != nil {
		return nil, fmt.Errorf("node %d: %w", n.Index, err)
	}
	defer c.Close()
	data, err := c.StatusJSON(5 * time.Second)
	if err != nil {
		return nil, fmt.Errorf("node %d: %w", n.Index, err)
	}
	m, err := Flat(data)
	return m, err
}

// WaitFilled waits until no section of a checkpoint is being filled: until then the
// node asks others for what it has not got. It looks every step; with very many
// sections the answer is work. A malformed message of a member is an error.
func (n *Node) WaitFilled(timeout, step time.Duration) error {
	for deadline := time.Now().Add(timeout); ; time.Sleep(step) {
		s, err := n.Status()
		if err != nil {
			return err
		}
		left, ok := s["counters.ckpt.filling"]
		if !ok {
			return errors.New("the status has no counters.ckpt.filling")
		}
		if left == float64(0) {
			if x := s.Int("drops.ckpt.malformed"); x != 0 {
				return fmt.Errorf("node %d: %d messages of members were malformed", n.Index, x)
			}
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("node %d: %v sections are still not whole", n.Index, left)
		}
	}
}

// Trace is the text of the executive's flight recorder.
func (n *Node) Trace() (string, error) {
	c, err := DialControl(n.Socket, 5*time.Second)
	if err != nil {
		return "", fmt.Errorf("node %d: %w", n.Index, err)
	}
	defer c.Close()
	data, err := c.Ask(ipcwire.CtlTrace, nil, 5*time.Second)
	return string(data), err
}

// Status is an executive's status with dotted paths.
type Status map[string]any

// Int is a number of the status; 0 when it is not there.
func (s Status) Int(path string) int64 {
	f, _ := s[path].(float64)
	return int64(f)
}

// Text is a text of the status.
func (s Status) Text(path string) string {
	t, _ := s[path].(string)
	return t
}

// Members is the number of members of the configuration.
func (s Status) Members() int { return int(s.Int("members.#")) }

// Ring names the executive's ring.
func (s Status) Ring() string {
	return fmt.Sprintf("%d.%d", s.Int("ring.representative"), s.Int("ring.sequence"))
}

// Changes is the number of configuration changes this executive has delivered.
func (s Status) Changes() int64 { return s.Int("configuration_changes") }

// Drops are the counters of refused packets that are not zero, by room and
// reason: what the network brought, not what clients did.
func (s Status) Drops() map[string]int64 {
	out := map[string]int64{}
	for k, v := range s {
		reason, of := strings.CutPrefix(k, "drops.")
		if f, ok := v.(float64); ok && of && f > 0 {
			switch room, _, _ := strings.Cut(reason, "."); room {
			case "net", "seal", "ring":
				out[reason] = int64(f)
			}
		}
	}
	return out
}

// StartAll starts every executive and waits until they are one ring.
func (c *Cluster) StartAll(timeout time.Duration) error {
	for _, n := range c.Nodes {
		if err := n.StartNoWait(); err != nil {
			return err
		}
	}
	return c.WaitWhole(timeout)
}

// WaitWhole waits until all executives that run are one ring.
func (c *Cluster) WaitWhole(timeout time.Duration) error {
	var up []*Node
	for _, n := range c.Nodes {
		if n.Up() {
			up = append(up, n)
		}
	}
	return WaitRing(up, timeout)
}

// WaitRing waits until these nodes, and no others, are one ring.
func WaitRing(nodes []*Node, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for {
		whole, why := oneRing(nodes, deadline)
		if whole {
			return nil
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("not one ring of %d after %v: %s", len(nodes), timeout, why)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func oneRing(nodes []*Node, deadline time.Time) (bool, string) {
	var ring string
	for i, n := range nodes {
		if err := n.Ready(max(time.Until(deadline), time.Millisecond)); err != nil {
			return false, err.Error()
		}
		c, err := DialControl(n.Socket, time.Second)
		if err != nil {
			return false, err.Error()
		}
		err = c.WaitMembers(len(nodes), max(time.Until(deadline), time.Millisecond))
		c.Close()
		if err != nil {
			s, serr := n.Status()
			return false, fmt.Sprintf("node %d: %v (status: %v %v)", n.Index, err, s, serr)
		}
		s, err := n.Status()
		if err != nil {
			return false, err.Error()
		}
		r := s.Ring()
		if s.Members() != len(nodes) || s.Text("state") != "operational" {
			return false, fmt.Sprintf("node %d: %d members, state %q", n.Index, s.Members(), s.Text("state"))
		}
		if i == 0 {
			ring = r
		} else if r != ring {
			return false, fmt.Sprintf("node %d is in ring %s, node %d in ring %s", nodes[0].Index, ring, n.Index, r)
		}
	}
	return true, ""
}

// Close ends everything that was started and removes everything that was made.
func (c *Cluster) Close() {
	c.cancel()
	c.shut()
}

func (c *Cluster) shut() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	procs := c.procs
	c.mu.Unlock()
	var wg sync.WaitGroup
	end := func(p *Process, grace time.Duration) {
		if p == nil {
			return
		}
		wg.Add(1)
		go func() { defer wg.Done(); p.End(grace) }()
	}
	for _, p := range procs {
		end(p, time.Second)
	}
	wg.Wait()
	for _, n := range c.all() {
		end(n.Exec, 3*time.Second)
	}
	wg.Wait()
	if c.Net != nil {
		c.Net.Close()
	}
	os.RemoveAll(c.Dir)
	c.ward.release()
}
