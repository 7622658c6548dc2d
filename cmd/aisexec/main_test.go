package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ais/exec/config"
)

// confDir makes a configuration directory with these files.
func confDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const goodConf = "bindnetaddr: 127.0.0.1\nmcastaddr: 226.94.1.1\nmcastport: 6000\n"

var goodKey = strings.Repeat("key!", 32)

func execute(args ...string) (string, error) {
	c := command()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetArgs(args)
	err := c.Execute()
	return out.String(), err
}

func TestCheckConfigSaysWhoThisNodeWouldBe(t *testing.T) {
	dir := confDir(t, map[string]string{"network.conf": goodConf, "authkey": goodKey})
	out, err := execute("--confdir", dir, "--check-config")
	if err != nil || !strings.Contains(out, "node 2130706433 at 127.0.0.1, multicast, encrypted") {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "state")); err == nil {
		t.Error("--check-config made the state directory")
	}
}

func TestEveryProblemOfEveryFileIsReportedAtOnce(t *testing.T) {
	dir := confDir(t, map[string]string{
		"network.conf":     "bindnetaddr: nowhere\ntokn: 5\n",
		"authkey":          "short",
		"uidgid.d/backups": "uidgid {\nuid: no-such-user-here\n}\n",
	})
	_, err := execute("--confdir", dir)
	if err == nil {
		t.Fatal("started")
	}
	for _, want := range []string{
		"network.conf:1: bindnetaddr: \"nowhere\"",
		"network.conf:2: tokn: \"5\": is no key; the nearest is token",
		"network.conf: mcastport: is missing",
		"authkey: has 5 bytes",
		"uidgid.d/backups:2: uid: \"no-such-user-here\"",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
}

func TestWithoutSecurityNoKeyIsRead(t *testing.T) {
	dir := confDir(t, map[string]string{"network.conf": goodConf + "secauth: off\n"})
	out, err := execute("--confdir", dir, "--check-config")
	if err != nil || !strings.Contains(out, "NOT encrypted") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestReferenceIsTheTableOfKeys(t *testing.T) {
	if out, err := execute("--reference"); err != nil || out != config.Reference() {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestThereIsNoBackgroundMode(t *testing.T) {
	if _, err := execute("--foreground=false"); err == nil || !strings.Contains(err.Error(), "no other mode") {
		t.Errorf("got %v", err)
	}
}

func TestStateDirectoryFollowsTheConfigurationDirectory(t *testing.T) {
	dir := confDir(t, map[string]string{"network.conf": goodConf, "authkey": goodKey})
	for _, c := range []struct {
		o    options
		want string
	}{
		{options{confDir: dir}, filepath.Join(dir, "state")},
		{options{confDir: dir, stateDir: "/elsewhere"}, "/elsewhere"},
	} {
		s, err := read(c.o)
		if err != nil || s.stateDir != c.want {
			t.Errorf("%+v: state directory %q (%v), want %q", c.o, s.stateDir, err, c.want)
		}
	}
	s, _ := read(options{confDir: defaultConfDir + "/"})
	if s != nil && s.stateDir != defaultStateDir {
		t.Errorf("default: %q", s.stateDir)
	}
}

// session makes an executive on a port and a socket of its own.
func session(t *testing.T) *settings {
	t.Helper()
	u, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := u.LocalAddr().(*net.UDPAddr).Port
	u.Close()
	dir := confDir(t, map[string]string{
		"network.conf": fmt.Sprintf("bindnetaddr: 127.0.0.1\ntransport: unicast\nmember: 127.0.0.1\nmcastport: %d\n", port),
		"authkey":      goodKey,
	})
	t.Setenv("AIS_SOCKET", filepath.Join(dir, "socket"))
	s, err := read(options{confDir: dir, readyFD: -1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestANodeThatIsTooSlowLeavesAndJoinsAsAnotherStart(t *testing.T) {
	s := session(t)
	log := newLog(io.Discard, false, true)
	var starts []uint64
	for i, end := range []func(e *executive){
		func(e *executive) { e.tooSlow("synchronization") },
		func(e *executive) { e.stop("test") },
	} {
		e, err := newExecutive(s, log)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.enter(); err != nil {
			t.Fatal(err)
		}
		starts = append(starts, e.driver.Self().Start)
		e.loop.Post(func() { end(e) })
		guard := time.AfterFunc(10*time.Second, e.loop.Stop)
		again, err := e.serve()
		if !guard.Stop() {
			t.Fatal("the session did not end")
		}
		if err != nil || again != (i == 0) {
			t.Errorf("session %d: again=%v, %v", i+1, again, err)
		}
	}
	if starts[1] != starts[0]+1 {
		t.Errorf("start numbers %v", starts)
	}
	if _, err := os.Stat(os.Getenv("AIS_SOCKET")); err == nil {
		t.Error("the socket's path was left behind")
	}
}

func TestASignalEndsAnExecutiveThatIsLeavingForAnotherReason(t *testing.T) {
	e, err := newExecutive(session(t), newLog(io.Discard, false, true))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.enter(); err != nil {
		t.Fatal(err)
	}
	signals := make(chan os.Signal, 1)
	e.loop.Post(func() {
		e.tooSlow("synchronization")
		signals <- syscall.SIGTERM
	})
	guard := time.AfterFunc(10*time.Second, e.loop.Stop)
	defer guard.Stop()
	// The signal is taken before the session is over, or waits for the next.
	again, err := e.live(signals, &notifier{fd: -1}, nil)
	if taken := len(signals) == 0; err != nil || again == taken {
		t.Errorf("again=%v, signal taken=%v, %v", again, taken, err)
	}
}

func TestWhatCannotBeMadeDurableEndsTheExecutiveWithItsReason(t *testing.T) {
	s := session(t)
	e, err := newExecutive(s, newLog(io.Discard, false, true))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.enter(); err != nil {
		t.Fatal(err)
	}
	e.loop.Post(func() { e.fail(io.ErrShortWrite) })
	guard := time.AfterFunc(10*time.Second, e.loop.Stop)
	defer guard.Stop()
	if again, err := e.serve(); again || err != io.ErrShortWrite {
		t.Errorf("again=%v, %v", again, err)
	}
}

func TestLogLinesAreLostRatherThanWaitedFor(t *testing.T) {
	r, w := io.Pipe() // a reader that does not read
	a := newAsyncWriter(w)
	for range 3 * queuedLines {
		if n, err := a.Write([]byte("line\n")); n != 5 || err != nil {
			t.Fatal(n, err)
		}
	}
	if lost := a.lost.Load(); lost < queuedLines {
		t.Errorf("%d lines counted as lost, want at least %d", lost, queuedLines)
	}
	got := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		got <- string(b)
	}()
	a.close()
	w.Close()
	if text := <-got; !strings.Contains(text, "lines lost: standard error was not read in time") {
		t.Error("nobody is told that lines were lost")
	}
}

func TestNamesBecomeOneWord(t *testing.T) {
	for in, want := range map[string]string{
		"KernelDrops": "kernel_drops", "refused: too many": "refused_too_many", "token-loss": "token_loss",
		"TCPAccepted": "tcpaccepted", "Sent": "sent", "TryAgainRing": "try_again_ring", "": "",
	} {
		if got := snake(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
