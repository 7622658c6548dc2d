// The driver: inputs to the machine, and what it wants done. Owns machine,
// sealer, transport and state file; is called on the loop's goroutine only.

package totem

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"ais/exec/loop"
	tnet "ais/exec/totem/net"
	"ais/exec/totem/seal"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// Upper is the layer above; gmi.GMI is one.
type Upper interface {
	// Deliver takes a message or a configuration change. It may call Wake and
	// Leave of the Driver.
	Deliver(*srp.Delivery)
	// SafeUpTo tells how far messages of a ring are held by all its members.
	SafeUpTo(ring wire.RingID, seq uint64)
	// Flush is called when everything of one input was handed over.
	Flush()
}

// Prompter is an Upper that can tell those who wait for what was just delivered
// at once.
type Prompter interface {
	// Prompt is called when little was delivered and packets are still to be handed
	// to the kernel, which takes longer. It must not take long, for the token waits;
	// Flush still follows.
	Prompt()
}

// Expecter is an Upper that knows whether more is about to be sent by those who were
// just told that their messages are safe.
type Expecter interface{ Expects() bool }

// Options of a Driver.
type Options struct {
	Loop     *loop.Loop
	Node     wire.NodeID
	StateDir string

	Links []tnet.LinkConfig
	MTU   int // netmtu: largest IP packet

	ReceiveBuffer int // bytes asked of the kernel for each socket; 0: 8 MiB

	Cluster  string
	Keys     [][]byte   // the first seals, all open
	Suite    seal.Suite // Plain (0): the best one here
	Unsealed bool       // secauth: off

	// Ring has the times and counts of the protocol. Self, Source, ReservedSeq,
	// MaxPacket, MaxSession, ReceiveRoom, Seed and Trace in it are the driver's to fill in.
	Ring  srp.Config
	Trace func(srp.Event)

	// Failed is called once when the driver cannot go on (ring numbers cannot be
	// made durable, or seal.ErrUsedUp): it has left the ring, and the executive has
	// to end.
	Failed func(error)

	NoOffload bool
	NoHints   bool
	Drop      func(pkt []byte, from netip.AddrPort) bool // for tests: see tnet.Config
}

// ringMembers is whom packets of a ring go to when there is no multicast.
type ringMembers struct {
	id  wire.RingID
	ids []wire.NodeID
}

// keptRings is as many as the sealer keeps.
const keptRings = 4

type phase uint8

const (
	made phase = iota
	running
	leaving // the machine has left; its last packets are being repeated
	closed
)

// Driver runs one start of one processor.
type Driver struct {
	opt   Options
	loop  *loop.Loop
	self  wire.Member
	state *stateFile
	seal  *seal.Sealer
	net   *tnet.Transport
	m     *srp.Machine
	upper Upper
	ready Prompter // upper, if it is one
	asked Expecter // upper, if it is one
	phase phase

	timer     *loop.Timer
	timerAt   time.Duration // what timer is set to; srp.Never: not set
	unhook    []func()
	wake      bool
	leave     bool
	left      func()
	rings     [keptRings]ringMembers // newest first
	inForce   wire.RingID
	safeRing  wire.RingID
	safeSeq   uint64
	handling  bool
	owed      *srp.Ready  // its packets are still to be sent: see answersFirst
	late      *loop.Timer // sends them at the latest
	notSealed uint64
	usedUp    bool // the sealer seals nothing any more
	farewell  []srp.Outgoing
	repeats   int
	again     *loop.Timer
	lastLook  uint64 // the batch whose hooks are over

	deliveredAt time.Duration // when messages were last delivered
}

// New reads and advances the start number, draws the nonce, and opens sockets.
// Nothing is sent or taken before Start.
func New(opt Options) (*Driver, error) {
	if opt.Node == 0 {
		return nil, errors.New("totem: node id 0 is reserved")
	}
	d := &Driver{opt: opt, loop: opt.Loop, timerAt: srp.Never}
	var err error
	if d.state, err = openState(opt.StateDir, opt.Node); err != nil {
		return nil, err
	}
	if err := d.open(); err != nil {
		d.state.close()
		return nil, err
	}
	return d, nil
}

