package campaign

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"ais/ctests/harness"
)

// The checkpoint trial: C programs on three nodes overwrite sections as fast as
// they are acknowledged, while executives are killed and links are cut. After each
// cycle everything that was acknowledged must be there, except what a merge had to
// discard; what was discarded must be what the executives reported; and every node
// must have the same. ckptmodel.go is the judge.
//
// Which write came after which is known without asking the executives: a section
// has one writer at a time, or one in each partition. Writers of private sections
// go on through everything; those of contested sections change when a partition
// has formed.

// CkptOptions says how long and by what order of chance.
type CkptOptions struct {
	Cycles     int
	Namespaces bool // with cut links; without, executives are only killed
	Seed       uint64
	// Executive, if not empty, is the path of another executive: for planted bugs.
	Executive string
	Logf      Logf
}

// CkptReport says what was done and found.
type CkptReport struct {
	Cycles        map[string]int // by kind
	Acknowledged  int64          // writes
	Unknown       int64          // writes whose executive died
	Kills, Cuts   int
	Conflicts     int // contested sections that several partitions wrote
	Lost          int // writes that a merge discarded: as found, which is as reported
	AtRisk        int64
	Loose         int // contested sections written on through a heal in which a ring broke once more
	Compared      int // sections compared between nodes
	LongestReform time.Duration
}

func (r *CkptReport) String() string {
	var kinds []string
	for k, n := range r.Cycles {
		kinds = append(kinds, fmt.Sprintf("%d %s", n, k))
	}
	slices.Sort(kinds)
	return fmt.Sprintf("%v: %d writes acknowledged, %d of unknown fate; %d kills, %d cuts; %d conflicts, "+
		"%d writes lost to merges, the same reported (%d sections were written on while a ring broke once more: reported writes only checked to be such); %d acknowledged by partitions that died as a whole; %d sections compared between nodes; longest time until whole %s",
		kinds, r.Acknowledged, r.Unknown, r.Kills, r.Cuts, r.Conflicts, r.Lost, r.Loose, r.AtRisk, r.Compared, ms(r.LongestReform))
}

// ckptShapes are the checkpoints: many small sections, some of several packets,
// few that take more than one frame of the library.
var ckptShapes = []string{"small:40:64:2000", "medium:24:1000:32000", "large:6:100000:300000"}

const ckptSections = 40 + 24 + 6

// ckptTrial is a trial in progress.
type ckptTrial struct {
	o       CkptOptions
	c       *harness.Cluster
	rnd     *rand.Rand
	writers []*ckptWriter
	model   *ckptModel
	report  CkptReport
	cut     []bool // link of node i
}

// Ckpt runs the trial.
func Ckpt(o CkptOptions) (*CkptReport, error) {
	if o.Logf == nil {
		o.Logf = silent
	}
	c, err := harness.New(harness.Options{Nodes: 3, Namespaces: o.Namespaces, Executive: o.Executive})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	t := &ckptTrial{o: o, c: c, rnd: rand.New(rand.NewPCG(o.Seed, 4)), model: newCkptModel(), cut: make([]bool, 3)}
	t.report.Cycles = map[string]int{}
	err = t.run()
	return &t.report, err
}

func (t *ckptTrial) run() error {
	if err := t.c.StartAll(patience); err != nil {
		return err
	}
	for _, n := range t.c.Nodes {
		w, err := startCkptWriter(t.c, n)
		if err != nil {
			return err
		}
		t.writers = append(t.writers, w)
	}
	if err := t.writers[0].ask("create", "created ", patience); err != nil {
		return err
	}
	for _, w := range t.writers {
		if err := w.ask("open", "open ", patience); err != nil {
			return err
		}
	}
	cy := &ckptCycle{t: t, kind: "creation"}
	if err := cy.judge(); err != nil {
		return fmt.Errorf("after creation: %w", err)
	}
	for i := range t.o.Cycles {
		cy := t.newCycle()
		t.report.Cycles[cy.kind]++
		if err := cy.run(); err != nil {
			return fmt.Errorf("cycle %d (seed %d): %s: %w%s", i+1, t.o.Seed, cy.summary(), err, t.logs())
		}
		t.o.Logf("cycle %d: %s", i+1, cy.summary())
	}
	return nil
}

