// The table of keys: for each its range, unit, default, meaning and where its
// value goes. Parser, reference table and error texts are all made from it.

package config

import (
	"iter"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// key is one row of the table.
type key struct {
	name     string
	def      string // as an administrator would write it; empty: none
	defNote  string // what stands for the default in the reference when it is computed
	values   string // what may be written, in words
	doc      string
	required bool
	repeats  bool
	set      func(*Network, string) (rule string)
}

// rule is what a value must be, for error texts.
func (k *key) rule() string { return "must be " + k.values }

var keys = []key{
	// The three of 2004.
	{name: "bindnetaddr", required: true, values: "an IPv4 or IPv6 address",
		doc: "address this executive binds. One that can be bound as it is (127.0.0.2 too) is the address; a network address (192.168.1.0) picks the interface in that network",
		set: func(n *Network, v string) string { return setAddr(&n.BindNetAddr, v) }},
	{name: "mcastaddr", defNote: "none; required with `transport: multicast`", values: "an IPv4 or IPv6 multicast address",
		doc: "multicast group of the ring, of the same family as `bindnetaddr`",
		set: func(n *Network, v string) string { return setAddr(&n.McastAddr, v) }},
	{name: "mcastport", required: true, values: "a port number, 1 to 65535",
		doc: "UDP port of the ring; the same number is used with TCP to notice dead processes",
		set: func(n *Network, v string) string {
			i, rule := number(v, 1, 65535, "")
			n.McastPort = uint16(i)
			return rule
		}},

	// How packets travel.
	{name: "transport", def: "multicast", values: "multicast or udp, unicast or udpu",
		doc: "`multicast` (`udp`): packets for everybody go to `mcastaddr`; `unicast` (`udpu`): to each `member`",
		set: func(n *Network, v string) string {
			return choose(&n.Transport, v, "multicast or udp, unicast or udpu",
				[]string{"multicast", "udp", "unicast", "udpu"},
				[]Transport{Multicast, Multicast, Unicast, Unicast})
		}},
	{name: "member", repeats: true, values: "an address, or a node id and an address", defNote: "none; required with `transport: unicast`",
		doc: "one processor of the ring, itself included: `member: 10.0.0.1` or `member: 7 10.0.0.1`; one line each, at most 128",
		set: setMember},
	intKey("netmtu", 512, 65535, 1500, "bytes",
		"largest IP packet that is sent; executives with different values do not form a ring; at least 1280 with IPv6",
		func(n *Network) *int { return &n.NetMTU }),

	// Who this is.
	{name: "nodeid", def: "0", values: "a number, 0 to 4294967294",
		doc: "number of this node; 0 is the IPv4 address as a number; required with IPv6",
		set: func(n *Network, v string) string {
			i, rule := number(v, 0, 4294967294, "")
			n.NodeID = uint32(i)
			return rule
		}},
	textKey("nodename", "the bound address", "name of this node, as the cluster membership service reports it", func(n *Network) *string { return &n.NodeName }),
	textKey("clustername", "empty", "name of the cluster; executives with different names do not form a ring", func(n *Network) *string { return &n.ClusterName }),

	// Security.
	{name: "secauth", def: "on", values: "on or off",
		doc: "`off`: packets are neither encrypted nor authenticated, `authkey` is not read, and every log says so",
		set: func(n *Network, v string) string { return onOff(&n.Secauth, v) }},
	{name: "cipher", def: "auto", values: "auto, aes256-gcm or chacha20-poly1305",
		doc: "`auto` is AES-256-GCM where the processor has it, else ChaCha20-Poly1305; the same on every node, so name one when processors differ",
		set: func(n *Network, v string) string {
			return choose(&n.Cipher, v, "auto, aes256-gcm or chacha20-poly1305",
				[]string{"auto", "aes256-gcm", "chacha20-poly1305"},
				[]Cipher{CipherAuto, CipherAESGCM, CipherChaCha20})
		}},

	// Times of the ring.
	msKey("token", 30, 600000, 1000, "", "no token for so long means that the ring is broken", func(n *Network) *time.Duration { return &n.Token }),
	msKey("token_retransmit", 5, 600000, 0, "token / (token_retransmits_before_loss_const + 0.2)", "at the latest after so long an unconfirmed token is sent again; it is sent sooner when rotations are fast, and never later than token / 50", func(n *Network) *time.Duration { return &n.TokenRetransmit }),
	intKey("token_retransmits_before_loss_const", 1, 1000, 4, "", "how many retransmissions fit into `token`, when `token_retransmit` is not given", func(n *Network) *int { return &n.RetransmitsBeforeLoss }),
	msKey("hold", 1, 600000, 0, "0.8 * token_retransmit - 10, at least 1", "how long the token of an idle ring is held", func(n *Network) *time.Duration { return &n.Hold }),
	msKey("join", 1, 60000, 50, "", "at the latest after so long a Join is repeated while a ring is formed", func(n *Network) *time.Duration { return &n.Join }),
	msKey("consensus", 1, 600000, 0, "0.3 * token, at least join", "how long a processor that does not answer holds up the forming of a ring", func(n *Network) *time.Duration { return &n.Consensus }),
	msKey("merge", 10, 600000, 200, "", "how often an idle ring makes itself known to other rings", func(n *Network) *time.Duration { return &n.Merge }),
	msKey("probe_timeout", 1, 10000, 10, "", "how long a member whose process seems to be gone has to answer", func(n *Network) *time.Duration { return &n.ProbeTimeout }),
	msKey("sync_timeout", 100, 600000, 10000, "", "a member whose services are not synchronized by then leaves the ring and joins anew", func(n *Network) *time.Duration { return &n.SyncTimeout }),

	// Counts of the ring.
	intKey("fail_recv_const", 1, 1000000, 2500, "rotations", "so many rotations without receiving what is missing, and this node leaves the ring", func(n *Network) *int { return &n.FailToReceive }),
	intKey("seqno_unchanged_const", 1, 250, 30, "rotations", "so many rotations without a message, and the token is held", func(n *Network) *int { return &n.SeqnoUnchanged }),
	intKey("window_size", 1, 2048, 512, "packets", "packets per rotation, whole ring", func(n *Network) *int { return &n.WindowSize }),
	intKey("max_messages", 1, 2048, 0, "packets", "packets per token visit, this node", func(n *Network) *int { return &n.MaxMessages }).computed("64, at most window_size"),
	intKey("accelerated", 0, 2048, 0, "packets", "packets of a visit that may follow the token; 0 is the protocol of 1995", func(n *Network) *int { return &n.Accelerated }).computed("24, at most max_messages"),
	intKey("receive_buffer", 8192, 1073741824, 8388608, "bytes", "receive buffer that is asked of the kernel for each UDP socket; without CAP_NET_ADMIN it grants at most `net.core.rmem_max`. The smallest of the members' buffers makes `window_size` and `max_messages` smaller while that member is in the ring, so that it holds what is sent (`aisctl status`: window)", func(n *Network) *int { return &n.ReceiveBuffer }),
	intKey("max_members", 1, 128, 128, "", "more processors than this are not taken into a ring", func(n *Network) *int { return &n.MaxMembers }),
	intKey("max_message_size", 4096, 1048576, 1048576, "bytes", "largest message of an application; executives with different values do not form a ring", func(n *Network) *int { return &n.MaxMessageSize }),

	// The process and its clients.
	textKey("user", "ais", "user the executive becomes after start, when it was started by root", func(n *Network) *string { return &n.User }).fixed("ais"),
	textKey("group", "ais", "group the executive becomes, and whose members may connect", func(n *Network) *string { return &n.Group }).fixed("ais"),
	intKey("ipc_connections", 16, 1048576, 1024, "", "library connections (handles) at the same time", func(n *Network) *int { return &n.IPCConnections }),
	intKey("ipc_connections_user", 1, 1048576, 0, "", "the same, of one user", func(n *Network) *int { return &n.IPCConnectionsUser }).computed("half of ipc_connections"),
	intKey("ipc_queue", 2097152, 268435456, 8388608, "bytes", "callbacks that may wait for one slow connection (of CLM, which then tells the latest, 64 KiB; of EVS, which leaves nothing out, 16 MiB)", func(n *Network) *int { return &n.IPCQueue }),
	textKey("amf_user", "the user the executive becomes", "user that the commands of amf.conf run as, when root started the executive", func(n *Network) *string { return &n.AMFUser }),
	textKey("amf_group", "that user's group", "group that the commands of amf.conf run as", func(n *Network) *string { return &n.AMFGroup }),
	{name: "amf_majority", def: "off", values: "on or off",
		doc: "`on`: a part of the cluster without the majority of the nodes of amf.conf takes and keeps no active role; the same on every node",
		set: func(n *Network, v string) string { return onOff(&n.AMFMajority, v) }},
	msKey("amf_lease", 100, 600000, 0, "2 * token + consensus", "with `amf_majority: on`, how long a node that lost contact keeps active roles at most, and how long a takeover from a lost node takes at least", func(n *Network) *time.Duration { return &n.AMFLease }),

	// Checkpoints.
	intKey("checkpoint_memory", 1, 1048576, 4096, "MiB", "memory that checkpoints may take here, all together (data, ids and a fixed amount for each section); the cluster keeps to the least of its members' values; beyond it calls return NO_MEMORY", func(n *Network) *int { return &n.CheckpointMemory }),
	intKey("checkpoint_size", 1, 1048576, 0, "MiB", "data that one checkpoint may have, whatever size it was created for; as with checkpoint_memory the least of the members' values counts, and beyond it calls return NO_MEMORY", func(n *Network) *int { return &n.CheckpointSize }).computed("checkpoint_memory"),
	{name: "checkpoint_dir", defNote: "none: checkpoints end with the last node that has them", values: "an absolute path",
		doc: "directory to keep checkpoints in beyond a stop of all nodes; each executive needs one of its own",
		set: func(n *Network, v string) string {
			if len(v) > 255 || !strings.HasPrefix(v, "/") {
				return "must be an absolute path of at most 255 bytes"
			}
			n.CheckpointDir = v
			return ""
		}},
	msKey("checkpoint_delay", 10, 600000, 1000, "", "changes of checkpoints are written to `checkpoint_dir` at the latest after so long, all of that time at once; what is newer than the last write is lost when all nodes lose power", func(n *Network) *time.Duration { return &n.CheckpointDelay }),
	{name: "debug", def: "off", values: "on or off", doc: "log more",
		set: func(n *Network, v string) string { return onOff(&n.Debug, v) }},
}

// retired are keys that openais 0.80 had and that mean nothing here. Saying why
// is better than the nearest name.
var retired = map[string]string{
	"version":                    "openais 0.80's; there is one format of network.conf: remove the line",
	"threads":                    "openais 0.80's; packets are sealed where they are sent: remove the line",
	"rrp_mode":                   "openais 0.80's redundant rings; one network is supported: remove the line",
	"ringnumber":                 "openais 0.80's redundant rings; one network is supported: remove the line",
	"heartbeat_failures_allowed": "openais 0.80's heartbeat; a dead process is noticed by its connections: remove the line",
	"max_network_delay":          "openais 0.80's heartbeat; a dead process is noticed by its connections: remove the line",
	"downcheck":                  "openais 0.80's; interfaces are not polled: remove the line",
	"vsftype":                    "openais 0.80's; there is no primary component filter: remove the line",
	"send_join":                  "openais 0.80's; Joins are spread by the ring itself: remove the line",
	"broadcast":                  "openais 0.80's; use mcastaddr, or transport: unicast with member lines",
	"clear_node_high_bit":        "openais 0.80's; give nodeid instead",
	"fail_to_recv_const":         "the manual page of openais 0.80 called it so, its program and this one fail_recv_const",
	"key":                        "openais 0.80's; the key is in the file authkey beside network.conf",
	"keyfile":                    "openais 0.80's; the key is in the file authkey beside network.conf",
	"miss_count_const":           "openais 0.80's; a hole is asked for by its place before the last visit: remove the line",
}

func lookup(name string) *key {
	for i := range keys {
		if keys[i].name == name {
			return &keys[i]
		}
	}
	return nil
}

// unknown says what to do about a key that does not exist.
func unknown(name string) string {
	if why, ok := retired[name]; ok {
		return "is no key here (" + why + ")"
	}
	best := Nearest(name, func(yield func(string) bool) {
		for i := range keys {
			if !yield(keys[i].name) {
				return
			}
		}
	})
	if best == "" {
		return "is no key"
	}
	return "is no key; the nearest is " + best
}

// Nearest is the word that was perhaps meant, empty when none is near.
func Nearest(word string, words iter.Seq[string]) string {
	if len(word) > 64 { // a distance is quadratic; longer is no misspelling
		return ""
	}
	best, dist := "", 1+len(word)/3
	low := strings.ToLower(word)
	for w := range words {
		if d := distance(low, strings.ToLower(w)); d < dist || d == dist && best == "" {
			best, dist = w, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost++
			}
			diag = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

func itoa(i int) string { return strconv.Itoa(i) }

// number reads a decimal number between lo and hi.
func number(v string, lo, hi int64, unit string) (int64, string) {
	if unit != "" {
		unit = " " + unit
	}
	rule := "must be a whole number" + of(unit) + ", " + strconv.FormatInt(lo, 10) + " to " + strconv.FormatInt(hi, 10)
	for i := 0; i < len(v); i++ {
		if v[i] < '0' || v[i] > '9' { // no sign, no base prefix, no underscore
			return 0, rule
		}
	}
	i, err := strconv.ParseInt(v, 10, 64)
	if err != nil || i < lo || i > hi {
		return 0, rule
	}
	return i, ""
}

func of(unit string) string {
	if unit == "" {
		return ""
	}
	return " of" + unit
}

func intKey(name string, lo, hi, def int, unit, doc string, at func(*Network) *int) key {
	k := key{name: name, doc: doc}
	k.values = "a whole number" + of(prefix(unit)) + ", " + itoa(lo) + " to " + itoa(hi)
	if def != 0 {
		k.def = itoa(def)
	}
	k.set = func(n *Network, v string) string {
		i, rule := number(v, int64(lo), int64(hi), unit)
		if rule == "" {
			*at(n) = int(i)
		}
		return rule
	}
	return k
}

func prefix(unit string) string {
	if unit == "" {
		return ""
	}
	return " " + unit
}

func msKey(name string, lo, hi, def int, computed, doc string, at func(*Network) *time.Duration) key {
	k := intKey(name, lo, hi, def, "milliseconds", doc, nil)
	k.defNote = computed
	k.set = func(n *Network, v string) string {
		i, rule := number(v, int64(lo), int64(hi), "milliseconds")
		if rule == "" {
			*at(n) = time.Duration(i) * time.Millisecond
		}
		return rule
	}
	return k
}

func textKey(name, def, doc string, at func(*Network) *string) key {
	return key{name: name, defNote: def, doc: doc, values: "text without control characters, at most 255 bytes",
		set: func(n *Network, v string) string {
			if len(v) > 255 {
				return "must have at most 255 bytes"
			}
			for i := 0; i < len(v); i++ {
				if v[i] < 0x20 || v[i] == 0x7f {
					return "must not hold control characters"
				}
			}
			*at(n) = v
			return ""
		}}
}

func (k key) computed(note string) key { k.defNote = note; return k }
func (k key) fixed(def string) key     { k.def, k.defNote = def, ""; return k }

func onOff(to *bool, v string) string {
	return choose(to, v, "on or off", []string{"on", "off"}, []bool{true, false})
}

func choose[T any](to *T, v, words string, names []string, values []T) string {
	for i, n := range names {
		if n == v {
			*to = values[i]
			return ""
		}
	}
	return "must be " + words
}

// setAddr takes a numeric address without zone. 4-in-6 is refused: it would be
// another text for the same node.
func setAddr(to *netip.Addr, v string) string {
	a, err := netip.ParseAddr(v)
	switch {
	case err != nil:
		return "must be a numeric IPv4 or IPv6 address (four decimal numbers, or hexadecimal with colons)"
	case a.Zone() != "":
		return "must be an address without a zone"
	case a.Is4In6():
		return "must be written as an IPv4 address"
	case a.IsUnspecified():
		return "must not be the unspecified address"
	}
	*to = a
	return ""
}

func setMember(n *Network, v string) string {
	f := strings.Fields(v)
	var m Member
	switch len(f) {
	case 1:
	case 2:
		i, rule := number(f[0], 1, 4294967294, "")
		if rule != "" {
			return "must be an address, or a node id (1 to 4294967294), a blank and an address"
		}
		m.ID = uint32(i)
		f = f[1:]
	default:
		return "must be an address, or a node id, a blank and an address"
	}
	if rule := setAddr(&m.Address, f[0]); rule != "" {
		return rule
	}
	if m.Address.IsMulticast() {
		return "must not be a multicast address"
	}
	n.Members = append(n.Members, m)
	return ""
}
