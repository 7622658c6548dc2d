package habits

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ais/ctests/cprog"
	"ais/ctests/harness"
)

// What calls of the C libraries cost the process: system calls and allocations,
// counted, on a real executive. c/cost.c makes the calls, c/trace.c counts.

// An allowance is how often some system calls may be made, together: so many for
// each call of the API (or each callback), and so many more.
type allowance struct {
	calls     string
	per, once float64
}

// A bound is what a section of cost.c may cost. Every system call it does not name
// is one too many.
type bound struct {
	section string
	mallocs allowance // without calls
	allowed []allowance
	// It enters the runtime, where Go may wake its threads, or wait for them.
	runtime bool
	// No other thread has anything to do for a call.
	alone bool
}

// Masks of signals around one entry into the runtime.
const entry = 2

// exchange is a request and its answer over sockets: send, wait, receive. Memory
// shared with the executive takes the place of the first, or of the others, which
// depends on what the executive is doing; nothing makes it more, but that who has
// slept for the answer in memory in vain waits at the socket.
var exchange = []allowance{{"sendto sendmsg", 1, 0}, {"futex", 1, 0}, {"ppoll", 1, 0}, {"recvfrom", 1, 0}}

// opening is Initialize and Finalize of a service when the runtime is loaded.
func opening(t *testing.T) []allowance {
	t.Helper()
	accounts, err := os.Stat("/etc/passwd") // is read for the executive's account
	if err != nil {
		t.Fatal(err)
	}
	return []allowance{
		{"getuid", 0, 1}, {"getgid", 0, 1}, {"geteuid", 0, 2}, {"getegid", 0, 1},
		{"openat", 0, 1}, {"read", 0, float64(accounts.Size()/512 + 2)},
		{"socket", 0, 1}, {"connect", 0, 1}, {"getsockopt", 0, 1}, {"getrandom", 0, 1},
		{"shutdown", 0, 4},
	}
}

func bounds(t *testing.T) []bound {
	t.Helper()
	second := append(opening(t), allowance{"rt_sigprocmask", 0, 2 * entry}, allowance{"close", 0, 3},
		allowance{"sendmsg", 0, 1}, allowance{"ppoll", 0, 1}, allowance{"recvmsg", 0, 2})
	// Two requests more, and the memory.
	evsSecond := append(opening(t), allowance{"rt_sigprocmask", 0, 6 * entry}, allowance{"close", 0, 4},
		allowance{"sendmsg", 0, 3}, allowance{"ppoll", 0, 3}, allowance{"recvmsg recvfrom", 0, 6},
		allowance{"fstat newfstatat", 0, 1}, allowance{"mmap", 0, 6}, allowance{"madvise", 0, 1}, allowance{"munmap", 0, 1},
		allowance{"futex", 0, 1})
	nothing := []allowance{{"rt_sigprocmask", entry, 0}, {"recvfrom", 1, 0}}
	return []bound{
		// The executive stands still: it is woken once, and every 64 messages the
		// library looks whether it lives.
		{section: "evs_mcast", allowed: []allowance{{"sendto", 0, 1}, {"recvfrom", 1.0 / 64, 0}}, alone: true},
		// The executive may go to sleep after each message: one of both for each.
		{section: "evs_mcast_awake", allowed: []allowance{{"sendto recvfrom", 1, 0}}},
		// The selection object is emptied at the end; the memory for messages.
		{section: "evs_dispatch", allowed: []allowance{{"recvfrom", 0, 2}}, mallocs: allowance{once: 1}, alone: true},
		{section: "evs_dispatch_none", allowed: []allowance{{"recvfrom", 1, 0}}},
		{section: "ckpt_overwrite", allowed: exchange},
		{section: "ckpt_read", allowed: exchange},
		{section: "clm_node_get", allowed: exchange},
		// The runtime makes the head of the request, and is told the answer.
		{section: "evt_publish", allowed: append([]allowance{{"rt_sigprocmask", 2 * entry, 0}}, exchange...), runtime: true},
		// Each event is taken from the runtime and freed there, and has a handle; all
		// of them are fetched at once.
		{section: "evt_dispatch", mallocs: allowance{per: 1, once: 1}, runtime: true, allowed: []allowance{
			{"rt_sigprocmask", 2 * entry, 3 * entry}, {"recvfrom", 0, 4}, {"sendmsg", 0, 1}, {"ppoll", 0, 1}}},
		{section: "clm_dispatch_none", allowed: nothing, runtime: true},
		{section: "ckpt_dispatch_none", allowed: nothing, runtime: true},
		{section: "evt_dispatch_none", allowed: nothing, runtime: true},
		{section: "clm_selection_object", allowed: []allowance{{"poll ppoll", 1, 0}}},
		{section: "clm_second", allowed: second, mallocs: allowance{once: 3}, runtime: true},
		{section: "ckpt_second", allowed: second, mallocs: allowance{once: 3}, runtime: true},
		{section: "evt_second", allowed: second, mallocs: allowance{once: 3}, runtime: true},
		{section: "evs_second", allowed: evsSecond, mallocs: allowance{once: 5}, runtime: true},
	}
}