// logs is the last that the executives wrote, but for single losses.
func (t *ckptTrial) logs() string {
	var b strings.Builder
	for _, n := range t.c.Nodes {
		lines := slices.DeleteFunc(n.Exec.Stderr.From(0), func(s string) bool { return strings.Contains(s, "discarded") })
		fmt.Fprintf(&b, "\nexecutive of node %d:\n%s", n.Index, strings.Join(lines[max(0, len(lines)-25):], "\n"))
	}
	return b.String()
}

// patience bounds a single wait of the trial, on a busy machine.
const patience = 60 * time.Second

// ckptCycle is one cycle: chaos, then everything whole again, then judgement.
type ckptCycle struct {
	t    *ckptTrial
	kind string
	do   func() error

	private   [3][]int // sections only this node's writer writes
	contested []int
	first     int // who writes the contested ones while the ring is whole
	live      bool
	freeze    bool // writers of killed executives stop
	sides     []ckptSide
	began     []int // positions in the executives' logs
	starts    []int // which start of the executive the position is of
	told      []string
	given     [3][]ckptLoss // what each executive gave up for want of a whole replica
	healed    []int         // positions in the executives' logs when the links came back
}

// ckptSide is a partition in which contested sections were written.
type ckptSide struct {
	nodes  []int
	writer int
	// formed is when it was seen as a ring of its own, heal when the links were
	// about to come back.
	formed, heal time.Duration
	// dead: every node of it died before it met another, at this time; what it alone
	// acknowledged since cut is gone.
	dead     time.Duration
	cut      time.Duration
	atMerge  []int // nodes that were alive when it met the others
	finished bool  // the writer of contested sections had stopped
}

func (t *ckptTrial) newCycle() *ckptCycle {
	cy := &ckptCycle{t: t}
	kinds := []struct {
		name   string
		weight int
		net    bool
		do     func() error
	}{
		{"one killed", 3, false, cy.killOne},
		{"two killed", 3, false, cy.killTwo},
		{"killed while filling", 3, false, cy.killFilling},
		{"split", 6, true, cy.split},
		{"split in three", 3, true, cy.splitThree},
		{"split, one of the majority killed", 3, true, cy.splitKillMajority},
		{"split, the minority killed", 2, true, cy.splitKillMinority},
		{"cut, then killed", 3, true, cy.cutKill},
		{"muted, then killed", 3, true, cy.muteKill},
	}
	total := 0
	for _, k := range kinds {
		if t.o.Namespaces || !k.net {
			total += k.weight
		}
	}
	x := t.rnd.IntN(total)
	for _, k := range kinds {
		if !t.o.Namespaces && k.net {
			continue
		}
		if x -= k.weight; x < 0 {
			cy.kind, cy.do = k.name, k.do
			break
		}
	}
	cy.assign()
	return cy
}

// assign deals the sections out.
func (cy *ckptCycle) assign() {
	r := cy.t.rnd
	cy.first = r.IntN(3)
	cy.live = r.IntN(4) == 0
	cy.freeze = r.IntN(2) == 0
	for k := range ckptSections {
		if r.IntN(2) == 0 {
			cy.contested = append(cy.contested, k)
		} else {
			i := r.IntN(3)
			cy.private[i] = append(cy.private[i], k)
		}
	}
}

func (cy *ckptCycle) run() error {
	t := cy.t
	cy.mark()
	for i, w := range t.writers {
		list := slices.Clone(cy.private[i])
		if i == cy.first {
			list = append(list, cy.contested...)
		}
		if err := w.set(list); err != nil {
			return err
		}
	}
	time.Sleep(cy.random(100, 400))
	if err := cy.do(); err != nil {
		return err
	}
	began := harness.Monotonic()
	for i := range t.c.Nodes {
		if err := cy.restart(i); err != nil {
			return err
		}
	}
	if err := t.c.WaitWhole(patience); err != nil {
		return err
	}
	t.report.LongestReform = max(t.report.LongestReform, harness.Monotonic()-began)
	time.Sleep(cy.random(0, 200))
	return cy.judge()
}

