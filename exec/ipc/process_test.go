package ipc

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
	"ais/libais"
	"ais/libais/ipcwire"
	"ais/libais/wait"
)

// Some of what is promised needs another process, or another user: the test
// binary runs itself again as a helper.

const helperEnv = "AIS_IPC_TEST_HELPER"

func TestMain(m *testing.M) {
	if f := strings.Fields(os.Getenv(helperEnv)); len(f) > 0 {
		os.Exit(helper(f[0], f[1:]))
	}
	os.Exit(m.Run())
}

func helper(what string, args []string) int {
	switch what {
	case "serve": // socket: an executive that answers until it is killed
		l, err := loop.New()
		if err != nil {
			fmt.Println(err)
			return 1
		}
		if _, err := New(Config{Loop: l, Manager: &fake{}, Socket: args[0], Access: Access{UIDs: []uint32{0, nobody}}}); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println("ready")
		err = l.Run()
		fmt.Println(err)
		return 1
	case "dial": // socket: says how the handshake ended
		c, e := wait.Dial(libais.Options{Socket: args[0], Service: ipcwire.CLM, Generation: ipcwire.GenB}, patience)
		fmt.Println(e)
		if c != nil {
			fds0, fds1 := c.FDs()
			fmt.Println(fds0 > 2 && fds1 > 2)
			c.Close()
		}
		return 0
	case "dial-full": // socket: the same with room for one more descriptor only
		c, e := dialWithOneDescriptor(args[0])
		fmt.Println(e, c == nil)
		return 0
	case "dial-closed": // socket: the same without descriptors 0 and 1
		unix.Close(0)
		unix.Close(1)
		c, e := wait.Dial(libais.Options{Socket: args[0], Service: ipcwire.CLM, Generation: ipcwire.GenB}, patience)
		a, b := int32(-1), int32(-1)
		if c != nil {
			a, b = c.FDs()
		}
		fmt.Fprintln(os.Stderr, e, a > 2 && b > 2)
		return 0
	}
	return 2
}

func dialWithOneDescriptor(socket string) (*libais.Conn, ipcwire.Error) {
	// The Go runtime makes its own descriptors when the first timer is set, and
	// aborts when it cannot: have that behind us.
	time.Sleep(time.Millisecond)
	next, err := unix.Dup(2)
	if err != nil {
		return nil, ipcwire.ErrInit
	}
	unix.Close(next)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(next + 1), Max: uint64(next + 1)}); err != nil {
		return nil, ipcwire.ErrInit
	}
	return wait.Dial(libais.Options{Socket: socket, Service: ipcwire.CLM, Generation: ipcwire.GenB}, patience)
}

const nobody = 65534

// start runs a helper as user (uid, gid and supplementary groups), or as this
// one when cred is nil.
func start(t *testing.T, cred *syscall.Credential, args ...string) *exec.Cmd {
	t.Helper()
	self := "/proc/self/exe"
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperEnv+"="+strings.Join(args, " "))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// run is the helper's output.
func run(t *testing.T, cred *syscall.Credential, args ...string) string {
	t.Helper()
	cmd := start(t, cred, args...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	if out.Len() == 0 {
		return strings.TrimSpace(stderr.String()) // a helper that has closed its output
	}
	return strings.TrimSpace(out.String())
}

// serve runs an executive in another process and returns when it listens.
func serve(t *testing.T, cred *syscall.Credential, socket string) *exec.Cmd {
	t.Helper()
	cmd := start(t, cred, "serve", socket)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q %v", line, err)
	}
	return cmd
}

func needRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to be another user")
	}
}