// goes are system calls of Go's scheduler; the clock is one where the kernel has no
// other way to read it.
var (
	goes  = []string{"futex", "sched_yield", "nanosleep", "clock_nanosleep"}
	clock = []string{"clock_gettime", "gettimeofday"}
)

// A visit is one time that a section of cost.c was run.
type visit struct {
	line        string
	n, ok       int
	mallocs     int
	own, others map[string]int
}

var visitLine = regexp.MustCompile(`^cost (\w+) n=(\d+) ok=(\d+) mallocs=(\d+) own(.*) others(.*)$`)

// visits reads what trace.c wrote.
func visits(t *testing.T, out string) map[string][]visit {
	t.Helper()
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	calls := func(s string) map[string]int {
		m := map[string]int{}
		for _, f := range strings.Fields(s) {
			name, n, _ := strings.Cut(f, "=")
			m[name] = number(n)
		}
		return m
	}
	all := map[string][]visit{}
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if f := visitLine.FindStringSubmatch(line); f != nil {
			all[f[1]] = append(all[f[1]], visit{line, number(f[2]), number(f[3]), number(f[4]), calls(f[5]), calls(f[6])})
		}
	}
	return all
}

func (a allowance) of(n int) int { return int(a.per*float64(n)) + int(a.once) }

// systemCalls is what is wrong with the system calls of a visit.
func (b bound) systemCalls(v visit) (wrong []string) {
	known := slices.Clone(clock)
	if b.runtime {
		known = append(known, goes...)
	}
	for _, a := range b.allowed {
		sum := 0
		for _, c := range strings.Fields(a.calls) {
			sum += v.own[c]
			known = append(known, c)
		}
		if b.runtime && slices.Contains(goes, a.calls) {
			continue
		}
		if sum > a.of(v.n) {
			wrong = append(wrong, fmt.Sprintf("%d times %s, not %d at most", sum, a.calls, a.of(v.n)))
		}
	}
	for c, n := range v.own {
		if !slices.Contains(known, c) {
			wrong = append(wrong, fmt.Sprintf("%d times %s, for which there is no reason", n, c))
		}
	}
	others := 0
	for _, n := range v.others {
		others += n
	}
	if b.alone && others > v.n/4 {
		wrong = append(wrong, fmt.Sprintf("%d system calls of other threads", others))
	}
	return wrong
}

func (b bound) allocations(v visit) (wrong []string) {
	if most := b.mallocs.of(v.n); v.mallocs > most {
		wrong = append(wrong, fmt.Sprintf("%d allocations, not %d at most", v.mallocs, most))
	}
	return wrong
}

// best is what is wrong with the best visit of a section: what costs each call
// something is in all of them.
func best(list []visit, wrong func(visit) []string) (v visit, text string) {
	for i := range list {
		w := wrong(list[i])
		if i == 0 || len(w) == 0 {
			v, text = list[i], strings.Join(w, "; ")
		}
		if len(w) == 0 {
			break
		}
	}
	return v, text
}