func (cy *ckptCycle) random(from, to int) time.Duration {
	return time.Duration(from+cy.t.rnd.IntN(to-from)) * time.Millisecond
}

// mark notes where the executives' logs are.
func (cy *ckptCycle) mark() {
	for _, n := range cy.t.c.Nodes {
		cy.began = append(cy.began, n.Exec.Stderr.Len())
		cy.starts = append(cy.starts, n.Exec.PID)
	}
}

func (cy *ckptCycle) say(format string, args ...any) {
	cy.told = append(cy.told, fmt.Sprintf(format, args...))
}

func (cy *ckptCycle) summary() string {
	return fmt.Sprintf("%s %v", cy.kind, cy.told)
}

func (cy *ckptCycle) kill(i int) error {
	n := cy.t.c.Nodes[i]
	cy.t.report.Kills++
	cy.say("kill %d", i+1)
	if _, err := n.Kill(); err != nil {
		return err
	}
	<-n.Exec.Done()
	if cy.freeze {
		// What its program wrote last must be there, and is not written over.
		cy.say("freeze")
		return cy.t.writers[i].set(nil)
	}
	return nil
}

// restart starts a node's executive, if it does not run.
func (cy *ckptCycle) restart(i int) error {
	n := cy.t.c.Nodes[i]
	if n.Up() {
		return nil
	}
	cy.say("start %d", i+1)
	return n.Start()
}

func (cy *ckptCycle) link(i int, cut bool) error {
	t := cy.t
	if t.cut[i] == cut {
		return nil
	}
	t.cut[i] = cut
	if cut {
		t.report.Cuts++
		cy.say("cut %d", i+1)
	} else {
		cy.say("heal %d", i+1)
	}
	return t.c.Net.Cut(i+1, cut, false)
}

func (cy *ckptCycle) others(i int) (int, int) { return (i + 1) % 3, (i + 2) % 3 }

func (cy *ckptCycle) killOne() error {
	if err := cy.kill(cy.t.rnd.IntN(3)); err != nil {
		return err
	}
	time.Sleep(cy.random(0, 300))
	return nil
}

func (cy *ckptCycle) killTwo() error {
	a, b := cy.others(cy.t.rnd.IntN(3))
	if err := cy.kill(a); err != nil {
		return err
	}
	time.Sleep(cy.random(0, 2) * time.Duration(cy.t.rnd.IntN(100)))
	if err := cy.kill(b); err != nil {
		return err
	}
	time.Sleep(cy.random(0, 300))
	return nil
}

// killFilling kills a complete node while a restarted one gets its copy; one
// complete node stays.
func (cy *ckptCycle) killFilling() error {
	a := cy.t.rnd.IntN(3)
	b, _ := cy.others(a)
	if err := cy.kill(a); err != nil {
		return err
	}
	if err := cy.restart(a); err != nil {
		return err
	}
	if err := cy.t.c.WaitWhole(patience); err != nil {
		return err
	}
	time.Sleep(cy.random(0, 20))
	return cy.kill(b)
}

// part cuts nodes off each other and waits until each side is a ring of its own.
func (cy *ckptCycle) part(sides ...[]int) error {
	t := cy.t
	at := harness.Monotonic()
	for _, nodes := range sides {
		if len(nodes) == 1 {
			if err := cy.link(nodes[0], true); err != nil {
				return err
			}
		}
	}
	cy.sides = nil
	for _, nodes := range sides {
		var up []*harness.Node
		for _, i := range nodes {
			up = append(up, t.c.Nodes[i])
		}
		if err := harness.WaitRing(up, patience); err != nil {
			return err
		}
		cy.sides = append(cy.sides, ckptSide{nodes: nodes, atMerge: nodes, writer: nodes[t.rnd.IntN(len(nodes))], formed: harness.Monotonic(), cut: at})
	}
	// The first writer stops with the contested sections before another of its side
	// begins with them.
	if err := t.writers[cy.first].set(cy.private[cy.first]); err != nil {
		return err
	}
	for i := range cy.sides {
		s := &cy.sides[i]
		s.formed = harness.Monotonic()
		w := t.writers[s.writer]
		if err := w.set(append(slices.Clone(cy.contested), cy.private[s.writer]...)); err != nil {
			return err
		}
	}
	for i := range cy.sides {
		if err := t.writers[cy.sides[i].writer].round(); err != nil {
			return err
		}
	}
	time.Sleep(cy.random(0, 300))
	return nil
}

