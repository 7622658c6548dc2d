package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"ais/ctests/harness"
)

// Throughput of EVS by message size: senders send as fast as the executives
// take it, every node has a receiver, and what counts is what each receiver got.

func init() {
	var f ringFlags
	var sizes []int
	var span time.Duration
	var all bool
	cmd := &cobra.Command{
		Use:   "evs",
		Short: "Throughput of EVS by message size",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := cmd.OutOrStdout()
			f.say(w)
			c, err := f.start()
			if err != nil {
				return err
			}
			defer c.Close()
			fmt.Fprintf(w, "%10s %12s %10s %12s\n", "bytes", "messages/s", "MB/s", "try again")
			for _, size := range sizes {
				r, err := throughput(c, size, span, all)
				if err != nil {
					return fmt.Errorf("%d bytes: %w", size, err)
				}
				fmt.Fprintf(w, "%10d %12.0f %10.1f %12d\n", size, r.rate, r.rate*float64(size)/1e6, r.again)
			}
			return nil
		},
	}
	f.add(cmd, 3)
	cmd.Flags().IntSliceVar(&sizes, "sizes", []int{64, 256, 1024, 4096, 16384, 65536, 262144, 1000000}, "bytes")
	cmd.Flags().DurationVar(&span, "for", 2*time.Second, "time per size")
	cmd.Flags().BoolVar(&all, "all-send", false, "every node sends, not only the first")
	register(cmd)
}

type flow struct {
	rate  float64 // messages per second that the slowest receiver got
	again int64
}

// throughput measures one size. Each sender's messages are numbered, and each
// receiver checks that none is missing.
func throughput(c *harness.Cluster, size int, span time.Duration, all bool) (flow, error) {
	if size < 16 {
		return flow{}, errors.New("a message has at least 16 bytes here")
	}
	senders := 1
	if all {
		senders = len(c.Nodes)
	}
	clients := make([]*client, len(c.Nodes))
	for i, n := range c.Nodes {
		k, err := join(n)
		if err != nil {
			return flow{}, err
		}
		defer k.close()
		clients[i] = k
	}
	var wg sync.WaitGroup
	got := make([]int64, len(clients))
	spent := make([]time.Duration, len(clients))
	errs := make([]error, len(clients))
	stop := time.Now().Add(span)
	for i, k := range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p := &party{k: k, id: uint64(i), size: size, sends: i < senders, expect: senders}
			got[i], spent[i], errs[i] = p.run(stop)
		}()
	}
	wg.Wait()
	var r flow
	for i := range clients {
		r.again += clients[i].again
		if rate := float64(got[i]) / spent[i].Seconds(); i == 0 || rate < r.rate {
			r.rate = rate
		}
	}
	return r, errors.Join(errs...)
}

// party is one client of the measurement: it receives, and perhaps sends.
type party struct {
	k      *client
	id     uint64
	size   int
	sends  bool
	expect int // senders whose last message must come

	last     [256]uint64
	ended    int
	received int64
}

// lastOne marks a sender's last message.
const lastOne = 1 << 63

// run sends until stop and receives until every sender's last message came.
func (p *party) run(stop time.Time) (int64, time.Duration, error) {
	began := time.Now()
	payload := make([]byte, p.size)
	var n uint64
	closing := false
	for p.ended < p.expect {
		wait := patience
		if p.sends && !closing {
			wait = 0
			n++
			tag := n
			if time.Now().After(stop) {
				tag |= lastOne
			}
			binary.LittleEndian.PutUint64(payload, tag)
			binary.LittleEndian.PutUint64(payload[8:], p.id)
			ok, err := p.k.try(payload)
			if err != nil {
				return 0, 0, err
			}
			if !ok {
				n--
				wait = time.Millisecond // for room: something is delivered then
			} else {
				closing = tag&lastOne != 0
			}
			if ok && n%16 != 0 && !closing {
				continue
			}
		}
		if err := p.receive(wait); err != nil {
			return 0, 0, err
		}
	}
	return p.received, time.Since(began), nil
}

// receive takes what is there, waiting for the first so long.
func (p *party) receive(wait time.Duration) error {
	for {
		cb, err := p.k.next(wait)
		if err != nil {
			return err
		}
		if cb == nil {
			if wait == patience {
				return errors.New("nothing is delivered any more")
			}
			return nil
		}
		wait = 0
		m, err := message(cb)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		tag, id := number(m), binary.LittleEndian.Uint64(m[8:])
		if len(m) != p.size || id >= uint64(len(p.last)) {
			return fmt.Errorf("a message of %d bytes from sender %d", len(m), id)
		}
		n := tag &^ lastOne
		if n != p.last[id]+1 {
			return fmt.Errorf("message %d of sender %d after %d", n, id, p.last[id])
		}
		p.last[id] = n
		p.received++
		if tag&lastOne != 0 {
			if p.ended++; p.ended == p.expect {
				return nil
			}
		}
	}
}
