package proc

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
)

// The test's program is the keeper, too, and a whole executive that only has a
// keeper, to be killed.
func TestMain(m *testing.M) {
	if Asked(os.Args) {
		os.Exit(Keep(os.Args))
	}
	if os.Getenv("PROC_TEST_FAVOURED") != "" {
		favoured()
		return
	}
	if os.Getenv("PROC_TEST_EXECUTIVE") != "" {
		victim()
		return
	}
	os.Exit(m.Run())
}

// victim runs a command that leaves two processes in the background, prints its
// keeper's pid and waits for its death.
func victim() {
	k, err := Start(nil)
	if err != nil {
		panic(err)
	}
	l, _ := loop.New()
	c, err := k.Attach(l, func(int, Result) {}, func(error) {})
	if err != nil {
		panic(err)
	}
	c.Run(shell("a", os.Getenv("PROC_TEST_EXECUTIVE")), func(int, Result) { fmt.Println(k.PID()) })
	_ = l.Run()
}

const patience = 10 * time.Second

func shell(owner, script string) Command {
	return Command{Owner: owner, Argv: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Timeout: patience}
}

type room struct {
	t      *testing.T
	k      *Keeper
	l      *loop.Loop
	c      *Client
	exits  map[int]Result
	lost   error
	closed bool
}

func newRoom(t *testing.T) *room {
	r := &room{t: t, exits: map[int]Result{}}
	var err error
	if r.k, err = Start(nil); err != nil {
		t.Fatal(err)
	}
	if r.l, err = loop.New(); err != nil {
		t.Fatal(err)
	}
	r.c, err = r.k.Attach(r.l, func(pid int, res Result) { r.exits[pid] = res }, func(err error) { r.lost = err })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r
}

func (r *room) close() {
	if !r.closed {
		r.closed = true
		r.c.Detach()
		r.l.Close()
		r.k.Close()
	}
}

// until turns the loop until a condition holds.
func (r *room) until(what string, cond func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); !cond(); {
		if time.Now().After(end) {
			r.t.Fatalf("not within %v: %s", patience, what)
		}
		if err := r.l.Turn(5 * time.Millisecond); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *room) run(cmd Command) (pid int, res Result) {
	r.t.Helper()
	done := false
	r.c.Run(cmd, func(p int, x Result) { pid, res, done = p, x, true })
	r.until("the end of "+strings.Join(cmd.Argv, " "), func() bool { return done })
	return pid, res
}

func (r *room) kill(owner string) {
	r.t.Helper()
	done := false
	r.c.Kill(owner, func(err error) {
		if err != nil {
			r.t.Error(err)
		}
		done = true
	})
	r.until("the kill of "+owner, func() bool { return done })
}

// pidIn reads a process id that a script wrote.
func (r *room) pidIn(file string) int {
	r.t.Helper()
	pid := 0
	r.until("a process id in "+file, func() bool {
		b, err := os.ReadFile(file)
		if err != nil || !strings.HasSuffix(string(b), "\n") {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
		return err == nil
	})
	return pid
}

func alive(pid int) bool { _, ok := readProcess(pid); return ok }

func TestAnExitCodeASignalAndAProgramThatIsNotThereAreTold(t *testing.T) {
	r := newRoom(t)
	for _, c := range []struct {
		script string
		want   Result
	}{
		{"exit 0", Result{}},
		{"exit 7", Result{Code: 7}},
		{"kill -9 $$", Result{Signal: 9}},
	} {
		pid, got := r.run(shell("a", c.script))
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.script, got, c.want)
		}
		if got, told := r.exits[pid]; !told || got != c.want {
			t.Errorf("%s: the exit of process %d was told as %v, %v", c.script, pid, got, told)
		}
	}
	if _, got := r.run(Command{Owner: "a", Argv: []string{"/no/such/program"}}); !strings.Contains(got.Error, "/no/such/program") || got.OK() {
		t.Errorf("%+v", got)
	}
	if _, got := r.run(Command{Owner: "a"}); got.OK() {
		t.Errorf("no command: %+v", got)
	}
}

func TestACommandGetsItsArgumentsItsEnvironmentAndDefaultSignals(t *testing.T) {
	r := newRoom(t)
	out := filepath.Join(t.TempDir(), "out")
	cmd := shell("a", `echo "$0 $1 $X $HOME"; grep -E "^Sig(Ign|Blk)" /proc/self/status; readlink /proc/self/fd/0; ls -l /proc/self/fd`)
	cmd.Argv = append(cmd.Argv, "zero", "one two")
	cmd.Argv[2] = "exec >" + out + "; " + cmd.Argv[2]
	cmd.Env = append(cmd.Env, "X=y z")
	if _, res := r.run(cmd); !res.OK() {
		t.Fatal(res)
	}
	b, _ := os.ReadFile(out)
	// What make starts has glibc's own signals 32 and 33 ignored; nobody else can
	// use them, and the C library of the command sets them as it needs.
	b = regexp.MustCompile(`SigIgn:\t0{7}[01][08]0{7}\n`).ReplaceAll(b, []byte("SigIgn:\t0000000000000000\n"))
	want := "zero one two y z \nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n/dev/null\n"
	if text := string(b); !strings.HasPrefix(text, want) || strings.Count(text[len(want):], "->") > 4 {
		t.Errorf("%s, want %s and at most 4 descriptors", text, want)
	}
}

