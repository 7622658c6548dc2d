package main

// This file takes callbacks and puts what they carry into the front's memory.

// #include "aisrt.h"
import "C"

import (
	"unsafe"

	"ais/libais"
	"ais/libais/ckpt"
	"ais/libais/ipcwire"
)

// next takes the next pending callback, or the one that waited for room.
func (cn *conn) next(c *C.struct_aisrt_call) C.int {
	c.kind = C.AISRT_NONE
	if cn.evt != nil && cn.evtDue(c) {
		return done(c, ipcwire.OK)
	}
	if !cn.isTaken {
		mode := libais.One
		if c.flags != 0 {
			mode = libais.All
		}
		cb, ok, err := cn.c.NextCallback(mode)
		if err != ipcwire.OK {
			return done(c, err)
		}
		if !ok {
			wait(c, cn.c.CallbackWait())
			return done(c, ipcwire.OK)
		}
		cn.taken, cn.isTaken = cb, true
	}
	r := cn.put(c)
	if r == C.AISRT_DONE {
		cn.taken, cn.isTaken = libais.Callback{}, false
	}
	return r
}

// frame decodes a callback that the front has read by itself.
func (cn *conn) frame(c *C.struct_aisrt_call) C.int {
	cn.taken = libais.Callback{Op: ipcwire.Op(c.handle)}
	if c.data_size > 0 {
		cn.taken.Body = unsafe.Slice((*byte)(c.data), int(c.data_size))
	}
	r := cn.put(c)
	cn.taken = libais.Callback{}
	return r
}

func (cn *conn) put(c *C.struct_aisrt_call) C.int {
	body := cn.taken.Body
	if cn.evt != nil {
		return cn.evtPut(c)
	}
	if cn.amf != nil {
		return cn.amfPut(c)
	}
	switch cn.taken.Op {
	case ipcwire.ClmTrackCallback:
		if !ipcwire.DecodeClmView(body, &cn.cbView) {
			return cn.broken(c)
		}
		c.kind, c.result = C.AISRT_CLM_TRACKED, C.uint32_t(ipcwire.OK)
		return putView(c, &cn.cbView)
	case ipcwire.ClmNodeGetCallback:
		if !ipcwire.DecodeClmNodeGetResult(body, &cn.cbNode) {
			return cn.broken(c)
		}
		if !room(c, 1, unsafe.Sizeof(C.struct_aisrt_node{})) {
			return C.AISRT_ROOM
		}
		c.kind, c.result, c.items = C.AISRT_CLM_NODE, C.uint32_t(cn.cbNode.Error), 1
		c.invocation = C.uint64_t(cn.cbNode.Invocation)
		putNode((*C.struct_aisrt_node)(c.out), &cn.cbNode.Node, 0)
	case ipcwire.EvsDeliver:
		if !ipcwire.DecodeEvsDelivery(body, &cn.deliver) {
			return cn.broken(c)
		}
		if !room(c, len(cn.deliver.Payload), 1) {
			return C.AISRT_ROOM
		}
		c.kind, c.items = C.AISRT_EVS_DELIVERED, C.uint32_t(len(cn.deliver.Payload))
		putMember(&c.sender, cn.deliver.NodeID, cn.deliver.Address)
		copy(unsafe.Slice((*byte)(c.out), len(cn.deliver.Payload)), cn.deliver.Payload)
	case ipcwire.EvsConfchg:
		k := &cn.config
		if !ipcwire.DecodeEvsConfiguration(body, k) {
			return cn.broken(c)
		}
		n := len(k.Members) + len(k.Left) + len(k.Joined)
		if !room(c, n, unsafe.Sizeof(C.struct_aisrt_member{})) {
			return C.AISRT_ROOM
		}
		c.kind, c.items = C.AISRT_EVS_CONFCHG, C.uint32_t(n)
		c.members, c.left, c.joined = C.uint32_t(len(k.Members)), C.uint32_t(len(k.Left)), C.uint32_t(len(k.Joined))
		putMembers(c, 0, k.Members)
		putMembers(c, len(k.Members), k.Left)
		putMembers(c, len(k.Members)+len(k.Left), k.Joined)
	case ipcwire.CkptOpenCallback:
		if !ckpt.OpenResult(cn.taken, &cn.opened) {
			return cn.broken(c)
		}
		c.kind, c.result = C.AISRT_CKPT_OPENED, C.uint32_t(cn.opened.Error)
		c.invocation, c.handle = C.uint64_t(cn.opened.Invocation), C.uint32_t(cn.opened.Opened.Handle)
		putAttributes(c, &cn.opened.Opened.Attributes)
	case ipcwire.CkptSynchronizeCallback:
		if !ckpt.SynchronizeResult(cn.taken, &cn.synced) {
			return cn.broken(c)
		}
		c.kind, c.result = C.AISRT_CKPT_SYNCHRONIZED, C.uint32_t(cn.synced.Error)
		c.invocation, c.handle = C.uint64_t(cn.synced.Invocation), C.uint32_t(cn.synced.Handle)
	default:
		return cn.broken(c)
	}
	return done(c, ipcwire.OK)
}

// putView writes a cluster view.
func putView(c *C.struct_aisrt_call, v *ipcwire.ClmView) C.int {
	if !room(c, len(v.Items), unsafe.Sizeof(C.struct_aisrt_node{})) {
		return C.AISRT_ROOM
	}
	nodes := unsafe.Slice((*C.struct_aisrt_node)(c.out), len(v.Items))
	for i := range v.Items {
		putNode(&nodes[i], &v.Items[i].Node, v.Items[i].Change)
	}
	c.items, c.members, c.view = C.uint32_t(len(v.Items)), C.uint32_t(v.Members), C.uint64_t(v.View)
	return done(c, ipcwire.OK)
}

func putNode(to *C.struct_aisrt_node, n *ipcwire.ClmNodeInfo, change uint8) {
	*to = C.struct_aisrt_node{
		boot: C.int64_t(n.Boot), initial_view: C.uint64_t(n.InitialView), id: C.uint32_t(n.NodeID),
		change: C.uint32_t(change), family: C.uint32_t(n.Family),
	}
	if n.Member {
		to.member = 1
	}
	to.address_length = C.uint16_t(copyBytes(&to.address[0], len(to.address), n.Address))
	to.name_length = C.uint16_t(copyBytes(&to.name[0], len(to.name), n.Name))
	to.cluster_length = C.uint16_t(copyBytes(&to.cluster[0], len(to.cluster), n.ClusterName))
}

func copyBytes(to *C.uint8_t, room int, from []byte) int {
	return copy(unsafe.Slice((*byte)(unsafe.Pointer(to)), room), from)
}

// putMembers writes list at position at of the front's array of members.
func putMembers(c *C.struct_aisrt_call, at int, list []ipcwire.EvsNode) {
	if len(list) == 0 {
		return
	}
	to := unsafe.Slice((*C.struct_aisrt_member)(c.out), at+len(list))[at:]
	for i := range list {
		putMember(&to[i], list[i].NodeID, list[i].Address)
	}
}

func putMember(to *C.struct_aisrt_member, id uint32, address []byte) {
	*to = C.struct_aisrt_member{id: C.uint32_t(id)}
	to.address_length = C.uint32_t(copyBytes(&to.address[0], len(to.address), address))
}
