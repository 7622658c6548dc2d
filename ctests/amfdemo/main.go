// Command amfdemo shows availability management on one machine, without root: three
// executives, and the 2N service group of ctests/samples/amf.conf, two units of two C
// components each, which the executives start by themselves. The active component is killed, then the executive
// with the active unit, then an administrator swaps; every step is observed from the
// outside, with times, by what the components write; the exit code is 0 only when all
// were. It owns everything it starts and leaves nothing behind.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ais/ctests/amfkit"
	"ais/ctests/harness"
	"ais/exec/amf/report"
)

var components = []string{"web", "db"}

const (
	patience = 15 * time.Second
	total    = 90 * time.Second
)

type demo struct {
	c       *harness.Cluster
	logs    map[string]*amfkit.Log // by unit and component
	program string
	begin   time.Time
}

func main() {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run()
	if err != nil && len(interrupted) > 0 {
		time.Sleep(patience) // the harness cleans up and ends this program
	}
	harness.RunExits()
	if err != nil {
		fmt.Printf("\ndemo-amf: FAILED: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	d := &demo{begin: time.Now()}
	time.AfterFunc(total, func() {
		fmt.Printf("\ndemo-amf: FAILED: not finished after %v\n", total)
		harness.RunExits()
		os.Exit(1)
	})
	c, err := harness.New(harness.Options{Nodes: 3})
	if err != nil {
		return err
	}
	defer c.Close()
	d.c, d.logs = c, map[string]*amfkit.Log{}
	for _, step := range []func() error{d.start, d.killComponent, d.killExecutive, d.swap, d.history, d.stop} {
		if err := step(); err != nil {
			return errors.Join(err, d.evidence())
		}
	}
	fmt.Printf("\ndemo-amf: every step was observed, in %.1f s\n", time.Since(d.begin).Seconds())
	return nil
}

func ok(format string, args ...any) { fmt.Printf("  ok  "+format+"\n", args...) }

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// start writes the configuration and waits until the group is served.
func (d *demo) start() error {
	samples := filepath.Join(d.c.Build.Dir, "samples")
	d.program = filepath.Join(samples, "amf_component_b01")
	text, err := os.ReadFile(filepath.Join(d.c.Build.Root, "ctests", "samples", "amf.conf"))
	if err != nil {
		return err
	}
	conf := strings.NewReplacer("/usr/local/lib/ais/samples", samples, "/tmp/amf-", d.c.Dir+"/").Replace(string(text))
	if err := amfkit.Install(d.c, "amf.conf", conf); err != nil {
		return err
	}
	for _, unit := range []string{"SU1", "SU2"} {
		for _, comp := range components {
			d.logs[unit+"-"+comp] = &amfkit.Log{Path: filepath.Join(d.c.Dir, unit+"-"+comp+".log"), Component: comp + " of " + unit}
		}
	}
	begin := time.Now()
	if err := d.c.StartAll(patience); err != nil {
		return err
	}
	if _, err := amfkit.WaitTree(d.c.Nodes[2], patience, amfkit.FullyAssigned); err != nil {
		return err
	}
	ok("three executives, the 2N group of ctests/samples/amf.conf; every component started by the executives,")
	ok("active and standby %s after start", ms(time.Since(begin)))
	return d.show(d.c.Nodes[2])
}

func (d *demo) show(n *harness.Node) error {
	out, err := amfkit.Aisctl(n, "amf")
	if err != nil {
		return err
	}
	fmt.Println()
	for _, line := range strings.Split(out, "\n") {
		fmt.Println("        " + line)
	}
	fmt.Println()
	return nil
}

// roles are the units that have the instance.
func roles(t *report.Tree) (active, standby string) {
	return strings.Join(t.Instances[0].Active, " "), strings.Join(t.Instances[0].Standby, " ")
}

// nodeOf is the node that hosts a unit.
func (d *demo) nodeOf(unit string) *harness.Node { return d.c.Nodes[int(unit[2]-'1')] }

// takeover waits until both components of a unit were set active, and prints when.
func (d *demo) takeover(unit string, at time.Duration) error {
	var last time.Duration
	for _, comp := range components {
		e, err := d.logs[unit+"-"+comp].Wait(0, patience, comp+" of "+unit+" to be set active", func(e *amfkit.Event) bool {
			return e.At > at && strings.HasPrefix(e.Words, "active ")
		})
		if err != nil {
			return err
		}
		last = max(last, e.At-at)
		fmt.Printf("      %9s  CSISet ACTIVE to %s of %s\n", ms(e.At-at), comp, unit)
	}
	ok("the standby is active %s after the fault", ms(last))
	return nil
}

func (d *demo) killComponent() error {
	n := d.c.Nodes[2]
	t, err := amfkit.Tree(n)
	if err != nil {
		return err
	}
	active, standby := roles(t)
	home, err := amfkit.Tree(d.nodeOf(active))
	if err != nil {
		return err
	}
	pid := 0
	for _, u := range home.Groups[0].Units {
		if u.Name == active {
			pid = int(u.Components[0].PID)
		}
	}
	if pid == 0 {
		return fmt.Errorf("no process of %s is known", active)
	}
	at := harness.Monotonic()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	ok("SIGKILL to component web of %s (process %d), which is active", active, pid)
	if err := d.takeover(standby, at); err != nil {
		return err
	}
	_, err = amfkit.WaitTree(n, patience, func(t *report.Tree) string {
		if why := amfkit.FullyAssigned(t); why != "" {
			return why
		}
		if a, s := roles(t); a != standby || s != active {
			return "active " + a + ", standby " + s
		}
		return ""
	})
	if err != nil {
		return err
	}
	ok("%s was cleaned up and started again, and is standby", active)
	return nil
}

func (d *demo) killExecutive() error {
	n := d.c.Nodes[2]
	t, err := amfkit.Tree(n)
	if err != nil {
		return err
	}
	active, standby := roles(t)
	victim := d.nodeOf(active)
	at, err := victim.Kill()
	if err != nil {
		return err
	}
	ok("SIGKILL to the executive of %s, whose unit %s is active", victim.Address, active)
	if err := d.takeover(standby, at); err != nil {
		return err
	}
	began := time.Now()
	for {
		running, zombies, err := amfkit.Processes(d.program)
		if err != nil {
			return err
		}
		if len(running) == 2 && len(zombies) == 0 {
			break
		}
		if time.Since(began) > patience {
			return fmt.Errorf("%d components run, %d are zombies; those of the killed executive are to be gone", len(running), len(zombies))
		}
		time.Sleep(5 * time.Millisecond)
	}
	ok("no component of the killed executive is left")
	if err := victim.Start(); err != nil {
		return err
	}
	if _, err := amfkit.WaitTree(n, patience, amfkit.FullyAssigned); err != nil {
		return err
	}
	ok("the executive was started again: its unit is standby")
	return nil
}

func (d *demo) swap() error {
	n := d.c.Nodes[0]
	t, err := amfkit.Tree(n)
	if err != nil {
		return err
	}
	active, standby := roles(t)
	at := harness.Monotonic()
	if _, err := amfkit.Aisctl(n, "amf", "si-swap", "SI"); err != nil {
		return err
	}
	ok("aisctl amf si-swap SI: %s hands over to %s", active, standby)
	if err := d.takeover(standby, at); err != nil {
		return err
	}
	_, err = d.logs[active+"-web"].Wait(0, patience, active+" to be quiesced", func(e *amfkit.Event) bool {
		return e.At > at && strings.HasPrefix(e.Words, "quiesced ")
	})
	if err != nil {
		return err
	}
	ok("%s was quiesced first", active)
	_, err = amfkit.WaitTree(n, patience, amfkit.FullyAssigned)
	return err
}

func (d *demo) history() error {
	out, err := amfkit.Aisctl(d.c.Nodes[0], "amf", "history", "--limit", "12", "web")
	if err != nil {
		return err
	}
	fmt.Println("\n      aisctl amf history, the last of component web:")
	for _, line := range strings.Split(out, "\n") {
		fmt.Println("        " + line)
	}
	fmt.Println()
	return nil
}

// stop ends the executives; the components end with them.
func (d *demo) stop() error {
	for _, n := range d.c.Nodes {
		if _, err := n.Term(); err != nil {
			return err
		}
		if err := n.Exec.Wait(patience); err != nil {
			return fmt.Errorf("SIGTERM to the executive of %s: %w", n.Address, err)
		}
	}
	running, zombies, err := amfkit.Processes(d.program)
	if err != nil {
		return err
	}
	if len(running)+len(zombies) > 0 {
		return fmt.Errorf("%d components still run, %d are zombies", len(running), len(zombies))
	}
	ok("every executive ended with exit code 0, and no component is left")
	return nil
}

// evidence is what a failed demo shows.
func (d *demo) evidence() error {
	var b strings.Builder
	for _, n := range d.c.Nodes {
		fmt.Fprintf(&b, "\n--- aisexec on %s ---\n%s\n", n.Address, strings.TrimSpace(n.Output()))
	}
	for _, log := range d.logs {
		_ = log.Follow()
		for i := range log.Events {
			fmt.Fprintln(&b, log.Events[i].String())
		}
	}
	for _, n := range d.c.Nodes {
		if n.Up() {
			if out, err := amfkit.Aisctl(n, "amf"); err == nil {
				fmt.Fprintf(&b, "--- aisctl amf on %s ---\n%s\n", n.Address, out)
			}
		}
	}
	return errors.New(b.String())
}