// tracer builds c/trace.c; without it nothing can be counted.
func tracer(t *testing.T) string {
	t.Helper()
	path := cprog.Program{Name: "trace", Sources: []string{"trace.c"}}.Build(t, cprog.Archs[0])
	out, err := exec.Command(path, "/bin/sh", "-c", ":").CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.ExitCode() == 77:
		t.Skipf("this process may not trace its children: %s", cprog.FirstLine(out))
	default:
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

func costProgram(flags ...string) cprog.Program {
	return cprog.Program{Name: "cost" + strings.Join(flags, ""), Sources: []string{"cost.c"}, Flags: flags, Libs: []string{"-lais", "-ldl"}}
}

func sharesMemory(t *testing.T, n *harness.Node) bool {
	t.Helper()
	s, err := n.Status()
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range s {
		if strings.HasPrefix(k, "offloads.") && v == "shared-memory" {
			return true
		}
	}
	return false
}

// measured runs cost.c on the executive of all tests, which shares memory.
func measured(t *testing.T, flags ...string) (map[string][]visit, string) {
	t.Helper()
	path := tracer(t)
	n := executive(t)
	t.Cleanup(func() {
		if n.Up() {
			_, _ = n.Cont() // cost.c stops it
		}
	})
	out := run(t, nil, path, costProgram(flags...).Build(t, cprog.Archs[0]))
	if !sharesMemory(t, n) {
		t.Skip("the executive cannot share memory with libraries here")
	}
	return visits(t, out), out
}

var threadsLine = regexp.MustCompile(`(?m)^threads (\d+)$`)

// No time is measured: how slow the machine is makes no difference.
func TestSystemCallsAndAllocationsOfEveryCallAreBounded(t *testing.T) {
	all, out := measured(t)
	for _, b := range bounds(t) {
		list := all[b.section]
		if len(list) == 0 {
			t.Errorf("%s was not measured", b.section)
			continue
		}
		v, wrong := best(list, func(v visit) []string { return append(b.systemCalls(v), b.allocations(v)...) })
		t.Log(v.line)
		if wrong != "" {
			t.Errorf("%s: %s", b.section, wrong)
		}
		if v.ok == 0 {
			t.Errorf("%s: nothing came of any call", b.section)
		}
	}
	// The threads are those of the runtime, however many messages there were: as
	// many as the README says that a process must be allowed.
	m := threadsLine.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("the threads were not counted:\n%s", out)
	}
	if n, err := strconv.Atoi(m[1]); err != nil || n > 1+9 {
		t.Errorf("%s threads", m[1])
	}
}

// One system call and one allocation for each call more than the library makes.
func TestTheBoundsNoticeWhatACallCostsMore(t *testing.T) {
	all, _ := measured(t, "-DPLANTED")
	for _, b := range bounds(t) {
		if b.section == "clm_selection_object" {
			continue // it does not turn cancellation off, where the call is planted
		}
		if len(all[b.section]) == 0 {
			t.Errorf("%s was not measured", b.section)
			continue
		}
		for _, wrong := range []func(visit) []string{b.systemCalls, b.allocations} {
			if v, text := best(all[b.section], wrong); text == "" {
				t.Errorf("nothing is wrong with %s", v.line)
			}
		}
	}
}

// Where no memory is shared a request is exactly three system calls, so that these
// are counted neither twice nor not at all.
func TestARequestOverSocketsIsThreeSystemCalls(t *testing.T) {
	path := tracer(t)
	executive(t) // that of the other tests shares memory
	t.Setenv("AIS_NO_SHARED_MEMORY", "1")
	c, err := harness.New(harness.Options{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartAll(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	n := c.Nodes[0]
	env := append(n.Env(), fmt.Sprintf("AIS_TEST_EXECUTIVE=%d", n.Exec.PID))
	all := visits(t, run(t, env, path, costProgram().Build(t, cprog.Archs[0]), "requests"))
	for _, b := range bounds(t) {
		switch b.section {
		case "ckpt_overwrite", "ckpt_read", "clm_node_get", "evt_publish":
		default:
			continue
		}
		if len(all[b.section]) == 0 {
			t.Errorf("%s was not measured", b.section)
			continue
		}
		v, wrong := best(all[b.section], func(v visit) []string { return append(b.systemCalls(v), b.allocations(v)...) })
		t.Log(v.line)
		if wrong != "" {
			t.Errorf("%s: %s", b.section, wrong)
		}
		if v.own["sendto"]+v.own["sendmsg"] != v.n || v.own["recvfrom"] != v.n {
			t.Errorf("%s: %d requests: %s", b.section, v.n, v.line)
		}
	}
}
