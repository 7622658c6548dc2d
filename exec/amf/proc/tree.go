// The processes below this one, and whose they are. Owns what is remembered of
// them; reads /proc, kills through pidfds so that a reused number is never hit.

package proc

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// markEnv is the variable that marks a component's processes: "keeper's mark:owner".
const markEnv = "AIS_AMF_OWNER"

// process is one process below this one.
type process struct {
	pid, parent, session int
	start                uint64 // clock ticks since boot: with pid, unique
	zombie               bool
	owner                string // empty: nobody knows
}

type identity struct {
	pid   int
	start uint64
}

// family knows the owners of processes that were seen before.
type family struct {
	root  int
	mark  string // before the owner in markEnv
	owner map[identity]string
	// session is whose a session is that was started here. Its number does not come
	// again as long as it has a process.
	session map[int]string
}

func newFamily(mark string) *family {
	return &family{root: os.Getpid(), mark: mark, owner: map[identity]string{}, session: map[int]string{}}
}

// adopt notes whose a process is that was just started.
func (f *family) adopt(pid int, owner string) {
	if p, ok := readProcess(pid); ok {
		f.owner[identity{pid, p.start}] = owner
		f.session[pid] = owner
	}
}

// scan is every process below this one, with its owner.
func (f *family) scan() []process {
	var list []process
	sessions := map[int]string{}
	var walk func(pid int, inherited string)
	walk = func(pid int, inherited string) {
		for _, child := range children(pid) {
			p, ok := readProcess(child)
			if !ok || p.parent != pid {
				continue
			}
			p.owner = f.ownerOf(&p, inherited)
			if p.owner == "" {
				p.owner = f.session[p.session]
			}
			if p.owner != "" {
				sessions[p.session] = p.owner
			}
			list = append(list, p)
			walk(child, p.owner)
		}
	}
	walk(f.root, "")
	now := make(map[identity]string, len(list))
	for i := range list {
		p := &list[i]
		if p.owner == "" {
			p.owner = sessions[p.session]
		}
		if p.owner != "" {
			now[identity{p.pid, p.start}] = p.owner
		}
	}
	f.owner, f.session = now, sessions
	return list
}

// ownerOf: what was known of a process holds for ever; else its environment, else
// its parent tells.
func (f *family) ownerOf(p *process, inherited string) string {
	if o, ok := f.owner[identity{p.pid, p.start}]; ok {
		return o
	}
	env, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/environ")
	if err == nil {
		want := []byte(markEnv + "=" + f.mark + ":")
		for _, v := range bytes.Split(env, []byte{0}) {
			if o, ok := bytes.CutPrefix(v, want); ok {
				return string(o)
			}
		}
	}
	return inherited
}

// children lists the children of a process. The lists of its threads are asked
// (CONFIG_PROC_CHILDREN); a kernel without them costs a walk through all of /proc.
func children(pid int) []int {
	dir := "/proc/" + strconv.Itoa(pid) + "/task"
	threads, err := os.ReadDir(dir)
	if err != nil {
		return nil // it is gone
	}
	var out []int
	for _, t := range threads {
		text, err := os.ReadFile(dir + "/" + t.Name() + "/children")
		if os.IsNotExist(err) {
			if _, err := os.Stat(dir + "/" + t.Name()); err == nil {
				return childrenByParent(pid)
			}
			continue // the thread is gone
		}
		for _, w := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(w); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

func childrenByParent(pid int) []int {
	all, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var out []int
	for _, e := range all {
		n, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := readProcess(n); ok && p.parent == pid {
			out = append(out, n)
		}
	}
	return out
}

// readProcess reads /proc/PID/stat.
func readProcess(pid int) (p process, ok bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return p, false
	}
	// The name is in parentheses and may hold anything: what counts follows the last.
	i := bytes.LastIndexByte(text, ')')
	if i < 0 {
		return p, false
	}
	w := strings.Fields(string(text[i+1:]))
	if len(w) < 20 {
		return p, false
	}
	p.pid = pid
	p.zombie = w[0] == "Z" || w[0] == "X"
	var errs [3]error
	p.parent, errs[0] = strconv.Atoi(w[1])
	p.session, errs[1] = strconv.Atoi(w[3])
	p.start, errs[2] = strconv.ParseUint(w[19], 10, 64)
	return p, errs[0] == nil && errs[1] == nil && errs[2] == nil
}

// kill ends a process if it is still the one that was seen.
func (p *process) kill() error {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return gone(err)
	}
	defer unix.Close(fd)
	if now, ok := readProcess(p.pid); !ok || now.start != p.start {
		return nil
	}
	return gone(unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0))
}

func gone(err error) error {
	if err == unix.ESRCH {
		return nil
	}
	return err
}