// calm stops the writing of contested sections, unless this cycle goes on with it
// through the merge. Private sections are written on.
func (cy *ckptCycle) calm() error {
	for i := range cy.sides {
		s := &cy.sides[i]
		if !cy.live {
			if err := cy.t.writers[s.writer].set(cy.private[s.writer]); err != nil {
				return err
			}
			s.finished = true
		}
		s.heal = harness.Monotonic()
	}
	for _, n := range cy.t.c.Nodes {
		cy.healed = append(cy.healed, n.Exec.Stderr.Len())
	}
	return nil
}

// parted tells whether a ring broke once more after the links were back, as it may
// on a starved machine. What was written on meanwhile then lost more than once.
func (cy *ckptCycle) parted() bool {
	for i, n := range cy.t.c.Nodes {
		from := 0
		if i < len(cy.healed) && cy.starts[i] == n.Exec.PID {
			from = cy.healed[i]
		}
		for _, line := range n.Exec.Stderr.From(from) {
			if strings.Contains(line, `msg="members left"`) {
				return true
			}
		}
	}
	return false
}

// heal gives all links back, one after the other in any order.
func (cy *ckptCycle) heal() error {
	if err := cy.calm(); err != nil {
		return err
	}
	for _, i := range cy.t.rnd.Perm(3) {
		if err := cy.link(i, false); err != nil {
			return err
		}
		if cy.t.rnd.IntN(3) == 0 {
			time.Sleep(cy.random(0, 500))
		}
	}
	return nil
}

func (cy *ckptCycle) split() error {
	i := cy.t.rnd.IntN(3)
	a, b := cy.others(i)
	if err := cy.part([]int{i}, []int{a, b}); err != nil {
		return err
	}
	return cy.heal()
}

func (cy *ckptCycle) splitThree() error {
	if err := cy.part([]int{0}, []int{1}, []int{2}); err != nil {
		return err
	}
	return cy.heal()
}

func (cy *ckptCycle) splitKillMajority() error {
	t := cy.t
	i := t.rnd.IntN(3)
	a, b := cy.others(i)
	if err := cy.part([]int{i}, []int{a, b}); err != nil {
		return err
	}
	big := &cy.sides[1]
	if err := cy.kill(a); err != nil {
		return err
	}
	if err := harness.WaitRing([]*harness.Node{t.c.Nodes[b]}, patience); err != nil {
		return err
	}
	if t.rnd.IntN(2) == 0 {
		if err := cy.restart(a); err != nil {
			return err
		}
		if err := harness.WaitRing([]*harness.Node{t.c.Nodes[a], t.c.Nodes[b]}, patience); err != nil {
			return err
		}
	} else {
		big.atMerge = []int{b}
	}
	time.Sleep(cy.random(0, 200))
	if err := cy.heal(); err != nil {
		return err
	}
	return harness.WaitRing(t.up(), patience)
}

func (t *ckptTrial) up() (list []*harness.Node) {
	for _, n := range t.c.Nodes {
		if n.Up() {
			list = append(list, n)
		}
	}
	return list
}

