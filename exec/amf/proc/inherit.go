// What commands do not inherit: a service manager, or an operator, may run the executive
// ahead of everybody, protect it from the memory killer, start it with signals blocked or
// ignored. None of that is for components; they start as from a login: normal
// scheduling, nobody's favourite, every signal open and with its default. The keeper
// itself keeps what it was given: it has to kill on a busy machine.
//
// Left alone: what an administrator may well mean for everything that the executive
// starts, its resource limits (those it was started with), processors, control group and
// umask.

package proc

import (
	"os"

	"golang.org/x/sys/unix"
)

const oomFile = "/proc/self/oom_score_adj"

// normalize has children of this thread start without the keeper's privileges of
// scheduling, and without blocked signals. Those that were ignored the keeper handles
// (serve), and what it handles is the default in children.
func normalize() error {
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return err
	}
	// Only more than others have is reset on fork; a user who was told to stand back
	// (nice) may not step forward, root may.
	attr.Flags |= unix.SCHED_FLAG_RESET_ON_FORK
	if attr.Nice > 0 && os.Geteuid() == 0 {
		attr.Nice = 0
	}
	if err := unix.SchedSetAttr(0, attr, 0); err != nil {
		return err
	}
	return unix.PthreadSigmask(unix.SIG_SETMASK, new(unix.Sigset_t), nil)
}

// unprotected runs f while the memory killer sees this process as any other: what f
// starts is born so. Who may not change that inherits it.
func unprotected(f func()) {
	was, err := os.ReadFile(oomFile)
	if err != nil || string(was) == "0\n" || os.WriteFile(oomFile, []byte("0"), 0) != nil {
		f()
		return
	}
	f()
	// Without the right to it again the keeper stays like any other, too.
	_ = os.WriteFile(oomFile, was, 0)
}
