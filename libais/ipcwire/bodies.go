package ipcwire

// ClmNodeInfo is one cluster node. Name and Address are raw bytes.
type ClmNodeInfo struct {
	NodeID      uint32
	Family      uint8  // 1 IPv4, 2 IPv6
	Address     []byte // 4 or 16 bytes
	Name        []byte // at most 256 bytes
	ClusterName []byte // at most 256 bytes
	Member      bool
	Boot        int64 // nanoseconds since 1970 of that executive's start
	InitialView uint64
}

// ClmChange is a node with what happened to it (1 no change, 2 joined, 3 left).
type ClmChange struct {
	Node   ClmNodeInfo
	Change uint8
}

// ClmView is a cluster view: the answer to ClmTrack with Current, and the body
// of ClmTrackCallback.
type ClmView struct {
	View    uint64
	Members uint32 // members of the view, whatever Items holds
	Items   []ClmChange
}

// ClmTrackReq asks for tracking. Buffer: the caller wants the current view in
// the response (it gave a notification buffer) and not by callback.
type ClmTrackReq struct {
	Flags  uint8
	Buffer bool
}

// ClmNodeGetReq asks for one node; NodeID 0xFFFFFFFF is the local node in every
// generation. Timeout in nanoseconds, remaining when sent.
type ClmNodeGetReq struct {
	NodeID     uint32
	Invocation uint64
	Timeout    int64
}

// ClmNodeGetResult is the body of ClmNodeGetCallback.
type ClmNodeGetResult struct {
	Invocation uint64
	Error      Error
	Node       ClmNodeInfo
}

// EvsGroup is a group's key.
type EvsGroup [32]byte

// EvsGroups is the body of join and leave.
type EvsGroups struct{ Groups []EvsGroup }

// EvsMcast is a multicast. Groups is empty for mcast_joined. Guarantee is evs.h's
// (0 unordered, 1 FIFO, 2 agreed, 3 safe), Priority evs.h's of 2004 (0 recovery
// to 3 low; medium where the generation has none).
type EvsMcast struct {
	Guarantee uint8
	Priority  uint8
	Groups    []EvsGroup
	Payload   []byte
}

// EvsDelivery is a delivered message. Address is the sender's, 4 or 16 bytes.
type EvsDelivery struct {
	NodeID  uint32
	Address []byte
	Payload []byte
}

// EvsNode is a member of an EVS configuration.
type EvsNode struct {
	NodeID  uint32
	Address []byte
}

// EvsConfiguration is a configuration change. Transitional: Joined is empty.
type EvsConfiguration struct {
	Transitional bool
	Members      []EvsNode
	Left         []EvsNode
	Joined       []EvsNode
}

// EvsMembership is the answer to EvsMembershipGet.
type EvsMembership struct {
	Local   uint32
	Members []EvsNode
}
