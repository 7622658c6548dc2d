// One session: the rooms of exec on one loop.

package main

import (
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"ais/exec/amf"
	"ais/exec/amf/proc"
	"ais/exec/ckpt"
	"ais/exec/ckpt/disk"
	"ais/exec/clm"
	"ais/exec/config"
	"ais/exec/ctl"
	"ais/exec/evs"
	"ais/exec/evt"
	"ais/exec/gmi"
	"ais/exec/ipc"
	"ais/exec/loop"
	"ais/exec/service"
	"ais/exec/totem"
	tnet "ais/exec/totem/net"
	"ais/exec/totem/seal"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/exec/trace"
	"ais/libais/ipcwire"
)

// recorded is how many events the flight recorder keeps of each sort.
const recorded = 4096

// executive is one session. All its fields belong to the loop's goroutine.
type executive struct {
	set  *settings
	log  *slog.Logger
	boot time.Time

	loop     *loop.Loop
	recorder *trace.Recorder
	driver   *totem.Driver
	gmi      *gmi.GMI
	manager  *service.Manager
	clm      *clm.Service
	evs      *evs.Service
	evt      *evt.Service
	ckpt     *ckpt.Service
	amf      *amf.Service
	ctl      *ctl.Service
	server   *ipc.Server
	keeper   *proc.Client // nil: there are no commands to run
	watcher  *proc.Watcher
	disk     *disk.Store // nil: checkpoints are in memory only

	addresses map[wire.NodeID][]byte
	overload  string // why the session ended; it is to begin again
	failed    error  // why the executive ends
	stopping  bool

	// A signal asked for the end of the process: also when the session was about
	// to end, and to begin again, for another reason.
	ending atomic.Bool
}

// newExecutive puts the rooms together and binds every socket; nothing is sent
// before enter.
func newExecutive(s *settings, log *slog.Logger) (e *executive, err error) {
	e = &executive{set: s, log: log, boot: time.Now(), addresses: make(map[wire.NodeID][]byte)}
	defer func() {
		if err != nil {
			e.abandon()
		}
	}()
	if e.loop, err = loop.New(); err != nil {
		return e, err
	}
	e.recorder = trace.New(recorded, e.boot.Add(-e.loop.Refresh()))
	if e.driver, err = totem.New(e.ringOptions()); err != nil {
		return e, err
	}
	e.gmi, err = gmi.New(gmi.Options{
		Self:       e.driver.Self(),
		MaxPayload: e.driver.MaxPayload(),
		MaxMessage: s.net.MaxMessageSize + gmi.FieldRoom,
		Wake:       e.driver.Wake,
	})
	if err != nil {
		return e, err
	}
	if err = e.services(); err != nil {
		return e, err
	}
	return e, e.listen()
}

// await is how long the token waits at most for clients that were answered: longer
// than exec/ipc expects eight of them on one processor.
const await = 200 * time.Microsecond

func (e *executive) ringOptions() totem.Options {
	n, self := e.set.net, &e.set.self
	link := tnet.LinkConfig{Addr: self.Address, Port: n.McastPort}
	if n.Transport == config.Multicast {
		link.Group = n.McastAddr
	}
	for _, m := range self.Members {
		link.Members = append(link.Members, tnet.Member{ID: wire.NodeID(m.ID), Addr: m.Address})
	}
	return totem.Options{
		Loop:     e.loop,
		Node:     wire.NodeID(self.NodeID),
		StateDir: e.set.stateDir,
		Links:    []tnet.LinkConfig{link},
		MTU:      n.NetMTU,
		Cluster:  n.Ring(),
		Keys:     keyBytes(e.set.keys),
		Suite:    suites[n.Cipher],
		Unsealed: !n.Secauth,

		ReceiveBuffer: n.ReceiveBuffer,
		Ring: srp.Config{
			TokenTimeout:    n.Token,
			TokenRetransmit: n.TokenRetransmit,
			JoinInterval:    n.Join,
			Consensus:       n.Consensus,
			MergeInterval:   n.Merge,
			ProbeTimeout:    n.ProbeTimeout,
			Hold:            n.Hold,
			Await:           await,
			FailToReceive:   n.FailToReceive,
			SeqnoUnchanged:  n.SeqnoUnchanged,
			Window:          n.WindowSize,
			MaxMessages:     n.MaxMessages,
			Accelerated:     n.Accelerated,
			MaxMembers:      n.MaxMembers,
		},
		Trace:  e.recorder.Ring,
		Failed: e.fail,
	}
}

