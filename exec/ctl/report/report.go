// Package report holds what the control service answers: value types that become
// JSON, shared by the executive and aisctl. Fields are only ever added; the names
// are an interface that scripts rely on.
package report

// Member is a processor of the configuration.
type Member struct {
	ID      uint32 `json:"id"`
	Address string `json:"address,omitempty"`
	Start   uint64 `json:"start"`
}

// Node is who this executive is.
type Node struct {
	ID      uint32 `json:"id"`
	Address string `json:"address"`
	Name    string `json:"name"`
	Cluster string `json:"cluster,omitempty"`
	Start   uint64 `json:"start"`
	Boot    string `json:"boot"` // RFC 3339
	PID     int    `json:"pid"`
	Version string `json:"version"`
}

// Ring is the identity of the current ring.
type Ring struct {
	Representative uint32 `json:"representative"`
	Sequence       uint64 `json:"sequence"`
}

// Security is how packets are protected.
type Security struct {
	Mode   string `json:"mode"` // "encrypted" or "off"
	Cipher string `json:"cipher,omitempty"`
	Keys   int    `json:"keys"`
}

// Window is how much may be sent in the present configuration.
type Window struct {
	Packets       int `json:"packets"`        // per rotation of the token, whole ring
	VisitPackets  int `json:"visit_packets"`  // per visit, this node, as loss allows
	ReceiveRoom   int `json:"receive_room"`   // packets that the smallest receive buffer of the members holds; 0: more than any window
	ReceiveBuffer int `json:"receive_buffer"` // bytes that the kernel granted this node
}

// Status is the answer to CtlStatus.
type Status struct {
	Node                 Node     `json:"node"`
	Ring                 Ring     `json:"ring"`
	Members              []Member `json:"members"`
	State                string   `json:"state"`
	ConfigurationChanges uint64   `json:"configuration_changes"`
	LastCause            string   `json:"last_cause"`
	LastChange           string   `json:"last_change,omitempty"` // RFC 3339
	Security             Security `json:"security"`
	Transport            string   `json:"transport"`
	Window               Window   `json:"window"`
	LongestTokenGapUS    int64    `json:"longest_token_gap_us"`
	UptimeMS             int64    `json:"uptime_ms"`
	IPCConnections       int      `json:"ipc_connections"`
	Offloads             []string `json:"offloads"`
	// What the network refused last, and why dead processes are only noticed by
	// the token timeout; empty when all is well.
	SendError  string `json:"send_error,omitempty"`
	HintsError string `json:"hints_error,omitempty"`
	// Drops has every counter of something refused or lost, by room and reason;
	// Counters the others, by room and name.
	Drops    map[string]map[string]uint64 `json:"drops"`
	Counters map[string]map[string]uint64 `json:"counters"`
}

// WaitRequest is the body of CtlWait; the answer is a Status.
type WaitRequest struct {
	Members int `json:"members"`
}