func (cy *ckptCycle) splitKillMinority() error {
	t := cy.t
	i := t.rnd.IntN(3)
	a, b := cy.others(i)
	if err := cy.part([]int{i}, []int{a, b}); err != nil {
		return err
	}
	if err := cy.kill(i); err != nil {
		return err
	}
	cy.sides[0].dead = harness.Monotonic()
	cy.sides[0].atMerge = nil
	if !cy.freeze {
		// Its contested sections are the other side's now.
		if err := t.writers[i].set(cy.private[i]); err != nil {
			return err
		}
	}
	if t.rnd.IntN(2) == 0 {
		if err := cy.restart(i); err != nil {
			return err
		}
	}
	return cy.heal()
}

// cutKill cuts a node off and kills it before it can know: what it acknowledged
// until then, others have.
func (cy *ckptCycle) cutKill() error {
	i := cy.t.rnd.IntN(3)
	return cy.unheardKill(i, func(cut bool) error { return cy.link(i, cut) })
}

// muteKill is the same for a node that still hears the others: the next token
// comes to it, and what it sends then is lost.
func (cy *ckptCycle) muteKill() error {
	i := cy.t.rnd.IntN(3)
	return cy.unheardKill(i, func(cut bool) error {
		cy.t.report.Cuts++
		cy.say("mute %d: %v", i+1, cut)
		return cy.t.c.Net.Mute(i+1, cut)
	})
}

func (cy *ckptCycle) unheardKill(i int, link func(cut bool) error) error {
	t := cy.t
	n := t.c.Nodes[i]
	at := harness.Monotonic()
	if err := link(true); err != nil {
		return err
	}
	time.Sleep(cy.random(0, 700))
	cy.freeze = true
	changes := -1
	if s, err := n.Status(); err == nil && s.Members() == 3 {
		changes = 0
	}
	if err := cy.kill(i); err != nil {
		return err
	}
	if changes != 0 {
		// It had noticed: it may have acknowledged what only it has.
		cy.say("noticed")
		a, b := cy.others(i)
		cy.sides = []ckptSide{
			{nodes: []int{i}, writer: i, cut: at, dead: harness.Monotonic()},
			{nodes: []int{a, b}, atMerge: []int{a, b}, writer: a, cut: at},
		}
		cy.contested = nil // who wrote last is not to be told: the judge looks at its writer alone
	}
	a, b := cy.others(i)
	if err := harness.WaitRing([]*harness.Node{t.c.Nodes[a], t.c.Nodes[b]}, patience); err != nil {
		return err
	}
	return link(false)
}

// judge stops all writers, waits until every node has everything, and compares.
func (cy *ckptCycle) judge() error {
	t := cy.t
	for i, w := range t.writers {
		if err := w.set(nil); err != nil {
			return err
		}
		if err := w.dump(t.model, i, cy); err != nil {
			return err
		}
	}
	for _, n := range t.c.Nodes {
		if err := n.WaitFilled(patience, 5*time.Millisecond); err != nil {
			return err
		}
	}
	var lists [3]*ckptContent
	for i, n := range t.c.Nodes {
		var err error
		if lists[i], err = readCkpt(n); err != nil {
			return err
		}
	}
	if err := sameContent(lists[:]); err != nil {
		return err
	}
	t.report.Compared += len(lists[0].sections)
	losses, err := cy.losses()
	if err != nil {
		return err
	}
	v := t.model.judge(cy, lists[0], losses)
	for _, n := range t.c.Nodes {
		if err := t.cameBack(n); err != nil {
			v.wrong = append(v.wrong, err)
		}
	}
	t.report.Acknowledged += v.acked
	t.report.Unknown += v.unknown
	t.report.AtRisk += v.atRisk
	t.report.Conflicts += v.conflicts
	t.report.Lost += len(v.lost)
	t.report.Loose += v.loose
	if len(v.lost) > 0 || v.conflicts > 0 {
		cy.say("%d conflicts, %d lost", v.conflicts, len(v.lost))
	}
	if len(v.wrong) > 0 {
		if len(v.wrong) > 20 {
			v.wrong = append(v.wrong[:20], fmt.Errorf("and %d more", len(v.wrong)-20))
		}
		return fmt.Errorf("the judge:\n%w", errors.Join(v.wrong...))
	}
	return nil
}
