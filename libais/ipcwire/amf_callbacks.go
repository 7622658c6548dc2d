package ipcwire

// This file is what the executive asks of a library of AMF, and the protection
// groups, which also come in an answer.

// Callbacks of AMF. Those with an invocation wait for an AmfResponse.
const (
	AmfHealthcheckCallback      Op = 0x281 // AmfCallback with invocation; Key in B, Value is the level (1 heartbeat) in A
	AmfTerminateCallback        Op = 0x282 // AmfCallback with invocation
	AmfReadinessCallback        Op = 0x283 // A: AmfCallback with invocation, Value a readiness state
	AmfCSISetCallback           Op = 0x284 // AmfCSISet
	AmfCSIRemoveCallback        Op = 0x285 // AmfCallback with invocation, CSI, Value the flags
	AmfTrackCallback            Op = 0x286 // AmfGroup
	AmfInstantiateCallback      Op = 0x287 // B: AmfCallback with invocation, Component the proxied one
	AmfCleanupCallback          Op = 0x288 // B: AmfCallback with invocation, Component the proxied one
	AmfExternalRestartCallback  Op = 0x289 // A: AmfCallback with invocation, Component the external one
	AmfExternalControlCallback  Op = 0x28A // A: AmfCallback with invocation, Value the action (1 reset to 4 power off)
	AmfOperationConfirmCallback Op = 0x28B // A: AmfCallback with invocation, Value the pending operations
	AmfOperationExpiredCallback Op = 0x28C // A: AmfCallback without invocation, Value the pending operations
)

// Flags of a CSISet and a CSIRemove, B's numbers; the library translates those of
// A, whose ADD_NEW_INSTANCE is 1 and ALL_INSTANCES 2. A CSI is empty exactly with
// AmfCSITargetAll.
const (
	AmfCSIAddOne    uint32 = 1
	AmfCSITargetOne uint32 = 2
	AmfCSITargetAll uint32 = 4
)

// Transition descriptors of an active assignment, equal in both generations.
const (
	AmfCSINewAssign   uint32 = 1
	AmfCSIQuiesced    uint32 = 2
	AmfCSINotQuiesced uint32 = 3
	AmfCSIStillActive uint32 = 4
)

// What happened to a member of a protection group, equal in both generations.
const (
	AmfGroupNoChange    uint8 = 1
	AmfGroupAdded       uint8 = 2
	AmfGroupRemoved     uint8 = 3
	AmfGroupStateChange uint8 = 4
)

const (
	// AmfMaxValue is the longest value of an attribute of a component service instance.
	AmfMaxValue = 1024
	// AmfMaxAttributes is how many such attributes there are at most.
	AmfMaxAttributes = 512
	// AmfMaxGroup is the largest protection group.
	AmfMaxGroup = 2048
)

// AmfCallback is the body of every callback but two. The fields a callback does not
// have are empty.
type AmfCallback struct {
	Invocation uint64
	Component  []byte
	CSI        []byte
	Key        []byte // at most AmfMaxKey
	Value      uint32
}

// AmfAttribute is an attribute of a component service instance. Neither part holds
// a zero byte. An attribute of several values is there once for each.
type AmfAttribute struct {
	Name, Value []byte
}

// AmfCSISet assigns a state. With HAState active: Transition is set, and Active is
// the component that was active (for AmfCSIQuiesced and AmfCSINotQuiesced) or still
// is. With standby: Active is the active component, Rank the standby's. With
// AmfCSITargetAll there are no CSI and no attributes.
type AmfCSISet struct {
	Invocation uint64
	Component  []byte
	HAState    uint32
	Flags      uint32
	CSI        []byte
	Transition uint32
	Active     []byte
	Rank       uint32
	Attributes []AmfAttribute
}

// AmfMember is a member of a protection group. Readiness is for A, Rank and
// HAReadiness (1 where a component never said) for B.
type AmfMember struct {
	Component   []byte
	HAState     uint32
	Readiness   uint32
	HAReadiness uint32
	Rank        uint32
	Change      uint8
}

