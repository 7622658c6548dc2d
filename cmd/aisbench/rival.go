package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"ais/ctests/harness"
)

// corosync beside our executives: in the same network namespaces, at the same
// time, idle while ours work and the other way round.

// errNoRival and errNoHeaders: it cannot be measured here.
var (
	errNoRival   = errors.New("corosync is not installed")
	errNoHeaders = errors.New("the headers of libcpg are not installed")
)

// transport is one of corosync's, as its configuration says it. netmtu is left at
// its default, which is 1500 for udp and udpu and 65536 for knet: there it is what is
// handed to knet, which cuts it to the links' MTU. With 1500 knet has a quarter of
// its throughput for messages of 8 KB and more.
type transport struct {
	name  string
	lines string
}

var transports = []transport{
	{"knet-aes", "transport: knet\ncrypto_cipher: aes256\ncrypto_hash: sha256\n"},
	{"knet", "transport: knet\ncrypto_cipher: none\ncrypto_hash: none\n"},
	{"udp", "transport: udp\n"},
	{"udpu", "transport: udpu\n"},
}

func transportNamed(name string) transport {
	for _, t := range transports {
		if t.name == name {
			return t
		}
	}
	panic("no transport " + name)
}

// rivalPort keeps the two apart, and one transport's packets from the next one's.
const rivalPort = 5605

// rival is corosync on every node of a network.
type rival struct {
	net       *harness.Network
	transport transport
	dir       string
	nodes     []*harness.Process
}

// haveRival tells whether corosync can be measured here.
func haveRival() error {
	_, err1 := exec.LookPath("corosync")
	_, err2 := os.Stat("/usr/include/corosync/cpg.h")
	switch {
	case err1 != nil:
		return errNoRival
	case err2 != nil:
		return errNoHeaders
	}
	return nil
}

// startRival starts corosync on nodes 1 to n and waits until they are one
// membership.
func startRival(w *harness.Network, n int, t transport) (*rival, error) {
	if err := haveRival(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "aisrival-")
	if err != nil {
		return nil, err
	}
	r := &rival{net: w, transport: t, dir: dir}
	key := make([]byte, 1024)
	_, _ = rand.Read(key)
	if err := os.WriteFile(filepath.Join(dir, "authkey"), key, 0o400); err != nil {
		r.stop()
		return nil, err
	}
	formed := make(chan int, 4*n)
	want := fmt.Sprintf("Sync members[%d]:", n)
	for i := 1; i <= n; i++ {
		if err := r.start(i, n, t, func(line string) {
			if strings.Contains(line, want) {
				select {
				case formed <- i:
				default:
				}
			}
		}); err != nil {
			r.stop()
			return nil, err
		}
	}
	seen := map[int]bool{}
	for deadline := time.After(30 * time.Second); len(seen) < n; {
		select {
		case i := <-formed:
			seen[i] = true
		case <-deadline:
			text := r.nodes[0].Stderr.String() + r.nodes[0].Stdout.String()
			r.stop()
			return nil, fmt.Errorf("corosync (%s) did not form a membership of %d:\n%s", t.name, n, text)
		}
	}
	time.Sleep(time.Second) // what follows a membership is not measured
	return r, nil
}

func (r *rival) start(i, n int, t transport, tee func(string)) error {
	state := filepath.Join(r.dir, fmt.Sprint(i))
	if err := os.MkdirAll(state, 0o700); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "totem {\nversion: 2\ncluster_name: peer\nkeyfile: %s/authkey\n%s", r.dir, t.lines)
	fmt.Fprintf(&b, "interface {\nringnumber: 0\nlinknumber: 0\nbindnetaddr: %s\nmcastport: %d\n", r.net.Address(i), rivalPort)
	if t.name == "udp" {
		b.WriteString("mcastaddr: 239.77.1.1\n")
	}
	b.WriteString("}\n}\nnodelist {\n")
	for k := 1; k <= n; k++ {
		fmt.Fprintf(&b, "node {\nring0_addr: %s\nnodeid: %d\nname: n%d\n}\n", r.net.Address(k), k, k)
	}
	fmt.Fprintf(&b, "}\nquorum {\n}\nsystem {\nstate_dir: %s\n}\nlogging {\nto_stderr: yes\nto_syslog: no\nto_logfile: no\n}\n", state)
	conf := filepath.Join(state, "corosync.conf")
	if err := os.WriteFile(conf, []byte(b.String()), 0o600); err != nil {
		return err
	}
	// Its process id file has one place: a directory /run of its own.
	p, err := r.net.Start(i, harness.Spec{Name: fmt.Sprintf("corosync-%d", i), Path: "unshare",
		Args: []string{"-m", "sh", "-c", "mount -t tmpfs tmpfs /run && exec corosync -f -c " + conf}, Tee: tee})
	if err != nil {
		return err
	}
	r.nodes = append(r.nodes, p)
	return nil
}

// ended is the first node whose executive has ended by itself; 0: none.
func (r *rival) ended() int {
	for i, p := range r.nodes {
		if p.Ended() {
			return i + 1
		}
	}
	return 0
}

// stop ends it; there may be none.
func (r *rival) stop() {
	if r == nil {
		return
	}
	for _, p := range r.nodes {
		p.End(5 * time.Second)
	}
	os.RemoveAll(r.dir)
}

// compileRival compiles a program of the project against libcpg.
func compileRival(b *harness.Build, dir string) (string, error) {
	out := filepath.Join(dir, "member-cpg")
	cmd := exec.Command("gcc", "-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O2", "-DPEER_CPG",
		"-o", out, filepath.Join(b.Root, memberSource), "-lcpg", "-lpthread")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, text)
	}
	return out, nil
}
