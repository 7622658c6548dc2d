package ipc

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"ais/exec/loop"
	"ais/exec/service"
	"ais/libais"
	"ais/libais/ipcwire"
	"ais/libais/wait"
)

// Operations of the service the tests talk to.
const (
	opEcho       ipcwire.Op = iota + 1 // answers with the body
	opSum                              // answers with length and checksum
	opHold                             // is answered by the next opRelease
	opRelease                          // answers what is held, then itself
	opNotify                           // {count, size}: queues callbacks, answers how many were taken
	opNotifyAll                        // body: to every connection
	opDisconnect                       // ends the connection without an answer
	opBig                              // {size}: answers with so many bytes
	opPending                          // answers Pending
	opTwice                            // answers twice
	opSlow                             // {microseconds}: answers after so much work
)

const opCallback ipcwire.Op = 0x181

// fake is a Manager with one service. It lives on the loop's goroutine; the
// counters may be read from anywhere.
type fake struct {
	inits, exits, requests atomic.Int64
	doubleExit             atomic.Int64
	live                   map[uint64]service.Conn
	held                   []held
	initErr                ipcwire.Error
	onExit                 func(service.Conn)
	scratch                []byte
	sum                    [8]byte
}

type held struct {
	c   service.Conn
	seq uint32
}

func (f *fake) Init(c service.Conn, svc ipcwire.Service, gen ipcwire.Generation, body []byte) ipcwire.Error {
	if f.initErr != 0 {
		return f.initErr
	}
	if string(body) == "disconnect" {
		c.Disconnect("asked for in the hello")
	}
	if string(body) == "first" {
		c.Notify(opCallback, []byte("first"))
	}
	f.inits.Add(1)
	if f.live == nil {
		f.live = map[uint64]service.Conn{}
	}
	f.live[c.ID()] = c
	c.SetState(svc)
	return ipcwire.OK
}

func (f *fake) Exit(c service.Conn) {
	if f.live[c.ID()] == nil {
		f.doubleExit.Add(1)
	}
	delete(f.live, c.ID())
	f.exits.Add(1)
	c.Respond(1, ipcwire.OK, nil) // must be harmless
	c.Notify(opCallback, nil)
	c.Disconnect("again")
	if f.onExit != nil {
		f.onExit(c)
	}
}

func (f *fake) Request(c service.Conn, seq uint32, op ipcwire.Op, body []byte) {
	f.requests.Add(1)
	if need := map[ipcwire.Op]int{opNotify: 8, opBig: 4, opSlow: 4}[op]; len(body) < need {
		c.Respond(seq, ipcwire.ErrInvalidParam, nil)
		return
	}
	switch op {
	case opEcho:
		c.Respond(seq, ipcwire.OK, body)
	case opSum:
		binary.LittleEndian.PutUint32(f.sum[:], uint32(len(body)))
		binary.LittleEndian.PutUint32(f.sum[4:], crc32.ChecksumIEEE(body))
		c.Respond(seq, ipcwire.OK, f.sum[:])
	case opHold:
		f.held = append(f.held, held{c, seq})
	case opRelease:
		for _, h := range f.held {
			h.c.Respond(h.seq, ipcwire.ErrNotExist, []byte("late"))
		}
		f.held = nil
		c.Respond(seq, ipcwire.OK, nil)
	case opNotify:
		n := 0
		size := int(min(binary.LittleEndian.Uint32(body[4:]), ipcwire.MaxFrame)) // fuzzed, too
		size = max(size, 4)
		for ; n < int(binary.LittleEndian.Uint32(body)); n++ {
			f.scratch = append(f.scratch[:0], make([]byte, size)...)
			binary.LittleEndian.PutUint32(f.scratch, uint32(n))
			if !c.Notify(opCallback, f.scratch) {
				break
			}
		}
		c.Respond(seq, ipcwire.OK, binary.LittleEndian.AppendUint32(nil, uint32(n)))
	case opNotifyAll:
		for _, o := range f.live {
			o.(service.PayloadNotifier).NotifyPayload(opCallback, body[:len(body)/2], body[len(body)/2:])
		}
		c.Respond(seq, ipcwire.OK, nil)
	case opDisconnect:
		c.Disconnect("asked for")
	case opBig:
		c.Respond(seq, ipcwire.OK, make([]byte, min(binary.LittleEndian.Uint32(body), 2*ipcwire.MaxFrame)))
	case opPending:
		c.Respond(seq, ipcwire.OK, binary.LittleEndian.AppendUint32(nil, uint32(c.Pending())))
	case opTwice:
		c.Respond(seq, ipcwire.OK, nil)
		c.Respond(seq, ipcwire.ErrBusy, nil)
	case opSlow:
		for end := time.Now().Add(time.Duration(min(binary.LittleEndian.Uint32(body), 1000)) * time.Microsecond); time.Now().Before(end); {
		}
		c.Respond(seq, ipcwire.OK, nil)
	default:
		c.Respond(seq, ipcwire.ErrNotSupported, nil)
	}
}