var suites = map[config.Cipher]seal.Suite{
	config.CipherAuto:     seal.Plain, // the best one here
	config.CipherAESGCM:   seal.AES256GCM,
	config.CipherChaCha20: seal.ChaCha20Poly1305,
}

func keyBytes(keys []config.Key) [][]byte {
	out := make([][]byte, len(keys))
	for i := range keys {
		out[i] = keys[i].Bytes[:]
	}
	return out
}

// services makes the service manager and its services.
func (e *executive) services() (err error) {
	e.manager, err = service.New(service.Options{
		GMI:         e.gmi,
		Self:        e.driver.Self(),
		NodeName:    e.set.self.Name,
		Address:     e.set.self.Address.AsSlice(),
		BootTime:    e.boot.UnixNano(),
		ClusterName: e.set.net.ClusterName,
		After:       e.after,
		Now:         e.loop.Now,
		Logf:        e.logf,
		SyncTimeout: e.set.net.SyncTimeout,
		Overload:    e.tooSlow,
	})
	if err != nil {
		return err
	}
	e.clm = clm.New()
	e.evs = evs.New(evs.Options{Address: e.address, Visit: e.set.net.MaxMessages, MaxPayload: e.set.net.MaxMessageSize})
	e.evt = evt.New(evt.Options{})
	if err = e.checkpoints(); err != nil {
		return err
	}
	if err = e.availability(); err != nil {
		return err
	}
	e.ctl = ctl.New(ctl.Sources{
		Fill:    e.fill,
		Address: e.addressText,
		Trace:   e.recorder.AppendText,
		Wall:    time.Now,
		Ckpt:    e.reportCheckpoints,
	})
	for _, svc := range []service.Service{e.evs, e.clm, e.amf, e.ckpt, e.evt, e.ctl} {
		if err := e.manager.Register(svc); err != nil {
			return err
		}
	}
	return e.manager.Start()
}

// listen opens the socket of the library.
func (e *executive) listen() (err error) {
	access := ipc.Access{UIDs: e.set.access.UIDs, GIDs: e.set.access.GIDs}
	if a := e.set.account; a.haveGroup {
		access.GIDs = append(access.GIDs[:len(access.GIDs):len(access.GIDs)], uint32(a.gid))
	}
	if a := e.set.account; a.haveUser {
		access.UIDs = append(access.UIDs[:len(access.UIDs):len(access.UIDs)], uint32(a.uid))
	}
	if u := e.set.amf.user; u != nil && e.set.amf.keeper != nil {
		access.UIDs = append(access.UIDs[:len(access.UIDs):len(access.UIDs)], uint32(u.UID))
	}
	e.server, err = ipc.New(ipc.Config{
		Loop:           e.loop,
		Manager:        e.manager,
		Socket:         os.Getenv(ipcwire.SocketEnv),
		Access:         access,
		NodeID:         e.set.self.NodeID,
		MaxMessage:     uint32(e.set.net.MaxMessageSize),
		MaxConns:       e.set.net.IPCConnections,
		MaxConnsPerUID: e.set.net.IPCConnectionsUser,
		CallbackQueue:  e.set.net.IPCQueue,
		Logf:           e.logf,
	})
	return err
}

// enter starts the ring.
func (e *executive) enter() error {
	e.log.Info("aisexec", "version", version, "node", e.set.self.NodeID, "address", e.set.self.Address.String(),
		"name", e.set.self.Name, "start", e.driver.Self().Start, "transport", e.set.net.Transport.String(),
		"cipher", e.driver.Stats().Suite.String())
	return e.driver.Start(e.gmi, (*upper)(e))
}