// AmfGroup is a protection group: the answer to AmfTrack with AmfTrackCurrent, and
// the body of AmfTrackCallback. Members is how many members the group has,
// whatever Items holds.
type AmfGroup struct {
	CSI     []byte
	Error   Error
	Members uint32
	Items   []AmfMember
}

const (
	amfAttributeMin = 2 + 2
	amfMemberMin    = 2 + 4*4 + 1
)

// AppendAmfCallback appends a callback.
func AppendAmfCallback(dst []byte, c *AmfCallback) []byte {
	dst = appendName(appendName(appendU64(dst, c.Invocation), c.Component), c.CSI)
	return appendU32(appendAmfKey(dst, c.Key), c.Value)
}

// DecodeAmfCallback reads a callback.
func DecodeAmfCallback(src []byte, c *AmfCallback) bool {
	r := reader{b: src}
	*c = AmfCallback{Invocation: r.u64(), Component: r.name(), CSI: r.name(), Key: r.amfKey(), Value: r.u32()}
	return r.end()
}

// AppendAmfCSISet appends an assignment.
func AppendAmfCSISet(dst []byte, c *AmfCSISet) []byte {
	dst = appendName(appendU64(dst, c.Invocation), c.Component)
	dst = appendName(appendU32(appendU32(dst, c.HAState), c.Flags), c.CSI)
	dst = appendU32(appendName(appendU32(dst, c.Transition), c.Active), c.Rank)
	list := c.Attributes[:min(len(c.Attributes), AmfMaxAttributes)]
	dst = appendU32(dst, uint32(len(list)))
	for i := range list {
		value := list[i].Value[:min(len(list[i].Value), AmfMaxValue)]
		dst = appendName(dst, list[i].Name)
		dst = append(appendU16(dst, uint16(len(value))), value...)
	}
	return dst
}

// DecodeAmfCSISet reads an assignment.
func DecodeAmfCSISet(src []byte, c *AmfCSISet) bool {
	r := reader{b: src}
	list := c.Attributes
	*c = AmfCSISet{Invocation: r.u64(), Component: r.name(), HAState: r.u32(), Flags: r.u32(), CSI: r.name(),
		Transition: r.u32(), Active: r.name(), Rank: r.u32()}
	c.Attributes = resize(list, r.count(amfAttributeMin, AmfMaxAttributes))
	for i := range c.Attributes {
		name, n := r.name(), int(r.u16())
		if n > AmfMaxValue {
			return false
		}
		c.Attributes[i] = AmfAttribute{name, r.take(n)}
		if r.bad {
			return false
		}
	}
	return r.end()
}

// AppendAmfGroup appends a protection group.
func AppendAmfGroup(dst []byte, g *AmfGroup) []byte {
	list := g.Items[:min(len(g.Items), AmfMaxGroup)]
	dst = appendU32(appendName(dst, g.CSI), uint32(g.Error))
	dst = appendU32(appendU32(dst, g.Members), uint32(len(list)))
	for i := range list {
		m := &list[i]
		dst = appendU32(appendU32(appendName(dst, m.Component), m.HAState), m.Readiness)
		dst = append(appendU32(appendU32(dst, m.HAReadiness), m.Rank), m.Change)
	}
	return dst
}

// DecodeAmfGroup reads a protection group.
func DecodeAmfGroup(src []byte, g *AmfGroup) bool {
	r := reader{b: src}
	g.CSI, g.Error, g.Members = r.name(), Error(r.u32()), r.u32()
	g.Items = resize(g.Items, r.count(amfMemberMin, AmfMaxGroup))
	for i := range g.Items {
		g.Items[i] = AmfMember{r.name(), r.u32(), r.u32(), r.u32(), r.u32(), r.u8()}
		if r.bad {
			return false
		}
	}
	return r.end()
}