// rig is a running server.
type rig struct {
	t      testing.TB
	socket string
	l      *loop.Loop
	s      *Server
	f      *fake
	done   chan error
}

func sockName(t testing.TB) string {
	return fmt.Sprintf("@ais-test-%d-%x", os.Getpid(), time.Now().UnixNano())
}

func newRig(t testing.TB, tweak func(*Config, *fake)) *rig {
	t.Helper()
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, socket: sockName(t), l: l, f: &fake{}, done: make(chan error, 1)}
	cfg := Config{Loop: l, Manager: r.f, Socket: r.socket, NodeID: 7, MaxMessage: 1 << 20}
	if tweak != nil {
		tweak(&cfg, r.f)
	}
	r.socket = cfg.Socket
	if r.s, err = New(cfg); err != nil {
		l.Close()
		t.Fatal(err)
	}
	go func() { r.done <- l.Run() }()
	t.Cleanup(r.stop)
	return r
}

// on runs f on the loop's goroutine and waits for it.
func (r *rig) on(f func()) {
	ch := make(chan struct{})
	r.l.Post(func() { f(); close(ch) })
	<-ch
}

func (r *rig) stats() (st Stats) {
	r.on(func() { st = r.s.Stats() })
	return st
}

func (r *rig) stop() {
	if r.l == nil {
		return
	}
	r.on(r.s.Stop)
	r.l.Stop()
	if err := <-r.done; err != nil {
		r.t.Error(err)
	}
	st := r.s.Stats()
	if st.Connections != 0 || st.InputMemory != 0 || st.OutputMemory != 0 {
		r.t.Errorf("after the stop: %d connections, %d and %d bytes", st.Connections, st.InputMemory, st.OutputMemory)
	}
	if i, e := r.f.inits.Load(), r.f.exits.Load(); i != e || r.f.doubleExit.Load() != 0 {
		r.t.Errorf("%d inits, %d exits, %d of them unknown", i, e, r.f.doubleExit.Load())
	}
	r.l.Close()
	r.l = nil
}

func (r *rig) options(hello string) libais.Options {
	return libais.Options{Socket: r.socket, Service: ipcwire.CLM, Generation: ipcwire.GenB, Hello: []byte(hello)}
}

const patience = 10 * time.Second

func (r *rig) dial() *libais.Conn {
	r.t.Helper()
	c, err := wait.Dial(r.options(""), patience)
	if err != ipcwire.OK {
		r.t.Fatalf("dial: %v", err)
	}
	r.t.Cleanup(c.Close)
	return c
}

// call makes a request that must succeed.
func call(t testing.TB, c *libais.Conn, op ipcwire.Op, body []byte, payload ...[]byte) []byte {
	t.Helper()
	err, answer := wait.Call(c, patience, op, body, payload...)
	if err != ipcwire.OK {
		t.Fatalf("operation %d: %v", op, err)
	}
	return answer
}

func u32s(v ...uint32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return b
}

// eventually polls f until it is true.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func tempPath(t testing.TB) string { return filepath.Join(t.TempDir(), "s") }
