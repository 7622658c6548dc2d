// Rules between keys, missing keys and defaults that follow from other keys.

package config

import (
	"fmt"
	"time"
)

func (p *parser) missing() {
	for i := range keys {
		if k := &keys[i]; k.required && p.at[k.name] == 0 {
			p.problem(0, k.name, "", "is missing: "+k.doc)
		}
	}
	if p.net.Transport == Multicast && p.good("transport") && p.at["mcastaddr"] == 0 {
		p.problem(0, "mcastaddr", "", "is missing: transport multicast needs the multicast group of the ring")
	}
	if p.net.Transport == Unicast && p.at["member"] == 0 {
		p.problem(0, "member", "", "is missing: transport unicast needs one line for each processor of the ring")
	}
}

// transport checks addresses against each other.
func (p *parser) transport() {
	n := p.net
	if p.at["bindnetaddr"] > 0 && p.at["mcastaddr"] > 0 && n.McastAddr.Is4() != n.BindNetAddr.Is4() {
		p.wrong("mcastaddr", n.McastAddr.String(), "must be of the family of bindnetaddr")
	}
	if len(n.Members) > 0 && n.Transport == Multicast && p.good("transport") {
		p.problem(p.members[0], "member", n.Members[0].Address.String(), "is used with transport: unicast only")
		return
	}
	if len(n.Members) > 128 {
		p.problem(p.members[128], "member", n.Members[128].Address.String(), "is one too many: at most 128 members")
	}
	addrs := make(map[string]int)
	ids := make(map[uint32]int)
	for i, m := range n.Members {
		line, text := p.members[i], m.Address.String()
		if p.at["bindnetaddr"] > 0 && m.Address.Is4() != n.BindNetAddr.Is4() {
			p.problem(line, "member", text, "must be of the family of bindnetaddr")
		}
		if first, dup := addrs[text]; dup {
			p.problem(line, "member", text, "was already given on line "+itoa(first))
			continue
		}
		addrs[text] = line
		id := m.ID
		if id == 0 {
			if !m.Address.Is4() {
				p.problem(line, "member", text, "an IPv6 member needs a node id: \"member: ID ADDRESS\"")
				continue
			}
			id = AddressID(m.Address)
		}
		if first, dup := ids[id]; dup {
			p.problem(line, "member", text, fmt.Sprintf("has node id %d, as has line %d", id, first))
		}
		ids[id] = line
	}
}

// derive fills in defaults that depend on other keys.
func (p *parser) derive() {
	n := p.net
	if p.at["token_retransmit"] == 0 {
		n.TokenRetransmit = max(5*time.Millisecond,
			(n.Token * 10 / time.Duration(n.RetransmitsBeforeLoss*10+2)).Truncate(time.Millisecond))
	}
	if p.at["hold"] == 0 {
		n.Hold = max(time.Millisecond, (n.TokenRetransmit*8/10).Truncate(time.Millisecond)-10*time.Millisecond)
	}
	if p.at["consensus"] == 0 {
		n.Consensus = max(n.Join, (n.Token * 3 / 10).Truncate(time.Millisecond))
	}
	if p.at["amf_lease"] == 0 {
		n.AMFLease = 2*n.Token + n.Consensus
	}
	if p.at["max_messages"] == 0 {
		n.MaxMessages = min(64, n.WindowSize)
	}
	if p.at["accelerated"] == 0 {
		n.Accelerated = min(24, n.MaxMessages)
	}
	if p.at["checkpoint_size"] == 0 {
		n.CheckpointSize = n.CheckpointMemory
	}
	if p.at["ipc_connections_user"] == 0 {
		n.IPCConnectionsUser = n.IPCConnections / 2
	}
}

// below reports a when it is not smaller than b (or equal, when that is allowed).
func (p *parser) below(a, b string, x, y int64, equal bool, unit string) {
	if p.at[a] <= 0 && p.at[b] <= 0 || !p.good(a, b) || x < y || equal && x == y {
		return
	}
	at := a
	if p.at[a] <= 0 {
		at = b // the line an administrator wrote is the one to point at
	}
	word := "less than"
	if equal {
		word = "at most"
	}
	value := x
	if at == b {
		value = y
	}
	p.wrong(at, fmt.Sprint(value), fmt.Sprintf("%s (%d%s) must be %s %s (%d%s)", a, x, unit, word, b, y, unit))
}

func (p *parser) rules() {
	n := p.net
	ms := func(d time.Duration) int64 { return d.Milliseconds() }
	p.below("token_retransmit", "token", ms(n.TokenRetransmit), ms(n.Token), false, " ms")
	p.below("hold", "token_retransmit", ms(n.Hold), ms(n.TokenRetransmit), true, " ms")
	p.below("join", "consensus", ms(n.Join), ms(n.Consensus), true, " ms")
	p.below("probe_timeout", "token", ms(n.ProbeTimeout), ms(n.Token), false, " ms")
	p.below("max_messages", "window_size", int64(n.MaxMessages), int64(n.WindowSize), true, "")
	p.below("accelerated", "max_messages", int64(n.Accelerated), int64(n.MaxMessages), true, "")
	p.below("ipc_connections_user", "ipc_connections", int64(n.IPCConnectionsUser), int64(n.IPCConnections), true, "")
	p.below("checkpoint_size", "checkpoint_memory", int64(n.CheckpointSize), int64(n.CheckpointMemory), true, " MiB")
	if p.at["mcastaddr"] > 0 && !n.McastAddr.IsMulticast() {
		p.wrong("mcastaddr", n.McastAddr.String(), "must be a multicast address (224.0.0.0 to 239.255.255.255, or ff00::/8)")
	}
	if p.at["bindnetaddr"] > 0 {
		p.self()
	}
	if p.at["cipher"] > 0 && p.good("secauth") && !n.Secauth {
		p.wrong("cipher", n.Cipher.String(), "has no meaning with secauth: off")
	}
}

// self checks what says who this node is.
func (p *parser) self() {
	n := p.net
	if n.BindNetAddr.IsMulticast() {
		p.wrong("bindnetaddr", n.BindNetAddr.String(), "must not be a multicast address")
	}
	v6 := !n.BindNetAddr.Is4()
	if v6 && n.NetMTU < 1280 && p.good("netmtu") {
		p.wrong("netmtu", itoa(n.NetMTU), "must be at least 1280 with IPv6")
	}
	listed := uint32(0)
	for i, m := range n.Members {
		if m.Address != n.BindNetAddr || m.ID == 0 {
			continue
		}
		listed = m.ID
		if n.NodeID != 0 && n.NodeID != m.ID && p.good("nodeid") {
			p.problem(p.members[i], "member", m.Address.String(), fmt.Sprintf("gives this node the id %d, nodeid gives it %d", m.ID, n.NodeID))
		}
	}
	if n.NodeID == 0 && p.good("nodeid") {
		if listed != 0 {
			n.NodeID = listed
		} else if v6 && len(n.Members) == 0 {
			p.problem(0, "nodeid", "", "is missing: an IPv6 node needs a nodeid")
		}
	}
}