func (d *Driver) open() error {
	// The start number is durable before anything carries it.
	n := d.state.numbers
	n.start++
	if err := d.state.write(n); err != nil {
		return err
	}
	d.self = wire.Member{ID: d.opt.Node, Start: n.start}
	if _, err := rand.Read(d.self.Nonce[:]); err != nil {
		return fmt.Errorf("drawing a nonce: %w", err)
	}
	var err error
	d.seal, err = seal.New(seal.Config{
		Self: d.self, Cluster: d.opt.Cluster, Keys: d.opt.Keys, Suite: d.opt.Suite, Unsealed: d.opt.Unsealed,
	})
	if err != nil {
		return err
	}
	d.net, err = tnet.New(tnet.Config{
		Loop: d.loop, Self: d.opt.Node, Links: d.opt.Links, MTU: d.opt.MTU, ReceiveBuffer: d.opt.ReceiveBuffer,
		Receive: d.receive, Suspect: d.suspect,
		UnicastFirst: func() bool { return d.m != nil && d.m.TokenFirst() },
		NoOffload:    d.opt.NoOffload, NoHints: d.opt.NoHints, Drop: d.opt.Drop,
	})
	if err != nil {
		return err
	}
	if max := d.maxSession(); max < srp.MinMaxPacket {
		d.net.Close()
		return fmt.Errorf("netmtu: %d: leaves %d bytes for a packet of the ring: %d are needed", d.opt.MTU, max, srp.MinMaxPacket)
	}
	d.timer = d.loop.NewTimer(d.tick)
	d.again = d.loop.NewTimer(d.repeatFarewell)
	d.late = d.loop.NewTimer(d.settle)
	d.unhook = append(d.unhook, d.loop.AfterBatch(d.afterBatch))
	return nil
}

// Self is this start of this node.
func (d *Driver) Self() wire.Member { return d.self }

// MaxPacket is the largest packet of the ring before sealing, maxSession the
// largest of membership.
func (d *Driver) MaxPacket() int  { return d.net.Size() - seal.RingOverhead }
func (d *Driver) maxSession() int { return d.net.Size() - seal.SessionOverhead }

// MaxPayload is how many bytes a message of the ring carries.
func (d *Driver) MaxPayload() int { return srp.MaxPayload(d.MaxPacket()) }

// Start enters the ring. The machine pulls messages from source and delivers to
// upper.
func (d *Driver) Start(source srp.Source, upper Upper) error {
	if d.phase != made {
		return errors.New("totem: started already")
	}
	cfg := d.opt.Ring
	cfg.Self = d.self
	cfg.Source = source
	cfg.ReservedSeq = d.state.reserved
	cfg.MaxPacket, cfg.MaxSession = d.MaxPacket(), d.maxSession()
	cfg.ReceiveRoom = d.net.ReceiveRoom()
	cfg.Seed = binary.LittleEndian.Uint64(d.self.Nonce[:])
	cfg.Trace = d.opt.Trace
	if d.asked, _ = upper.(Expecter); d.asked == nil {
		cfg.Await = 0 // nobody would say that nothing more comes
	}
	d.m = srp.New(cfg)
	d.upper = upper
	d.ready, _ = upper.(Prompter)
	d.phase = running
	// Hooks between ours may make work for the ring: the library's requests that come
	// by shared memory. Without a second look it would take another turn of the loop.
	d.unhook = append(d.unhook, d.loop.AfterBatch(d.afterHooks))
	d.m.Start(d.loop.Refresh())
	d.handle()
	d.schedule()
	return nil
}

// SetKeys replaces the key ring without a stop.
func (d *Driver) SetKeys(keys [][]byte) error { return d.seal.SetKeys(keys) }

// Wake tells that the source has something to send. It may be called at any time
// on the loop's goroutine; the machine learns of it at the end of the batch.
func (d *Driver) Wake() {
	if !d.wake {
		d.wake = true
		if d.lastLook == d.loop.Stats().Wakeups {
			d.loop.Kick()
		}
	}
}

// Leave tells the ring that this processor stops, and closes everything; then
// done is called. The telling is repeated, so done comes some milliseconds later.
// What waits to be sent is not sent.
func (d *Driver) Leave(done func()) {
	if d.left != nil || d.phase == closed {
		return
	}
	d.left = done
	d.leave = true
	d.loop.Kick()
}

// Close ends without a word to anybody, as a kill would.
func (d *Driver) Close() {
	if d.phase == closed {
		return
	}
	d.phase = closed
	for _, unhook := range d.unhook {
		unhook()
	}
	d.timer.Stop()
	d.again.Stop()
	d.late.Stop()
	d.net.Close()
	d.state.close()
}

