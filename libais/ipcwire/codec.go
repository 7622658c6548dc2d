package ipcwire

// This file encodes and decodes the bodies of bodies.go.
//
// Append writes a body behind dst and returns the longer slice. Decode reads a
// whole body into the value it is given and is false when a length does not fit,
// a byte is left over, or a flag is neither 0 nor 1; the value is then undefined.
// Decoded byte slices alias src. Decoded lists reuse the capacity that the value
// already has, so a caller that keeps the value allocates nothing in steady
// state; a list's count is checked against the bytes that are there before
// anything is allocated for it. Every body has exactly one encoding.
//
// Bounds of bodies.go that a caller of Append breaks are cut to the bound (names
// to MaxName, lists to MaxNodes, an address that has neither 4 nor 16 bytes to
// none), so that what was appended can always be decoded.

// MaxName is the longest node or cluster name.
const MaxName = 256

// MaxNodes is the longest list of nodes in a body.
const MaxNodes = 4096

func appendU16(dst []byte, v uint16) []byte { return append(dst, byte(v), byte(v>>8)) }

func appendU32(dst []byte, v uint32) []byte {
	return append(dst, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

func appendU64(dst []byte, v uint64) []byte {
	return appendU32(appendU32(dst, uint32(v)), uint32(v>>32))
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendName(dst, name []byte) []byte {
	name = name[:min(len(name), MaxName)]
	return append(appendU16(dst, uint16(len(name))), name...)
}

func appendAddress(dst, addr []byte) []byte {
	if len(addr) != 4 && len(addr) != 16 {
		addr = nil
	}
	return append(append(dst, byte(len(addr))), addr...)
}

// reader walks over a body. After the first read beyond the end, bad is set and
// every further read yields zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.b, r.bad = nil, true
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) u8() uint8 {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if p := r.take(2); p != nil {
		return uint16(p[0]) | uint16(p[1])<<8
	}
	return 0
}

func (r *reader) u32() uint32 {
	if p := r.take(4); p != nil {
		return uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24
	}
	return 0
}

func (r *reader) u64() uint64 {
	lo := r.u32()
	return uint64(lo) | uint64(r.u32())<<32
}

func (r *reader) bool() bool {
	v := r.u8()
	if v > 1 {
		r.bad = true
	}
	return v == 1
}

func (r *reader) name() []byte {
	n := int(r.u16())
	if n > MaxName {
		r.bad = true
		return nil
	}
	return r.take(n)
}

func (r *reader) address() []byte {
	n := int(r.u8())
	if n != 0 && n != 4 && n != 16 {
		r.bad = true
		return nil
	}
	return r.take(n)
}

// count reads the length of a list whose items take at least itemSize bytes.
func (r *reader) count(itemSize, limit int) int {
	n := r.u32()
	if r.bad || uint64(n) > uint64(limit) || uint64(n)*uint64(itemSize) > uint64(len(r.b)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) rest() []byte { return r.take(len(r.b)) }

func (r *reader) end() bool { return !r.bad && len(r.b) == 0 }

// resize gives a list of n items, in the old one's memory when it is enough.
func resize[T any](old []T, n int) []T {
	if cap(old) >= n {
		return old[:n]
	}
	return make([]T, n)
}

const (
	clmNodeMin   = 4 + 1 + 1 + 1 + 2 + 2 + 8 + 8
	clmChangeMin = clmNodeMin + 1
	evsNodeMin   = 4 + 1
	evsGroupSize = len(EvsGroup{})
)

// AppendClmNodeInfo appends one node, the answer to ClmNodeGet.
func AppendClmNodeInfo(dst []byte, n *ClmNodeInfo) []byte {
	dst = appendU32(dst, n.NodeID)
	dst = append(dst, n.Family)
	dst = appendBool(dst, n.Member)
	dst = appendAddress(dst, n.Address)
	dst = appendName(dst, n.Name)
	dst = appendName(dst, n.ClusterName)
	dst = appendU64(dst, uint64(n.Boot))
	return appendU64(dst, n.InitialView)
}

func (r *reader) clmNode(n *ClmNodeInfo) {
	n.NodeID = r.u32()
	n.Family = r.u8()
	n.Member = r.bool()
	n.Address = r.address()
	n.Name = r.name()
	n.ClusterName = r.name()
	n.Boot = int64(r.u64())
	n.InitialView = r.u64()
}

// DecodeClmNodeInfo reads one node.
func DecodeClmNodeInfo(src []byte, n *ClmNodeInfo) bool {
	r := reader{b: src}
	r.clmNode(n)
	return r.end()
}

// AppendClmView appends a cluster view.
func AppendClmView(dst []byte, v *ClmView) []byte {
	items := v.Items[:min(len(v.Items), MaxNodes)]
	dst = appendU64(dst, v.View)
	dst = appendU32(dst, v.Members)
	dst = appendU32(dst, uint32(len(items)))
	for i := range items {
		dst = append(dst, items[i].Change)
		dst = AppendClmNodeInfo(dst, &items[i].Node)
	}
	return dst
}

// DecodeClmView reads a cluster view.
func DecodeClmView(src []byte, v *ClmView) bool {
	r := reader{b: src}
	v.View = r.u64()
	v.Members = r.u32()
	v.Items = resize(v.Items, r.count(clmChangeMin, MaxNodes))
	for i := range v.Items {
		v.Items[i].Change = r.u8()
		r.clmNode(&v.Items[i].Node)
		if r.bad {
			return false
		}
	}
	return r.end()
}

// AppendClmTrackReq appends a request for tracking.
func AppendClmTrackReq(dst []byte, q *ClmTrackReq) []byte {
	return appendBool(append(dst, q.Flags), q.Buffer)
}

// DecodeClmTrackReq reads a request for tracking.
func DecodeClmTrackReq(src []byte, q *ClmTrackReq) bool {
	r := reader{b: src}
	*q = ClmTrackReq{Flags: r.u8(), Buffer: r.bool()}
	return r.end()
}

// AppendClmNodeGetReq appends a request for a node.
func AppendClmNodeGetReq(dst []byte, q *ClmNodeGetReq) []byte {
	dst = appendU32(dst, q.NodeID)
	dst = appendU64(dst, q.Invocation)
	return appendU64(dst, uint64(q.Timeout))
}

// DecodeClmNodeGetReq reads a request for a node.
func DecodeClmNodeGetReq(src []byte, q *ClmNodeGetReq) bool {
	r := reader{b: src}
	*q = ClmNodeGetReq{NodeID: r.u32(), Invocation: r.u64(), Timeout: int64(r.u64())}
	return r.end()
}

// AppendClmNodeGetResult appends the late answer to an asynchronous request.
func AppendClmNodeGetResult(dst []byte, a *ClmNodeGetResult) []byte {
	dst = appendU64(dst, a.Invocation)
	dst = appendU32(dst, uint32(a.Error))
	return AppendClmNodeInfo(dst, &a.Node)
}

// DecodeClmNodeGetResult reads the late answer to an asynchronous request.
func DecodeClmNodeGetResult(src []byte, a *ClmNodeGetResult) bool {
	r := reader{b: src}
	a.Invocation = r.u64()
	a.Error = Error(r.u32())
	r.clmNode(&a.Node)
	return r.end()
}

func appendGroups(dst []byte, groups []EvsGroup) []byte {
	dst = appendU32(dst, uint32(len(groups)))
	for i := range groups {
		dst = append(dst, groups[i][:]...)
	}
	return dst
}

func (r *reader) groups(old []EvsGroup) []EvsGroup {
	list := resize(old, r.count(evsGroupSize, MaxFrame/evsGroupSize))
	for i := range list {
		copy(list[i][:], r.take(evsGroupSize))
	}
	return list
}

// AppendEvsGroups appends the groups of join and leave.
func AppendEvsGroups(dst []byte, q *EvsGroups) []byte { return appendGroups(dst, q.Groups) }

// DecodeEvsGroups reads the groups of join and leave.
func DecodeEvsGroups(src []byte, q *EvsGroups) bool {
	r := reader{b: src}
	q.Groups = r.groups(q.Groups)
	return r.end()
}

// AppendEvsMcastHead appends all of a multicast but its payload, which follows
// to the end of the body: whoever writes in parts need not copy it.
func AppendEvsMcastHead(dst []byte, q *EvsMcast) []byte {
	return appendGroups(append(dst, q.Guarantee, q.Priority), q.Groups)
}

// AppendEvsMcast appends a multicast.
func AppendEvsMcast(dst []byte, q *EvsMcast) []byte {
	return append(AppendEvsMcastHead(dst, q), q.Payload...)
}

// EvsMcastHeadSize is the length of AppendEvsMcastHead for so many groups.
func EvsMcastHeadSize(groups int) int { return 2 + 4 + groups*evsGroupSize }

// DecodeEvsMcast reads a multicast.
func DecodeEvsMcast(src []byte, q *EvsMcast) bool {
	r := reader{b: src}
	q.Guarantee = r.u8()
	q.Priority = r.u8()
	q.Groups = r.groups(q.Groups)
	q.Payload = r.rest()
	return r.end()
}

// AppendEvsDeliveryHead appends all of a delivery but its payload, which follows
// to the end of the body.
func AppendEvsDeliveryHead(dst []byte, d *EvsDelivery) []byte {
	return appendAddress(appendU32(dst, d.NodeID), d.Address)
}

// AppendEvsDelivery appends a delivery.
func AppendEvsDelivery(dst []byte, d *EvsDelivery) []byte {
	return append(AppendEvsDeliveryHead(dst, d), d.Payload...)
}

// DecodeEvsDelivery reads a delivery.
func DecodeEvsDelivery(src []byte, d *EvsDelivery) bool {
	r := reader{b: src}
	*d = EvsDelivery{NodeID: r.u32(), Address: r.address(), Payload: r.rest()}
	return r.end()
}

func appendNodes(dst []byte, nodes []EvsNode) []byte {
	nodes = nodes[:min(len(nodes), MaxNodes)]
	dst = appendU32(dst, uint32(len(nodes)))
	for i := range nodes {
		dst = appendAddress(appendU32(dst, nodes[i].NodeID), nodes[i].Address)
	}
	return dst
}

func (r *reader) nodes(old []EvsNode) []EvsNode {
	list := resize(old, r.count(evsNodeMin, MaxNodes))
	for i := range list {
		list[i] = EvsNode{NodeID: r.u32(), Address: r.address()}
		if r.bad {
			break
		}
	}
	return list
}

// AppendEvsConfiguration appends a configuration change.
func AppendEvsConfiguration(dst []byte, c *EvsConfiguration) []byte {
	dst = appendBool(dst, c.Transitional)
	dst = appendNodes(dst, c.Members)
	dst = appendNodes(dst, c.Left)
	return appendNodes(dst, c.Joined)
}

// DecodeEvsConfiguration reads a configuration change.
func DecodeEvsConfiguration(src []byte, c *EvsConfiguration) bool {
	r := reader{b: src}
	c.Transitional = r.bool()
	c.Members = r.nodes(c.Members)
	c.Left = r.nodes(c.Left)
	c.Joined = r.nodes(c.Joined)
	return r.end()
}

// AppendEvsMembership appends the answer to EvsMembershipGet.
func AppendEvsMembership(dst []byte, m *EvsMembership) []byte {
	return appendNodes(appendU32(dst, m.Local), m.Members)
}

// DecodeEvsMembership reads the answer to EvsMembershipGet.
func DecodeEvsMembership(src []byte, m *EvsMembership) bool {
	r := reader{b: src}
	m.Local = r.u32()
	m.Members = r.nodes(m.Members)
	return r.end()
}
