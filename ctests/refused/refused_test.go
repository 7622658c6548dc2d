// Package refused: an executive goes on, and says so, where a kernel or a container
// refuses what makes it fast.
package refused

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// What the environment names is refused to the executive that this program becomes.
const (
	refuseEnv = "AIS_TEST_REFUSED"
	execEnv   = "AIS_TEST_EXECUTIVE"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(refuseEnv); what != "" && os.Getenv(execEnv) != "" && slices.Contains(os.Args, "--confdir") {
		fmt.Fprintln(os.Stderr, become(what))
		os.Exit(1)
	}
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

// become installs the filter and turns into the executive. It returns only when it
// fails.
func become(what string) error {
	runtime.LockOSThread()
	var filter []unix.SockFilter
	load := func(offset uint32) {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset})
	}
	// The next instructions, n of them, are left out unless what was loaded is k.
	unless := func(k uint32, n uint8) {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: n, K: k})
	}
	ret := func(k uint32) {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k})
	}
	const (
		number   = 0 // of struct seccomp_data; arguments are 64 bits from 16 on
		argument = 16
		allow    = 0x7fff0000
		refuse   = 0x00050000
	)
	switch what {
	case "memfd_create":
		load(number)
		unless(unix.SYS_MEMFD_CREATE, 1)
		ret(refuse | uint32(unix.EPERM))
	case "UDP_SEGMENT", "UDP_GRO":
		option := uint32(unix.UDP_SEGMENT)
		if what == "UDP_GRO" {
			option = unix.UDP_GRO
		}
		load(number)
		unless(unix.SYS_SETSOCKOPT, 5)
		load(argument + 8)
		unless(unix.SOL_UDP, 3)
		load(argument + 16)
		unless(option, 1)
		ret(refuse | uint32(unix.ENOPROTOOPT))
	default:
		return fmt.Errorf("%s: cannot be refused", what)
	}
	ret(allow)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0); err != nil {
		return err
	}
	return unix.Exec(os.Getenv(execEnv), append([]string{os.Getenv(execEnv)}, os.Args[1:]...), os.Environ())
}

func offloads(s harness.Status) (list []string) {
	for i := int64(0); i < s.Int("offloads.#"); i++ {
		list = append(list, s.Text(fmt.Sprintf("offloads.%d", i)))
	}
	return list
}

func TestWhatIsRefusedIsNotUsedAndStatusSaysSo(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("the filter is written for 64-bit little-endian machines")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, o harness.Options) []string {
		t.Helper()
		c, err := harness.New(o)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.StartAll(30 * time.Second); err != nil {
			t.Fatalf("%v\n%s", err, c.Nodes[0].Output())
		}
		p, err := c.Nodes[0].RunC("ctests/bench/member.c", harness.GenB, "-m", "l", "-i", "1", "-s", "3000", "-n", "50")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(60 * time.Second); err != nil || !strings.Contains(p.Stdout.String(), "latency n=50") {
			t.Errorf("the program: %v %s%s", err, p.Stdout.String(), p.Stderr.String())
		}
		s, err := c.Nodes[0].Status()
		if err != nil {
			t.Fatal(err)
		}
		return offloads(s)
	}
	usual := run(t, harness.Options{Nodes: 2})
	t.Setenv(execEnv, mustBuild(t).Bin("aisexec"))
	for what, name := range map[string]string{
		"memfd_create": "shared-memory", "UDP_SEGMENT": "udp-segmentation", "UDP_GRO": "udp-receive",
	} {
		t.Run(what, func(t *testing.T) {
			if !slices.Contains(usual, name) {
				t.Skipf("%s is refused here anyhow: %q", name, usual)
			}
			t.Setenv(refuseEnv, what)
			got := run(t, harness.Options{Nodes: 2, Executive: self})
			want := slices.DeleteFunc(slices.Clone(usual), func(s string) bool { return s == name })
			if !slices.Equal(got, want) {
				t.Errorf("in use: %q, want %q", got, want)
			}
		})
	}
}

func mustBuild(t *testing.T) *harness.Build {
	t.Helper()
	b, err := harness.FindBuild()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
