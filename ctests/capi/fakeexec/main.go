// Command fakeexec is an executive without a ring, for tests of the C boundary:
// real connections (exec/ipc) and services that do what the request says. It
// listens on AIS_SOCKET, prints "ready", and stops when its standard input ends.
//
// CLM has three members, numbers 1 to 3; 1 is local. Node numbers that are
// orders:
//
//	0xFD000000 + ms      answered after ms milliseconds
//	0xFD100000           never answered
//	0xFD200000 + n       n track callbacks, then answered
//	0xFD300000           the executive ends at once, with SIGKILL
//	0xFD400000           the connection is cut
//
// EVS delivers what is sent to the sender if it has joined. The first byte of
// a group's key that is an order: 'E' and a decimal number: that error.
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ais/exec/ipc"
	"ais/exec/loop"
	"ais/exec/service"
	"ais/libais/ipcwire"
)

type fake struct {
	loop *loop.Loop
	buf  []byte
}

// client is the state of a connection.
type client struct {
	service ipcwire.Service
	track   uint8
	joined  map[ipcwire.EvsGroup]bool
}

func main() {
	l, err := loop.New()
	if err != nil {
		fatal(err)
	}
	f := &fake{loop: l}
	srv, err := ipc.New(ipc.Config{Loop: l, Manager: f, Socket: os.Getenv(ipcwire.SocketEnv), NodeID: 1, MaxMessage: 1 << 20})
	if err != nil {
		fatal(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		l.Stop()
	}()
	fmt.Println("ready")
	if err := l.Run(); err != nil {
		fatal(err)
	}
	srv.Stop()
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "fakeexec:", err)
	os.Exit(1)
}

func (f *fake) Init(c service.Conn, svc ipcwire.Service, _ ipcwire.Generation, _ []byte) ipcwire.Error {
	c.SetState(&client{service: svc, joined: map[ipcwire.EvsGroup]bool{}})
	return ipcwire.OK
}

func (f *fake) Exit(service.Conn) {}

func (f *fake) Request(c service.Conn, seq uint32, op ipcwire.Op, body []byte) {
	cl := c.State().(*client)
	if cl.service == ipcwire.CLM {
		f.clm(c, cl, seq, op, body)
	} else {
		f.evs(c, cl, seq, op, body)
	}
}

func node(id uint32) ipcwire.ClmNodeInfo {
	return ipcwire.ClmNodeInfo{
		NodeID: id, Family: 1, Address: []byte{127, 0, 0, byte(id)}, Name: fmt.Appendf(nil, "node-%d", id),
		ClusterName: []byte("fake"), Member: true, Boot: 1_000_000_000 * int64(id), InitialView: uint64(10 + id),
	}
}

func view() *ipcwire.ClmView {
	v := &ipcwire.ClmView{View: 42, Members: 3}
	for id := uint32(1); id <= 3; id++ {
		v.Items = append(v.Items, ipcwire.ClmChange{Node: node(id), Change: 1})
	}
	return v
}

func (f *fake) clm(c service.Conn, cl *client, seq uint32, op ipcwire.Op, body []byte) {
	switch op {
	case ipcwire.ClmTrack:
		var q ipcwire.ClmTrackReq
		if !ipcwire.DecodeClmTrackReq(body, &q) {
			c.Respond(seq, ipcwire.ErrInvalidParam, nil)
			return
		}
		cl.track |= q.Flags &^ 1
		var answer []byte
		if q.Flags&1 != 0 && q.Buffer {
			answer = ipcwire.AppendClmView(nil, view())
		} else if q.Flags&1 != 0 {
			c.Notify(ipcwire.ClmTrackCallback, ipcwire.AppendClmView(nil, view()))
		}
		c.Respond(seq, ipcwire.OK, answer)
	case ipcwire.ClmTrackStop:
		err := ipcwire.OK
		if cl.track == 0 {
			err = ipcwire.ErrNotExist
		}
		cl.track = 0
		c.Respond(seq, err, nil)
	case ipcwire.ClmNodeGet, ipcwire.ClmNodeGetAsync:
		var q ipcwire.ClmNodeGetReq
		if !ipcwire.DecodeClmNodeGetReq(body, &q) {
			c.Respond(seq, ipcwire.ErrInvalidParam, nil)
			return
		}
		f.nodeGet(c, seq, op == ipcwire.ClmNodeGetAsync, q)
	default:
		c.Respond(seq, ipcwire.ErrNotSupported, nil)
	}
}

