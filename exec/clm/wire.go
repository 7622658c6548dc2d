// The message in which a member describes itself, and the translation of nodes
// and views into the library protocol. Every length is checked.
//
//	version  uint8   1
//	boot     uint64
//	initial  uint64
//	address  length uint8 (4 or 16), bytes
//	name     length uint16 (at most 256), bytes
//	cluster  length uint16 (at most 256), bytes

package clm

import (
	"bytes"
	"encoding/binary"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

const nodeVersion = 1

func appendNode(b []byte, n *node) []byte {
	b = append(b, nodeVersion)
	b = binary.LittleEndian.AppendUint64(b, uint64(n.boot))
	b = binary.LittleEndian.AppendUint64(b, n.initial)
	b = append(b, byte(len(n.address)))
	b = append(b, n.address...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(n.name)))
	b = append(b, n.name...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(n.cluster)))
	return append(b, n.cluster...)
}

// decodeNode reads what member says of itself. The result shares no memory with b.
func decodeNode(b []byte, member wire.Member) (n node, ok bool) {
	n.member = member
	if len(b) < 1+8+8+1 || b[0] != nodeVersion {
		return node{}, false
	}
	n.boot = int64(binary.LittleEndian.Uint64(b[1:]))
	n.initial = binary.LittleEndian.Uint64(b[9:])
	size := int(b[17])
	b = b[18:]
	if size != 4 && size != 16 || len(b) < size {
		return node{}, false
	}
	n.address, b = bytes.Clone(b[:size]), b[size:]
	if n.name, b, ok = decodeName(b); !ok {
		return node{}, false
	}
	if n.cluster, b, ok = decodeName(b); !ok || len(b) != 0 {
		return node{}, false
	}
	return n, true
}

func decodeName(b []byte) (name, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	size := int(binary.LittleEndian.Uint16(b))
	b = b[2:]
	if size > maxName || len(b) < size {
		return nil, nil, false
	}
	return bytes.Clone(b[:size]), b[size:], true
}

// Address families (SaClmNodeAddressFamilyT).
const (
	familyIPv4 = 1
	familyIPv6 = 2
)

// nodeInfo is a node as the library protocol has it.
func nodeInfo(n *node, member bool) ipcwire.ClmNodeInfo {
	family := uint8(familyIPv4)
	if len(n.address) == 16 {
		family = familyIPv6
	}
	return ipcwire.ClmNodeInfo{
		NodeID: uint32(n.member.ID), Family: family, Address: n.address, Name: n.name, ClusterName: n.cluster,
		Member: member, Boot: n.boot, InitialView: n.initial,
	}
}

// appendView appends a view with the changes that led to it; only: without the
// nodes that did not change.
func appendView(b []byte, v *view, list []change, only bool) []byte {
	w := ipcwire.ClmView{View: v.number, Members: uint32(len(v.nodes))}
	for _, c := range list {
		if !only || c.change != noChange {
			w.Items = append(w.Items, ipcwire.ClmChange{Node: nodeInfo(c.node, c.change != left), Change: c.change})
		}
	}
	return ipcwire.AppendClmView(b, &w)
}
