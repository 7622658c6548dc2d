// Command amfdemo shows availability management on one machine, without root: three
// executives, a 2N service group of two units with two C components each, which the
// executives start by themselves. The active component is killed, then the executive
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

const (
	patience = 15 * time.Second
	total    = 90 * time.Second
)

type demo struct {
	c       *harness.Cluster
	log     *amfkit.Log
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
	d.c, d.log = c, &amfkit.Log{Path: filepath.Join(c.Dir, "components.log")}
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
	var err error
	if d.program, err = d.c.Build.CompileC("ctests/amfkit/c/component_b01.c", harness.GenB); err != nil {
		return err
	}
	conf := amfkit.Config{Nodes: 3, Program: d.program, Log: d.log.Path, Instances: []string{"SI"}, Health: true,
		Units: []amfkit.Unit{{Name: "SU1", Node: "node1", Components: []string{"web", "db"}}, {Name: "SU2", Node: "node2", Components: []string{"web", "db"}}}}
	if err := amfkit.Install(d.c, "amf.conf", conf.Text()); err != nil {
		return err
	}
	begin := time.Now()
	if err := d.c.StartAll(patience); err != nil {
		return err
	}
	if _, err := amfkit.WaitTree(d.c.Nodes[2], patience, amfkit.FullyAssigned); err != nil {
		return err
	}
	ok("three executives, one 2N group; every component started by the executives, active and standby %s after start", ms(time.Since(begin)))
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
func (d *demo) takeover(unit string, from int, at time.Duration) error {
	var last time.Duration
	for _, comp := range []string{"web", "db"} {
		e, err := d.log.Wait(from, patience, comp+" of "+unit+" to be set active", func(e *amfkit.Event) bool {
			return e.Unit() == unit && strings.HasPrefix(e.Component, "safComp="+comp+",") && strings.HasPrefix(e.Words, "csiset active")
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
	if err := d.log.Follow(); err != nil {
		return err
	}
	from := len(d.log.Events)
	at := harness.Monotonic()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	ok("SIGKILL to component web of %s (process %d), which is active", active, pid)
	if err := d.takeover(standby, from, at); err != nil {
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
	if err := d.log.Follow(); err != nil {
		return err
	}
	from := len(d.log.Events)
	victim := d.nodeOf(active)
	at, err := victim.Kill()
	if err != nil {
		return err
	}
	ok("SIGKILL to the executive of %s, whose unit %s is active", victim.Address, active)
	if err := d.takeover(standby, from, at); err != nil {
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
	if err := d.log.Follow(); err != nil {
		return err
	}
	from := len(d.log.Events)
	at := harness.Monotonic()
	if _, err := amfkit.Aisctl(n, "amf", "si-swap", "SI"); err != nil {
		return err
	}
	ok("aisctl amf si-swap SI: %s hands over to %s", active, standby)
	if err := d.takeover(standby, from, at); err != nil {
		return err
	}
	for i := from; i < len(d.log.Events); i++ {
		if e := &d.log.Events[i]; e.Unit() == active && strings.HasPrefix(e.Words, "csiset quiesced") {
			ok("%s was quiesced first", active)
			break
		}
	}
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
	_ = d.log.Follow()
	b.WriteString("--- components ---\n")
	for i := max(0, len(d.log.Events)-40); i < len(d.log.Events); i++ {
		fmt.Fprintln(&b, d.log.Events[i].String())
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