func TestACommandThatTakesTooLongIsEndedWithItsSession(t *testing.T) {
	r := newRoom(t)
	file := filepath.Join(t.TempDir(), "pid")
	cmd := shell("a", "sleep 100 & echo $! >"+file+"; wait")
	// As long as the shell needs to get so far.
	for cmd.Timeout = 200 * time.Millisecond; ; cmd.Timeout *= 2 {
		if _, res := r.run(cmd); !res.Timeout || res.OK() {
			t.Fatalf("%+v", res)
		}
		if b, _ := os.ReadFile(file); strings.HasSuffix(string(b), "\n") {
			break
		}
		if cmd.Timeout > patience {
			t.Fatal("the shell does not get anywhere")
		}
	}
	pid := r.pidIn(file)
	r.until("the death of the sleeper", func() bool { return !alive(pid) })
}

func TestAKillEndsTheBackgroundOfItsOwnerAndOfNobodyElse(t *testing.T) {
	r := newRoom(t)
	dir := t.TempDir()
	files := map[string]string{
		// In the background; in a session of its own; with nothing left of its environment;
		// and a grandchild whose parent is gone.
		"plain":   "sleep 100 & echo $! >%s",
		"session": "setsid sh -c 'echo $$ >%s; exec sleep 100' &",
		"bare":    "env -i sh -c 'echo $$ >%s; exec sleep 100' & sleep 0.1",
		"grand":   "(sh -c 'sh -c \"echo \\$\\$ >%s; exec sleep 100\" &' &)",
	}
	pids := map[string]int{}
	for name, script := range files {
		for _, owner := range []string{"mine", "other"} {
			file := filepath.Join(dir, name+owner)
			if _, res := r.run(shell(owner, fmt.Sprintf(script, file))); !res.OK() {
				t.Fatal(name, res)
			}
			pids[name+" "+owner] = r.pidIn(file)
		}
	}
	r.kill("mine")
	for name, pid := range pids {
		if got, want := alive(pid), strings.HasSuffix(name, "other"); got != want {
			t.Errorf("%s: alive %v, want %v", name, got, want)
		}
	}
	done := false
	r.c.KillAll(func(err error) { done = err == nil })
	r.until("the end of all", func() bool { return done })
	if left := children(r.k.PID()); len(left) != 0 {
		t.Errorf("the keeper still has children: %v", left)
	}
}

func TestTheExitOfABackgroundProcessIsTold(t *testing.T) {
	r := newRoom(t)
	file := filepath.Join(t.TempDir(), "pid")
	if _, res := r.run(shell("a", "(sleep 0.05; exit 3) & echo $! >"+file)); !res.OK() {
		t.Fatal(res)
	}
	pid := r.pidIn(file)
	r.until("its exit", func() bool { return r.exits[pid] == Result{Code: 3} })
}

func TestNoProcessOutlivesAKilledExecutive(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROC_TEST_EXECUTIVE=sleep 100 & echo $! >"+a+"; setsid sh -c 'echo $$ >"+b+"; exec sleep 100' & while [ ! -s "+b+" ]; do sleep 0.01; done")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	keeper, _ := strconv.Atoi(strings.TrimSpace(line))
	r := &room{t: t}
	r.l, _ = loop.New()
	defer r.l.Close()
	pids := []int{keeper, r.pidIn(a), r.pidIn(b)}
	for _, pid := range pids {
		if !alive(pid) {
			t.Fatalf("%v do not all run", pids)
		}
	}
	began := time.Now()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	// The keeper itself may be left as a zombie by whoever adopted it.
	ended := func(pid int) bool { p, ok := readProcess(pid); return !ok || p.zombie }
	r.until("the death of all", func() bool { return ended(pids[0]) && ended(pids[1]) && ended(pids[2]) })
	t.Logf("all gone after %v", time.Since(began))
}

