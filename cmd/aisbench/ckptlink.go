package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"ais/ctests/harness"
)

// Checkpoint writes over a slow link, beside plain UDP with packets of the same
// size through the same link in the same run.

const (
	linkMbit   = 100
	linkNodes  = 3
	linkGoal   = 0.95
	udpHeaders = 20 + 8 // IPv4 and UDP
)

// linkKinds are the sizes of IP packets, and of the frames that carry them:
// Ethernet's; packets that IP sends in fragments; jumbo frames.
var linkKinds = []linkKind{{1500, 1500}, {9000, 1500}, {9000, 9000}}

type linkKind struct {
	packet int // netmtu
	frame  int // MTU of the link
}

func (k linkKind) String() string { return fmt.Sprintf("%d in %d", k.packet, k.frame) }

// linkCell is what a size reached of what the link carries.
type linkCell struct {
	Packet  int     `json:"ip_packet"`
	Frame   int     `json:"mtu"`
	Size    int     `json:"size"`
	Writers int     `json:"writers"`
	MBs     float64 `json:"mb_per_second"`
	Plain   float64 `json:"plain_udp_mb_per_second"`
	Ratio   float64 `json:"ratio"`
}

// slowLink is 100 Mbit/s, encrypted, ALL_REPLICAS: with eight writers from 4 KB on
// at least 95 percent of plain UDP's payload; with one writer, the figure.
func (b *ckptBench) slowLink() error {
	if b.where != "namespaces" {
		fmt.Fprintln(b.w, "\nno slow link: network namespaces are needed")
		return nil
	}
	for _, kind := range linkKinds {
		if err := b.linkTable(kind); err != nil {
			return fmt.Errorf("packets of %v: %w", kind, err)
		}
	}
	return nil
}

func (b *ckptBench) linkTable(kind linkKind) error {
	c, err := harness.New(harness.Options{Nodes: linkNodes, Namespaces: true, Conf: []string{fmt.Sprintf("netmtu:%d", kind.packet)}})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Net.MTU(kind.frame); err != nil {
		return err
	}
	if err := c.Net.Limit(linkMbit); err != nil {
		return err
	}
	if err := c.StartAll(patience); err != nil {
		return err
	}
	if err := b.class(c); err != nil {
		return err
	}
	fmt.Fprintf(b.w, "\n%d nodes, %d Mbit/s links (tbf), %s, %s; beside it plain UDP; IP packets of %d bytes in both, link MTU %d\n%-40s %12s %12s %8s %8s\n",
		linkNodes, linkMbit, sealing(true), ckptGuarantees["all"], kind.packet, kind.frame, "", "MB/s", "plain MB/s", "ratio", "goal")
	for _, count := range []int{1, 8} {
		for _, size := range b.sizes {
			if size < 1024 {
				continue
			}
			if err := b.linkCell(c, kind, count, size); err != nil {
				return fmt.Errorf("%d bytes, %d writers: %w", size, count, err)
			}
		}
	}
	return nil
}

func (b *ckptBench) linkCell(c *harness.Cluster, kind linkKind, count, size int) error {
	var rates, plains, ratios []float64
	for range b.reps {
		plain, err := b.plainUDP(c, kind.packet-udpHeaders)
		if err != nil {
			return err
		}
		x, err := b.writers(c, count, size, "all")
		if err != nil {
			return err
		}
		x.Where, x.Encrypted = "link", true
		b.cells = append(b.cells, x)
		rates, plains, ratios = append(rates, x.MBs), append(plains, plain), append(ratios, x.MBs/plain)
	}
	l := linkCell{Packet: kind.packet, Frame: kind.frame, Size: size, Writers: count, MBs: median(rates), Plain: median(plains), Ratio: median(ratios)}
	b.link = append(b.link, l)
	name := fmt.Sprintf("link/%v/%d writers/%d", kind, count, size)
	if count > 1 && size >= 4096 {
		b.verdict(name, l.MBs, l.Plain, l.Ratio, linkGoal)
	} else {
		fmt.Fprintf(b.w, "%-40s %12.2f %12.2f %8.3f\n", name, l.MBs, l.Plain, l.Ratio)
	}
	return nil
}

// plainUDP is the payload, MB/s, that plain UDP brings from node 1 to node 2.
func (b *ckptBench) plainUDP(c *harness.Cluster, size int) (float64, error) {
	const source = "ctests/bench/plain.c"
	start := func(n *harness.Node, mode string, span time.Duration) (*harness.Process, error) {
		return n.RunC(source, harness.GenB, "-m", mode, "-a", n.Address, "-s", strconv.Itoa(size),
			"-t", strconv.FormatFloat(span.Seconds(), 'f', 3, 64))
	}
	recv, err := start(c.Nodes[1], "recv", b.span+600*time.Millisecond)
	if err != nil {
		return 0, err
	}
	defer recv.Kill()
	if _, _, err := recv.Stdout.Wait(0, patience, func(s string) bool { return strings.HasPrefix(s, "listening") }); err != nil {
		return 0, err
	}
	send, err := start(c.Nodes[0], "send", b.span)
	if err != nil {
		return 0, err
	}
	defer send.Kill()
	if _, err := result(send, "sent", b.span+patience); err != nil {
		return 0, err
	}
	f, err := result(recv, "received", b.span+patience)
	if err != nil {
		return 0, err
	}
	if f["mbps"] <= 0 {
		return 0, fmt.Errorf("plain UDP did not get through the link: %v", f)
	}
	// What is still in the link's queue must not be in front of the next figure.
	time.Sleep(200 * time.Millisecond)
	return f["mbps"], nil
}