// serve runs the session to its end. again tells that another one is to follow.
func (e *executive) serve() (again bool, err error) {
	defer e.lastWords()
	err = e.loop.Run()
	e.abandon()
	if err == nil {
		err = e.failed
	}
	return err == nil && e.overload != "", err
}

// lastWords writes the flight recorder when an assertion failed, and lets the
// failure go on.
func (e *executive) lastWords() {
	if r := recover(); r != nil {
		_, _ = os.Stderr.Write(e.recorder.AppendText(nil, 64<<10))
		panic(r)
	}
}

// stop leaves the ring, so that the others need not notice, and ends the session.
func (e *executive) stop(why string) {
	if e.stopping {
		return
	}
	e.stopping = true
	e.log.Info("leaving the ring", "reason", why)
	e.endComponents(func() {
		e.driver.Leave(func() {
			e.ckpt.SaveLast(func() {
				e.server.Stop()
				e.loop.Stop()
			})
		})
	})
}

// tooSlow is called by the manager when this node does not keep up.
func (e *executive) tooSlow(reason string) {
	if e.stopping {
		return
	}
	e.log.Error("this node is too slow for the ring", "reason", reason)
	e.overload = reason
	e.stop("overload")
}

// fail is called by the driver when it cannot go on.
func (e *executive) fail(err error) {
	e.failed = err
	e.loop.Stop()
}

// abandon closes whatever is open, without a word to the ring.
func (e *executive) abandon() {
	if e.server != nil {
		e.server.Stop()
	}
	if e.driver != nil {
		e.driver.Close()
	}
	if e.disk != nil {
		e.disk.Close()
		e.disk = nil
	}
	if e.loop != nil {
		e.detach()
		_ = e.loop.Close()
	}
}

func (e *executive) after(d int64, f func()) (cancel func()) {
	t := e.loop.At(e.loop.Now()+time.Duration(d), f)
	return func() { t.Stop() }
}

func (e *executive) logf(format string, args ...any) { e.log.Info(fmt.Sprintf(format, args...)) }

// upper is what the ring delivers to: group messaging, and the manager's turn
// after it.
type upper executive

func (u *upper) Deliver(d *srp.Delivery) {
	if d.Kind != srp.DeliverMessage {
		(*executive)(u).configuration(d)
	}
	u.gmi.Deliver(d)
}

func (u *upper) SafeUpTo(ring wire.RingID, seq uint64) { u.gmi.SafeUpTo(ring, seq) }

// Prompt has the clients told that something is there for them.
func (u *upper) Prompt() { u.server.Prompt() }

// Expects tells whether clients that were answered are about to ask again.
func (u *upper) Expects() bool { return u.server.Expects() }

func (u *upper) Flush() {
	u.gmi.Flush()
	u.manager.Work()
}

// configuration logs a configuration change.
func (e *executive) configuration(d *srp.Delivery) {
	clear(e.addresses) // they may have been learned anew
	c := &d.Config
	if d.Kind == srp.DeliverTransitional {
		if len(c.Left) > 0 {
			e.log.Info("members left", "left", e.names(c.Left), "cause", c.Cause.String())
		}
		return
	}
	e.log.Info("configuration", "ring", c.Ring.Seq, "members", e.names(c.Members), "joined", e.names(c.Joined), "cause", c.Cause.String())
}

func (e *executive) names(ms []wire.Member) string {
	var b []byte
	for i, m := range ms {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, e.addressText(m.ID)...)
	}
	return string(b)
}

// address is a node's address as bytes, nil when it is not known. It is asked for
// each message, so it is kept until the next configuration.
func (e *executive) address(id wire.NodeID) []byte {
	a, ok := e.addresses[id]
	if !ok {
		if ap, known := e.driver.Address(id); known {
			a = ap.Addr().AsSlice()
		}
		e.addresses[id] = a
	}
	return a
}

func (e *executive) addressText(id wire.NodeID) string {
	if ap, ok := e.driver.Address(id); ok {
		return ap.Addr().String()
	}
	return fmt.Sprint(uint32(id))
}