// receive takes a packet from the network.
func (d *Driver) receive(pkt []byte, from netip.AddrPort) {
	if d.phase != running {
		return
	}
	origin, payload, why := d.seal.Open(pkt)
	if why != seal.Accepted {
		return
	}
	d.net.Learn(origin.Member.ID, from, !origin.Ring.IsZero())
	d.settle()
	d.m.Step(d.loop.Now(), origin, payload)
	d.handle()
}

// suspect passes a hint on.
func (d *Driver) suspect(id wire.NodeID) {
	if d.phase == running {
		d.settle()
		d.m.Suspect(d.loop.Now(), id)
		d.handle()
	}
}

func (d *Driver) tick() {
	d.timerAt = srp.Never
	if d.phase == running {
		d.settle()
		d.m.Tick(d.loop.Now())
		d.handle()
	}
}

// afterBatch is where requests from above become inputs, and the timer is set.
func (d *Driver) afterBatch() {
	if d.phase != running {
		d.wake = false
		if d.leave && d.phase == made {
			d.leave = false
			d.end()
		}
		return
	}
	if d.usedUp {
		d.fail(seal.ErrUsedUp)
		return
	}
	if d.wake {
		d.wake = false
		d.settle()
		d.m.Wake(d.loop.Now())
		d.handle()
	}
	d.goOn()
	if d.leave && d.phase == running {
		d.leave = false
		d.goodbye()
	}
	d.schedule()
}

// goOn lets a token go that waits, when nobody is expected to send more.
func (d *Driver) goOn() {
	if d.phase == running && d.m.Awaiting() && !d.asked.Expects() {
		d.settle()
		d.m.Go(d.loop.Now())
		d.handle()
	}
}

// afterHooks is the second look of a batch.
func (d *Driver) afterHooks() {
	d.lastLook = d.loop.Stats().Wakeups
	if d.phase == running && (d.wake || d.m.Awaiting()) {
		d.afterBatch()
	}
}

// schedule sets the timer to the machine's deadline, if that has moved.
func (d *Driver) schedule() {
	if d.phase != running {
		return
	}
	at := d.m.Deadline()
	if at == d.timerAt {
		return
	}
	d.timerAt = at
	if at == srp.Never {
		d.timer.Stop()
		return
	}
	d.timer.Reset(at)
}

// handle does what the machine wants done after an input, in the order of
// srp.Ready.
func (d *Driver) handle() {
	if d.handling {
		panic("totem: an input while the outputs of another are handled")
	}
	d.handling = true
	r := d.m.Ready()
	if r.ReserveSeq != 0 {
		if err := d.state.write(numbers{d.state.start, r.ReserveSeq}); err != nil {
			d.handling = false
			d.fail(err)
			return
		}
	}
	if r.Install != nil {
		if err := d.install(r.Install); err != nil {
			d.handling = false
			d.fail(err)
			return
		}
	}
	if d.answersFirst(r) {
		d.deliver(r)
		d.ready.Prompt()
		d.owed = r
		d.late.Reset(d.loop.Refresh() + answerTime)
	} else {
		d.transmit(r)
		d.deliver(r)
	}
	d.upper.Flush()
	d.handling = false
}

// After silence a few messages are delivered before packets are handed to the
// kernel, and whoever waits for them has a moment to run: two switches of a
// processor and what a library does with a message, all of it cold.
const (
	silence     = time.Millisecond
	answerFirst = 4
	answerTime  = 45 * time.Microsecond
)

// answersFirst tells whether to do so. After silence everything is cold: the system
// call with the wake-ups of the other nodes costs more than all the rest, and with
// the priority that an executive has it keeps the processor that the client may
// wait for. Who multicasts into silence waits for nothing else. While there is
// traffic the token is what everybody waits for, and packets go first. Nothing is
// promised by it that was not: a packet that was sent need not have arrived, and
// safe messages are delivered when all have them. Where answerTime cannot be kept,
// packets go first: the token would rest for a millisecond.
func (d *Driver) answersFirst(r *srp.Ready) bool {
	if len(r.Deliveries) == 0 {
		return false
	}
	now := d.loop.Now()
	quiet := now - d.deliveredAt
	d.deliveredAt = now
	if d.ready == nil || d.loop.Coarse() || quiet < silence || len(r.Packets) == 0 || len(r.Deliveries) > answerFirst {
		return false
	}
	for i := range r.Deliveries {
		if r.Deliveries[i].Kind != srp.DeliverMessage {
			return false
		}
	}
	return r.SafeRing != d.safeRing || r.SafeSeq-d.safeSeq <= answerFirst
}