func (f *fake) nodeGet(c service.Conn, seq uint32, async bool, q ipcwire.ClmNodeGetReq) {
	n := q.NodeID & 0xFFFFF
	answer := func() {
		err, info := ipcwire.OK, node(1)
		if id := q.NodeID; id >= 1 && id <= 3 {
			info = node(id)
		} else if id != 0xFFFFFFFF && id>>24 != 0xFD {
			err = ipcwire.ErrNotExist
		}
		if async {
			c.Notify(ipcwire.ClmNodeGetCallback, ipcwire.AppendClmNodeGetResult(nil,
				&ipcwire.ClmNodeGetResult{Invocation: q.Invocation, Error: err, Node: info}))
			c.Respond(seq, ipcwire.OK, nil)
			return
		}
		c.Respond(seq, err, ipcwire.AppendClmNodeInfo(nil, &info))
	}
	switch q.NodeID >> 20 {
	case 0xFD0:
		f.loop.At(f.loop.Now()+time.Duration(n)*time.Millisecond, answer)
	case 0xFD1:
	case 0xFD2:
		body := ipcwire.AppendClmView(nil, view())
		for range n {
			c.Notify(ipcwire.ClmTrackCallback, body)
		}
		answer()
	case 0xFD3:
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	case 0xFD4:
		c.Disconnect("as ordered")
	default:
		answer()
	}
}

// ordered is the error that a group's name orders, else OK.
func ordered(groups []ipcwire.EvsGroup) ipcwire.Error {
	for _, g := range groups {
		if g[0] == 'E' {
			if n, err := strconv.Atoi(strings.TrimRight(string(g[1:]), "\x00")); err == nil {
				return ipcwire.Error(n)
			}
		}
	}
	return ipcwire.OK
}

func member(id uint32) ipcwire.EvsNode {
	return ipcwire.EvsNode{NodeID: id, Address: []byte{127, 0, 0, byte(id)}}
}

func (f *fake) evs(c service.Conn, cl *client, seq uint32, op ipcwire.Op, body []byte) {
	switch op {
	case ipcwire.EvsJoin, ipcwire.EvsLeave:
		var q ipcwire.EvsGroups
		if !ipcwire.DecodeEvsGroups(body, &q) {
			c.Respond(seq, ipcwire.ErrInvalidParam, nil)
			return
		}
		if err := ordered(q.Groups); err != ipcwire.OK {
			c.Respond(seq, err, nil)
			return
		}
		first := len(cl.joined) == 0
		for _, g := range q.Groups {
			if op == ipcwire.EvsJoin {
				cl.joined[g] = true
			} else {
				delete(cl.joined, g)
			}
		}
		c.Respond(seq, ipcwire.OK, nil)
		if first && op == ipcwire.EvsJoin {
			all := []ipcwire.EvsNode{member(1), member(2), {NodeID: 3, Address: make([]byte, 16)}}
			c.Notify(ipcwire.EvsConfchg, ipcwire.AppendEvsConfiguration(nil,
				&ipcwire.EvsConfiguration{Members: all, Left: []ipcwire.EvsNode{member(9)}, Joined: all[1:]}))
		}
	case ipcwire.EvsMcastJoined, ipcwire.EvsMcastGroups:
		f.mcast(c, cl, seq, op, body)
	case ipcwire.EvsMembershipGet:
		m := ipcwire.EvsMembership{Local: 1, Members: []ipcwire.EvsNode{member(1), member(2), member(3)}}
		c.Respond(seq, ipcwire.OK, ipcwire.AppendEvsMembership(nil, &m))
	default:
		c.Respond(seq, ipcwire.ErrNotSupported, nil)
	}
}

func (f *fake) mcast(c service.Conn, cl *client, seq uint32, op ipcwire.Op, body []byte) {
	var q ipcwire.EvsMcast
	if !ipcwire.DecodeEvsMcast(body, &q) || len(q.Payload) > 1<<20 {
		c.Respond(seq, ipcwire.ErrInvalidParam, nil)
		return
	}
	if err := ordered(q.Groups); err != ipcwire.OK {
		c.Respond(seq, err, nil)
		return
	}
	mine := op == ipcwire.EvsMcastJoined && len(cl.joined) > 0
	for _, g := range q.Groups {
		mine = mine || cl.joined[g]
	}
	if mine {
		f.buf = ipcwire.AppendEvsDelivery(f.buf[:0], &ipcwire.EvsDelivery{NodeID: 1, Address: []byte{127, 0, 0, 1}, Payload: q.Payload})
		if !c.Notify(ipcwire.EvsDeliver, f.buf) {
			c.Respond(seq, ipcwire.ErrTryAgain, nil)
			return
		}
	}
	c.Respond(seq, ipcwire.OK, nil)
}
