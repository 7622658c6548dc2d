// Env as the manager implements it, and the header of a replicated service's
// messages.

package service

import (
	"encoding/binary"

	"ais/exec/gmi"
	"ais/exec/totem/wire"
)

// The messages of a Synchronizer start with their kind; those sent by SyncSend
// carry the ring they were sent for as well, so that what was queued before a
// configuration change and is delivered after it is known for what it is.
const (
	kindOrdinary = 0
	kindSync     = 1
	syncHeader   = 1 + ringSize
	ringSize     = 4 + 8
)

var ordinaryHeader = []byte{kindOrdinary}

func putRing(b []byte, r wire.RingID) {
	binary.LittleEndian.PutUint32(b, uint32(r.Rep))
	binary.LittleEndian.PutUint64(b[4:], r.Seq)
}

func getRing(b []byte) wire.RingID {
	return wire.RingID{
		Rep: wire.NodeID(binary.LittleEndian.Uint32(b)),
		Seq: binary.LittleEndian.Uint64(b[4:]),
	}
}

// class is the gmi class of what the service sends now.
func (e *entry) class() gmi.Class {
	switch {
	case e.syncer == nil:
		return gmi.Free
	case e.m.sync.sender == e:
		return gmi.Sync
	default:
		return gmi.Gated
	}
}

func (e *entry) overhead() int {
	if e.syncer == nil {
		return 0
	}
	return syncHeader
}

func (e *entry) maxMessage() int { return e.m.opt.GMI.MaxMessage() - e.overhead() }

func (e *entry) sendOK(prio gmi.Priority, size int) bool {
	return size >= 0 && e.m.opt.GMI.SendOKAs(e.class(), prio, size+e.overhead())
}

func (e *entry) multicast(prio gmi.Priority, g wire.Guarantee, parts [][]byte) (gmi.MessageID, error) {
	class := e.class()
	if e.syncer != nil {
		header := ordinaryHeader
		if class == gmi.Sync {
			header = e.header
			header[0] = kindSync
			putRing(header[1:], e.m.cfg.Ring)
		}
		e.scratch = append(append(e.scratch[:0], header), parts...)
		parts = e.scratch
	}
	id, err := e.m.opt.GMI.MulticastAs(class, e.svc.Name(), prio, g, parts...)
	clear(e.scratch)
	return id, err
}

// env is what a service sees of its entry.
type env struct{ e *entry }

func (v *env) Self() wire.Member   { return v.e.m.opt.Self }
func (v *env) NodeName() string    { return v.e.m.opt.NodeName }
func (v *env) Address() []byte     { return v.e.m.opt.Address }
func (v *env) BootTime() int64     { return v.e.m.opt.BootTime }
func (v *env) ClusterName() string { return v.e.m.opt.ClusterName }
func (v *env) MaxMessage() int     { return v.e.maxMessage() }

func (v *env) SendOK(prio gmi.Priority, size int) bool { return v.e.sendOK(prio, size) }

func (v *env) Queued(prio gmi.Priority) int { return v.e.m.opt.GMI.Queued(v.e.class(), prio) }

func (v *env) Payloads(prio gmi.Priority) int { return v.e.m.opt.GMI.Payloads(v.e.class(), prio) }

func (v *env) Waits(prio gmi.Priority, id gmi.MessageID) bool {
	return v.e.m.opt.GMI.Waits(v.e.class(), prio, id)
}

func (v *env) Multicast(prio gmi.Priority, g wire.Guarantee, parts ...[]byte) (gmi.MessageID, error) {
	return v.e.multicast(prio, g, parts)
}

func (v *env) After(d int64, f func()) (cancel func()) { return v.e.m.opt.After(d, f) }

func (v *env) Logf(format string, args ...any) {
	v.e.m.opt.Logf(v.e.svc.Name()+": "+format, args...)
}