func TestAKilledKeeperIsNoticedAndLeavesNothing(t *testing.T) {
	r := newRoom(t)
	file := filepath.Join(t.TempDir(), "pid")
	if _, res := r.run(shell("a", "setsid sh -c 'echo $$ >"+file+"; exec sleep 100' &")); !res.OK() {
		t.Fatal(res)
	}
	pid := r.pidIn(file)
	if err := unix.Kill(r.k.PID(), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.until("the loss", func() bool { return r.lost != nil })
	r.until("the death of what it kept", func() bool { p, ok := readProcess(pid); return !ok || p.zombie })
	failed := false
	r.c.Kill("a", func(err error) { failed = err != nil })
	r.until("an answer without a keeper", func() bool { return failed })
}

func TestAHundredCommandsAtATimeLeaveNoZombie(t *testing.T) {
	r := newRoom(t)
	ended := 0
	for i := range 100 {
		code := i % 5
		r.c.Run(shell("o"+strconv.Itoa(i%7), "exit "+strconv.Itoa(code)), func(_ int, res Result) {
			if res.Code != code {
				t.Errorf("%v, want %d", res, code)
			}
			ended++
		})
	}
	r.until("the end of all", func() bool { return ended == 100 })
	if left := children(r.k.PID()); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestANewSessionGoesOnWithTheKeeper(t *testing.T) {
	r := newRoom(t)
	r.c.Run(shell("a", "sleep 100"), func(int, Result) { t.Error("the session before was told") })
	r.c.Detach()
	r.l.Close()
	var err error
	if r.l, err = loop.New(); err != nil {
		t.Fatal(err)
	}
	if r.c, err = r.k.Attach(r.l, func(int, Result) {}, func(error) {}); err != nil {
		t.Fatal(err)
	}
	done := false
	r.c.KillAll(func(err error) { done = err == nil })
	r.until("the end of the former session's", func() bool { return done })
	if _, res := r.run(shell("a", "exit 4")); res.Code != 4 {
		t.Error(res)
	}
}

func TestFramesThatMakeNoSenseAreRefused(t *testing.T) {
	var r report
	for _, b := range [][]byte{{0xff, 0xff, 0xff, 0xff}, {2, 0, 0, 0, 'x', 'y'}, {1, 0, 16, 0}} {
		if _, ok, err := cutFrame(b, &r); ok || err == nil {
			t.Errorf("% x: %v, %v", b, ok, err)
		}
	}
	for _, b := range [][]byte{{}, {1, 0}, {2, 0, 0, 0, '{'}} {
		if rest, ok, err := cutFrame(b, &r); ok || err != nil || len(rest) != len(b) {
			t.Errorf("% x: %v, %v", b, ok, err)
		}
	}
	if _, err := appendFrame(nil, &request{Owner: strings.Repeat("x", maxFrame)}); err == nil {
		t.Error("a frame that is too large")
	}
}

func TestAKeptCommandMayTakeAsLongAsItLikes(t *testing.T) {
	r := newRoom(t)
	file := filepath.Join(t.TempDir(), "go")
	cmd := shell("a", "while [ ! -e "+file+" ]; do sleep 0.02; done")
	cmd.Timeout = time.Second // so that the request to keep it is there before, however busy the machine is
	var res *Result
	id := r.c.Run(cmd, func(_ int, x Result) { res = &x })
	r.c.Keep(id)
	for end := time.Now().Add(cmd.Timeout * 5 / 4); time.Now().Before(end); {
		if err := r.l.Turn(5 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if res != nil {
		t.Fatalf("it ended: %v", *res)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.until("its end", func() bool { return res != nil })
	if !res.OK() {
		t.Error(*res)
	}
}

func TestAnExecutiveThatStandsStillLosesItsComponents(t *testing.T) {
	r := newRoom(t)
	file := filepath.Join(t.TempDir(), "pid")
	if _, res := r.run(shell("a", "setsid sh -c 'echo $$ >"+file+"; exec sleep 100' &")); !res.OK() {
		t.Fatal(res)
	}
	pid := r.pidIn(file)
	// Twice the limit in all. What is long enough for a machine on which this test or
	// the keeper itself stands still for a moment.
	const limit = 1200 * time.Millisecond
	for range 16 {
		r.c.Alive(limit)
		time.Sleep(limit / 8)
	}
	if !alive(pid) {
		t.Fatal("it was ended though the executive runs")
	}
	began := time.Now()
	r.c.Alive(limit)
	for alive(pid) {
		if time.Since(began) > patience {
			t.Fatal("it outlives a silent executive")
		}
		time.Sleep(time.Millisecond)
	}
	if took := time.Since(began); took < limit*9/10 {
		t.Errorf("ended after %v, %v were allowed", took, limit)
	}
	// The executive goes on: everything works as before.
	if _, res := r.run(shell("a", "exit 3")); res.Code != 3 {
		t.Error(res)
	}
}

func TestCommandsRunAsTheConfiguredUserWhenRootStartedTheKeeper(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	k, err := Start(&User{UID: 65534, GID: 65533})
	if err != nil {
		t.Fatal(err)
	}
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	r := &room{t: t, k: k, l: l}
	if r.c, err = k.Attach(l, func(int, Result) {}, func(error) {}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	if _, res := r.run(shell("a", `test "$(id -u) $(id -g) $(id -G)" = "65534 65533 65533"`)); !res.OK() {
		t.Error(res)
	}
	// Root may end what another user runs.
	r.c.Run(shell("b", "sleep 100"), func(int, Result) {})
	done := false
	r.c.Kill("b", func(err error) { done = err == nil })
	r.until("the kill", func() bool { return done })
}
