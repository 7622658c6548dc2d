package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
)

// denied is how such an executive ends where even root has no such right: in a
// container without CAP_SYS_NICE, or a control group without real time.
const denied = 77

func allowed(err error) {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		os.Exit(denied)
	}
	if err != nil {
		panic(err)
	}
}

// favoured is an executive that was started as nobody should start it, and runs a command
// that says what it finds. PROC_TEST_FAVOURED is "policy,priority,nice,oom".
func favoured() {
	runtime.LockOSThread()
	var policy, priority, nice, oom int
	if _, err := fmt.Sscanf(os.Getenv("PROC_TEST_FAVOURED"), "%d,%d,%d,%d", &policy, &priority, &nice, &oom); err != nil {
		panic(err)
	}
	allowed(unix.Setpriority(unix.PRIO_PROCESS, 0, nice))
	if policy != 0 {
		attr := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: uint32(policy), Priority: uint32(priority)}
		allowed(unix.SchedSetAttr(0, attr, 0))
	}
	if oom != 0 {
		if err := os.WriteFile(oomFile, []byte(strconv.Itoa(oom)), 0); errors.Is(err, os.ErrPermission) && oom < 0 {
			fmt.Println("unprotected") // a container without that right
		} else {
			allowed(err)
		}
	}
	signal.Ignore(syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT, syscall.SIGCHLD,
		syscall.SIGTERM, syscall.Signal(40))
	if _, err := unix.Open("/dev/zero", unix.O_RDONLY, 0); err != nil { // without O_CLOEXEC
		panic(err)
	}
	blocked := unix.Sigset_t{}
	for i := range blocked.Val {
		blocked.Val[i] = ^blocked.Val[i]
	}
	// Every signal is blocked while the keeper starts; Go needs its own open again.
	var was unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &blocked, &was); err != nil {
		panic(err)
	}
	k, err := Start(nil)
	if err != nil {
		panic(err)
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &was, nil); err != nil {
		panic(err)
	}
	l, _ := loop.New()
	c, err := k.Attach(l, func(int, Result) {}, func(error) {})
	if err != nil {
		panic(err)
	}
	// What the keeper itself has must outlive the command.
	script := "cat /proc/self/status /proc/self/limits; echo stat $(cat /proc/self/stat); echo oom $(cat /proc/self/oom_score_adj)" +
		"; (echo grandchild $(cat /proc/self/stat) $(cat /proc/self/oom_score_adj)); ls -l /proc/self/fd"
	script = "{ " + script + "; } > " + os.Getenv("PROC_TEST_FILE")
	done := false
	c.Run(shell("a", script), func(int, Result) { done = true })
	for !done {
		if err := l.Turn(patience); err != nil {
			panic(err)
		}
	}
	adj, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", k.PID()))
	if err != nil {
		panic(err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", k.PID()))
	if err != nil {
		panic(err)
	}
	fmt.Printf("keeper oom %skeeper stat %s", adj, stat)
	c.Detach()
	k.Close()
}

// statFields are those of /proc/PID/stat, numbered as proc(5) does.
func statFields(line string) (nice, priority, policy string) {
	f := strings.Fields(line[strings.LastIndex(line, ")")+1:])
	at := func(n int) string { return f[n-3] }
	return at(19), at(40), at(41)
}

func TestComponentsInheritNothingOfHowTheExecutiveWasStarted(t *testing.T) {
	const roundRobin = 2
	root := os.Geteuid() == 0
	for name, c := range map[string]struct {
		policy, priority, nice, oom int
		root                        bool
	}{
		"a normal executive":   {0, 0, 0, 0, false},
		"a sacrificed one":     {0, 0, 0, 300, false},
		"round robin":          {roundRobin, 7, 0, -500, true},
		"round robin, favour":  {roundRobin, 1, -11, -1000, true},
		"a favoured one":       {0, 0, -5, -500, true},
		"one that stands back": {0, 0, 9, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			if c.root && !root {
				t.Skip("only root may be so favoured")
			}
			file := t.TempDir() + "/said"
			cmd := exec.Command("/bin/sh", "-c", `ulimit -S -n 777; ulimit -S -c 0; exec "$0"`, "/proc/self/exe")
			cmd.Args[3], _ = os.Executable()
			cmd.Env = append(os.Environ(), fmt.Sprintf("PROC_TEST_FAVOURED=%d,%d,%d,%d", c.policy, c.priority, c.nice, c.oom), "PROC_TEST_FILE="+file)
			cmd.Stderr = os.Stderr
			keeper, err := cmd.Output()
			if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == denied {
				t.Skip("not allowed on this machine")
			}
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			said := string(b)
			// 32 and 33 are glibc's own: what make starts has them ignored.
			for _, want := range []string{"(?m)^SigBlk:\\s0+$", "(?m)^SigIgn:\\s0{7}[01][08]0{7}$", "(?m)^SigPnd:\\s0+$", "(?m)^oom 0$", "(?m)^Max open files\\s+777 ", " 0 -> /dev/null\n"} {
				if !regexp.MustCompile(want).MatchString(said) {
					t.Errorf("no %s in:\n%s", want, said)
				}
			}
			for _, who := range []string{"stat", "grandchild"} {
				line := regexp.MustCompile("(?m)^" + who + " .*$").FindString(said)
				if nice, priority, policy := statFields(line); nice != "0" || priority != "0" || policy != "0" {
					t.Errorf("%s: nice %s, priority %s, policy %s", who, nice, priority, policy)
				}
				if who == "grandchild" && !strings.HasSuffix(line, " 0") {
					t.Errorf("what it starts is not like others for the memory killer: %s", line)
				}
			}
			// 0, 1, 2 and the directory that ls reads.
			fds := regexp.MustCompile(`(?m) (\d+) -> `).FindAllStringSubmatch(said, -1)
			if len(fds) != 4 || fds[3][1] != "3" {
				t.Errorf("descriptors %q", fds)
			}
			if strings.HasPrefix(string(keeper), "unprotected\n") {
				c.oom = 0
			}
			if !strings.Contains(string(keeper), fmt.Sprintf("keeper oom %d\n", c.oom)) {
				t.Errorf("the keeper is %q, was %d", keeper, c.oom)
			}
			nice, priority, policy := statFields(string(keeper))
			want := strconv.Itoa(c.nice)
			if c.nice > 0 {
				want = "0"
			}
			if nice != want || priority != strconv.Itoa(c.priority) || policy != strconv.Itoa(c.policy) {
				t.Errorf("the keeper has nice %s, priority %s, policy %s", nice, priority, policy)
			}
		})
	}
}