// settle sends what an input before owes. It comes before every input, for that
// makes void what is owed.
func (d *Driver) settle() {
	if r := d.owed; r != nil {
		d.owed = nil
		d.late.Stop()
		d.transmit(r)
	}
}

// transmit seals the packets and hands them to the kernel.
func (d *Driver) transmit(r *srp.Ready) {
	if len(r.Packets) == 0 {
		return
	}
	for i := range r.Packets {
		d.send(&r.Packets[i])
	}
	d.net.Flush()
}

// deliver hands upwards what was delivered and how far it is safe.
func (d *Driver) deliver(r *srp.Ready) {
	for i := range r.Deliveries {
		if r.Deliveries[i].Kind == srp.DeliverRegular {
			d.regular(&r.Deliveries[i].Config)
		}
		d.upper.Deliver(&r.Deliveries[i])
	}
	if r.SafeSeq != d.safeSeq || r.SafeRing != d.safeRing {
		d.safeRing, d.safeSeq = r.SafeRing, r.SafeSeq
		if !r.SafeRing.IsZero() {
			d.upper.SafeUpTo(r.SafeRing, r.SafeSeq)
		}
	}
}

// install derives a ring's keys and notes its members.
func (d *Driver) install(r *srp.Ring) error {
	if err := d.seal.InstallRing(*r); err != nil {
		return err
	}
	for i := range d.rings {
		if d.rings[i].id == r.ID {
			return nil
		}
	}
	// The ring in force stays, as in the sealer.
	last := keptRings - 1
	if d.rings[last].id == d.inForce && !d.inForce.IsZero() {
		last--
	}
	copy(d.rings[1:last+1], d.rings[:last])
	m := ringMembers{id: r.ID}
	for i := range r.Members {
		m.ids = append(m.ids, r.Members[i].ID)
	}
	d.rings[0] = m
	return nil
}

// regular is called when a regular configuration is in force: its ring's key is
// kept, and its successor watched.
func (d *Driver) regular(c *srp.Configuration) {
	d.inForce = c.Ring
	d.seal.InForce(c.Ring)
	next := wire.NodeID(0)
	for i := range c.Members {
		if c.Members[i].ID == d.self.ID {
			next = c.Members[(i+1)%len(c.Members)].ID
		}
	}
	if next == d.self.ID {
		next = 0
	}
	d.net.SetNeighbour(next)
}

// send seals a packet into the transport's buffer and addresses it.
func (d *Driver) send(p *srp.Outgoing) {
	room := d.net.Room()
	if room == nil {
		return // counted there
	}
	n, err := d.seal.Seal(room, p.Ring, p.Data)
	if err != nil {
		d.notSealed++
		d.usedUp = d.usedUp || err == seal.ErrUsedUp
		return
	}
	switch {
	case p.To != 0:
		d.net.ToNode(n, p.To)
	case p.RingOnly:
		for i := range d.rings {
			if d.rings[i].id == p.Ring {
				d.net.ToNodes(n, d.rings[i].ids)
				return
			}
		}
		d.net.ToAll(n)
	default:
		d.net.ToAll(n)
	}
}

const (
	farewellRepeats  = 2
	farewellInterval = 2 * time.Millisecond
)

// goodbye leaves the ring. The packets that say so are sealed and sent again, for
// they may be lost and nobody asks for them.
func (d *Driver) goodbye() {
	d.settle()
	d.m.Leave(d.loop.Now())
	r := d.m.Ready()
	d.farewell = d.farewell[:0]
	for i := range r.Packets {
		p := r.Packets[i]
		p.Data = append([]byte(nil), p.Data...)
		d.farewell = append(d.farewell, p)
	}
	d.phase = leaving
	d.timer.Stop()
	d.repeats = farewellRepeats
	d.sayFarewell()
}

func (d *Driver) sayFarewell() {
	for i := range d.farewell {
		d.send(&d.farewell[i])
	}
	d.net.Flush()
	d.again.Reset(d.loop.Refresh() + farewellInterval)
}

func (d *Driver) repeatFarewell() {
	if d.phase != leaving {
		return
	}
	if d.repeats == 0 {
		d.net.Goodbye()
		d.end()
		return
	}
	d.repeats--
	d.sayFarewell()
}

// end closes after Leave.
func (d *Driver) end() {
	done := d.left
	d.Close()
	if done != nil {
		done()
	}
}

// fail stops at once: a processor that cannot keep its promises must not go on.
// The others notice by its closed connections.
func (d *Driver) fail(err error) {
	d.Close()
	if d.opt.Failed != nil {
		d.opt.Failed(err)
	}
}