func TestAKilledExecutiveIsALibraryErrorEverywhereAndAReadableSelectionObject(t *testing.T) {
	socket := sockName(t)
	cmd := serve(t, nil, socket)
	dial := func() *libais.Conn {
		c, err := wait.Dial(libais.Options{Socket: socket, Service: ipcwire.CLM, Generation: ipcwire.GenB}, patience)
		if err != ipcwire.OK {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	idle, calling, dispatching := dial(), dial(), dial()
	results := make(chan ipcwire.Error, 2)
	go func() {
		err, _ := wait.Call(calling, patience, opHold, nil)
		results <- err
	}()
	go func() {
		_, err := wait.Callback(dispatching, patience)
		results <- err
	}()
	time.Sleep(20 * time.Millisecond) // likely inside poll by now; right either way
	killed := time.Now()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-results; err != ipcwire.ErrLibrary {
			t.Fatal(err)
		}
	}
	t.Logf("noticed %v after the kill", time.Since(killed))
	eventually(t, "a readable selection object", func() bool { return readable(idle.FD()) })
	if _, ok, err := idle.NextCallback(libais.One); ok || err != ipcwire.ErrLibrary {
		t.Fatal(ok, err)
	}
	if err, _ := wait.Call(idle, patience, opEcho, nil); err != ipcwire.ErrLibrary {
		t.Fatal(err)
	}
	if _, err := wait.Dial(libais.Options{Socket: socket, Service: ipcwire.CLM}, patience); err != ipcwire.ErrTryAgain {
		t.Fatal(err)
	}
	cmd.Wait()
	serve(t, nil, socket)
	if err, _ := wait.Call(dial(), patience, opEcho, nil); err != ipcwire.OK {
		t.Fatal("a new connection to the restarted executive:", err)
	}
}

func TestOnlyListedUsersAndGroupsMayConnect(t *testing.T) {
	needRoot(t)
	const ais, other = 64001, 64002
	for _, tc := range []struct {
		name   string
		access Access
		cred   syscall.Credential
		want   string
	}{
		{"nobody", Access{}, syscall.Credential{Uid: nobody, Gid: nobody}, "SECURITY"},
		{"nobody, another group listed", Access{GIDs: []uint32{ais}}, syscall.Credential{Uid: nobody, Gid: nobody, Groups: []uint32{other}}, "SECURITY"},
		{"listed user", Access{UIDs: []uint32{nobody}}, syscall.Credential{Uid: nobody, Gid: nobody}, "OK\ntrue"},
		{"primary group", Access{GIDs: []uint32{ais}}, syscall.Credential{Uid: nobody, Gid: ais}, "OK\ntrue"},
		{"supplementary group", Access{GIDs: []uint32{ais}}, syscall.Credential{Uid: nobody, Gid: nobody, Groups: []uint32{other, ais}}, "OK\ntrue"},
		{"one of many groups", Access{GIDs: []uint32{ais}}, syscall.Credential{Uid: nobody, Gid: nobody, Groups: manyGroups(ais)}, "OK\ntrue"},
	} {
		r := newRig(t, func(c *Config, _ *fake) { c.Access = tc.access })
		if got := run(t, &tc.cred, "dial", r.socket); got != tc.want {
			t.Errorf("%s: %q", tc.name, got)
		}
		want := uint64(0)
		if tc.want == "SECURITY" {
			want = 1
		}
		if n := r.stats().ByReason[RefusedSecurity]; n != want {
			t.Errorf("%s: %d refusals", tc.name, n)
		}
		r.stop()
	}
}

func manyGroups(last uint32) (list []uint32) {
	for g := range uint32(300) {
		list = append(list, 65000+g)
	}
	return append(list, last)
}

func TestTheExecutivesOwnUserMayConnect(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Log("as root: uid 0 and the own uid are the same; the table below covers the rest")
	}
	r := newRig(t, nil)
	if got := run(t, nil, "dial", r.socket); got != "OK\ntrue" {
		t.Fatal(got)
	}
}

func TestALibraryBelievesRootItselfAndTheExecutivesAccountOnly(t *testing.T) {
	needRoot(t)
	socket := sockName(t)
	serve(t, &syscall.Credential{Uid: nobody, Gid: nobody}, socket)
	o := libais.Options{Socket: socket, Service: ipcwire.CLM, Generation: ipcwire.GenB}
	if c, err := wait.Dial(o, patience); err != ipcwire.ErrSecurity {
		t.Fatal(c, err)
	}
	o.AisUID = nobody
	c, err := wait.Dial(o, patience)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	c.Close()
	if got := run(t, &syscall.Credential{Uid: nobody, Gid: nobody}, "dial", socket); got != "OK\ntrue" {
		t.Fatal("its own user:", got)
	}
}

func TestAProgramWithoutStandardDescriptorsGetsNoneOfThemFromUs(t *testing.T) {
	r := newRig(t, nil)
	if got := run(t, nil, "dial-closed", r.socket); got != "OK true" {
		t.Fatal(got)
	}
}

func TestAProgramThatHasNoDescriptorLeftForTheSelectionObjectIsTold(t *testing.T) {
	r := newRig(t, nil)
	if got := run(t, nil, "dial-full", r.socket); got != "NO_RESOURCES true" {
		t.Fatal(got)
	}
}

func TestDescriptorsAreNotInherited(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	a, b := c.FDs()
	for _, fd := range []int32{a, b} {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Fatal(fd, flags, err)
		}
	}
}

func TestNoDescriptorIsLeakedByRefusedBrokenAndEndedConnections(t *testing.T) {
	r := newRig(t, nil)
	count := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(list)
	}
	before := count()
	for i := range 50 {
		c, err := wait.Dial(r.options(""), patience)
		if err != ipcwire.OK {
			t.Fatal(err)
		}
		c.Close()
		if _, err := wait.Dial(r.options("disconnect"), patience); err != ipcwire.ErrTryAgain {
			t.Fatal(err)
		}
		w := r.raw()
		w.write(bytes.Repeat([]byte(strconv.Itoa(i)), 20))
		w.read()
		w.close()
	}
	eventually(t, "as many as before", func() bool { return count() <= before })
}

func TestAccessRules(t *testing.T) {
	none := func() []uint32 { return nil }
	unasked := func() []uint32 { t.Error("groups were asked for needlessly"); return nil }
	for _, tc := range []struct {
		name     string
		a        Access
		uid, gid uint32
		groups   func() []uint32
		want     bool
	}{
		{"root", Access{}, 0, 9, unasked, true},
		{"own", Access{}, 500, 9, unasked, true},
		{"other", Access{}, 501, 9, unasked, false},
		{"user rule", Access{UIDs: []uint32{7, 501}}, 501, 9, unasked, true},
		{"group rule", Access{GIDs: []uint32{9}}, 501, 9, unasked, true},
		{"supplementary", Access{GIDs: []uint32{9}}, 501, 8, func() []uint32 { return []uint32{1, 9} }, true},
		{"no group", Access{GIDs: []uint32{9}}, 501, 8, none, false},
		{"a gid is no uid", Access{GIDs: []uint32{501}}, 501, 8, none, false},
	} {
		if got := tc.a.allowed(500, tc.uid, tc.gid, tc.groups); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}
