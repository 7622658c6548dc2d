// The value of network.conf and its parser. Pure: no file, no interface.

package config

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"
)

// Transport is how packets for everybody travel.
type Transport uint8

const (
	Multicast Transport = iota // to mcastaddr
	Unicast                    // to each member of the list
)

func (t Transport) String() string {
	if t == Unicast {
		return "unicast"
	}
	return "multicast"
}

// Cipher is the AEAD that seals packets.
type Cipher uint8

const (
	CipherAuto     Cipher = iota // AES-256-GCM where the processor has it, else ChaCha20-Poly1305
	CipherAESGCM                 // AES-256-GCM
	CipherChaCha20               // ChaCha20-Poly1305
)

func (c Cipher) String() string {
	return [...]string{"auto", "aes256-gcm", "chacha20-poly1305"}[c]
}

// Member is a processor of the member list.
type Member struct {
	ID      uint32 // 0: the IPv4 address as a number
	Address netip.Addr
}

// Network is the content of network.conf with all defaults filled in.
type Network struct {
	BindNetAddr netip.Addr // address to bind, or network that picks the interface
	McastAddr   netip.Addr // invalid when Transport is Unicast and none was given
	McastPort   uint16
	Transport   Transport
	Members     []Member // in the order of the file

	NodeID      uint32 // 0: the IPv4 address as a number
	NodeName    string // empty: the bound address as text
	ClusterName string

	Secauth bool // false: packets are neither encrypted nor authenticated
	Cipher  Cipher

	Token           time.Duration
	TokenRetransmit time.Duration
	Hold            time.Duration
	Join            time.Duration
	Consensus       time.Duration
	Merge           time.Duration
	ProbeTimeout    time.Duration
	SyncTimeout     time.Duration

	RetransmitsBeforeLoss int
	FailToReceive         int
	SeqnoUnchanged        int
	NetMTU                int
	WindowSize            int
	MaxMessages           int
	Accelerated           int
	ReceiveBuffer         int
	MaxMembers            int
	MaxMessageSize        int

	User, Group string

	IPCConnections     int // connections at the same time
	IPCConnectionsUser int // the same, of one user
	IPCQueue           int // bytes of callbacks that may wait for one connection

	AMFUser, AMFGroup string // empty: User, and the user's group
	AMFMajority       bool
	AMFLease          time.Duration

	CheckpointMemory int    // MiB
	CheckpointSize   int    // MiB
	CheckpointDir    string // empty: none
	CheckpointDelay  time.Duration

	Debug bool
}

// Limits of the file itself: an executive is not to be filled by a wrong path.
const (
	maxFile = 1 << 20
	maxLine = 1024
)

// Parse reads network.conf as 2004 wrote it, one "key:value" a line, and
// also accepts what 2004 silently stopped at: blank lines, lines that begin
// with '#', blanks around key and value, CR before LF. A '#' after a blank
// ends the value. file only appears in the problems. When there are problems
// the Network must not be used.
func Parse(file string, data []byte) (*Network, Problems) {
	p := parser{file: file, net: new(Network), at: make(map[string]int)}
	for i := range keys {
		if keys[i].def != "" {
			if rule := keys[i].set(p.net, keys[i].def); rule != "" {
				panic("config: default of " + keys[i].name + ": " + rule)
			}
		}
	}
	if len(data) > maxFile {
		p.problem(0, "", "", "is larger than 1 MiB: not a network.conf")
		return p.net, p.problems
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for n := 1; len(data) > 0; n++ {
		line, rest, _ := bytes.Cut(data, []byte{'\n'})
		data = rest
		p.line(n, line)
	}
	p.missing()
	p.transport()
	p.derive()
	p.rules()
	p.problems.SortByLine()
	return p.net, p.problems
}

type parser struct {
	file     string
	net      *Network
	at       map[string]int // line of a key that was read and understood; -1: it was wrong
	members  []int          // lines of Net.Members
	problems Problems
}

func (p *parser) problem(line int, key, value, rule string) {
	p.problems = append(p.problems, Problem{p.file, line, key, value, rule})
}

// wrong reports key at its own line.
func (p *parser) wrong(key, value, rule string) {
	p.problem(p.at[key], key, value, rule)
}

// good tells that none of the keys was wrong: only then a rule between keys
// makes sense. A key that was not given has its default, which is good.
func (p *parser) good(keys ...string) bool {
	for _, k := range keys {
		if p.at[k] < 0 {
			return false
		}
	}
	return true
}

func (p *parser) line(n int, raw []byte) {
	if len(raw) > maxLine {
		p.problem(n, "", string(raw[:shown]), "a line has at most 1024 bytes")
		return
	}
	line := bytes.Trim(raw, " \t\r")
	if len(line) == 0 || line[0] == '#' {
		return
	}
	if bytes.IndexByte(line, 0) >= 0 {
		p.problem(n, "", string(line), "holds a NUL byte: not a text file")
		return
	}
	name, value, found := bytes.Cut(line, []byte{':'})
	if !found {
		p.problem(n, "", string(line), "is not \"key: value\" (comments begin with #)")
		return
	}
	k := string(bytes.TrimRight(name, " \t"))
	v := string(trimComment(bytes.TrimLeft(value, " \t")))
	p.pair(n, k, v)
}

func trimComment(v []byte) []byte {
	if len(v) > 0 && v[0] == '#' {
		return nil
	}
	for i := 1; i < len(v); i++ {
		if v[i] == '#' && (v[i-1] == ' ' || v[i-1] == '\t') {
			return bytes.TrimRight(v[:i], " \t")
		}
	}
	return v
}

func (p *parser) pair(n int, name, value string) {
	k := lookup(name)
	if k == nil {
		p.problem(n, name, value, unknown(name))
		return
	}
	if first := p.at[name]; first != 0 && !k.repeats {
		if first < 0 {
			first = -first
		}
		p.problem(n, name, value, "was already given on line "+itoa(first))
		return
	}
	p.at[name] = -n
	if value == "" {
		p.problem(n, name, "", "has no value: "+k.rule())
		return
	}
	if rule := k.set(p.net, value); rule != "" {
		p.problem(n, name, value, rule)
		return
	}
	p.at[name] = n
	if k.repeats {
		p.members = append(p.members, n)
	}
}

// Ring names what executives must have in common to form a ring: who differs in
// it is another cluster to them, and its packets are counted as such. Members with
// different netmtu or max_message_size would form a ring and break it with the
// first message that is too large for one of them.
func (n *Network) Ring() string {
	return fmt.Sprintf("%s\x00netmtu %d\x00max_message_size %d", n.ClusterName, n.NetMTU, n.MaxMessageSize)
}
