package events

import (
	"fmt"
	"os"
	"time"

	"ais/ctests/harness"
	"ais/libais"
	"ais/libais/evt"
	"ais/libais/evt/client"
	"ais/libais/ipcwire"
)

// What retained events cost a node that joins: the others' publishers are told to
// try again while the services are being synchronized. This file measures the
// longest time for which that happens.

// EvtBarrierReport is what one join cost.
type EvtBarrierReport struct {
	Bytes  int           // of data that were retained
	Paused time.Duration // no publication was accepted for so long at most
	Whole  time.Duration // from the start of the joiner until it had every retained event
}

func (r *EvtBarrierReport) String() string {
	return fmt.Sprintf("%4.0f MiB retained: publishers paused for %.0f ms, the joiner had everything after %.0f ms",
		float64(r.Bytes)/(1<<20), float64(r.Paused.Microseconds())/1000, float64(r.Whole.Microseconds())/1000)
}

// EvtBarrier starts three nodes, retains so many bytes in events of a size, ends
// node 3, starts it again and watches a publisher of node 1.
func EvtBarrier(bytes, size int) (*EvtBarrierReport, error) {
	c, err := harness.New(harness.Options{Nodes: 3})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.StartAll(20 * time.Second); err != nil {
		return nil, err
	}
	p, err := dialEvt(c.Nodes[0])
	if err != nil {
		return nil, err
	}
	defer p.Close()
	channel, err := openEvt(p, "barrier")
	if err != nil {
		return nil, err
	}
	r := &EvtBarrierReport{}
	for ; r.Bytes < bytes; r.Bytes += size {
		if err := publishEvt(p, channel, int64(time.Hour), make([]byte, size)); err != nil {
			return nil, err
		}
	}
	if _, err := c.Nodes[2].Term(); err != nil {
		return nil, err
	}
	<-c.Nodes[2].Exec.Done()
	if err := harness.WaitRing(c.Nodes[:2], 20*time.Second); err != nil {
		return nil, err
	}
	joined := make(chan error, 1)
	began := time.Now()
	go func() { joined <- join(c.Nodes[2], bytes, size, &r.Whole) }()
	last, done := time.Now(), false
	for !done {
		select {
		case err := <-joined:
			if err != nil {
				return nil, err
			}
			done = true
		default:
		}
		_, code := p.Publish(channel, &evt.Attributes{Priority: evt.Lowest}, nil)
		if code != ipcwire.OK && code != ipcwire.ErrTryAgain {
			return nil, fmt.Errorf("publish: %v", code)
		}
		if code == ipcwire.OK {
			r.Paused = max(r.Paused, time.Since(last))
			last = time.Now()
		}
		time.Sleep(time.Millisecond)
	}
	if time.Since(began) > time.Minute {
		return r, fmt.Errorf("it took too long: %v", r)
	}
	return r, nil
}

// join starts a node and subscribes there to what is retained.
func join(n *harness.Node, bytes, size int, took *time.Duration) error {
	began := time.Now()
	if err := n.Start(); err != nil {
		return err
	}
	s, err := dialEvt(n)
	if err != nil {
		return err
	}
	defer s.Close()
	channel, err := openEvt(s, "barrier")
	if err != nil {
		return err
	}
	got, want := 0, (bytes+size-1)/size
	for subscription, deadline := uint64(1), time.Now().Add(30*time.Second); ; subscription++ {
		// The ring of this node alone has its own channel of that name at first: a
		// merge brings what it has not.
		if subscription == 1 {
			if err := againEvt(func() ipcwire.Error { return s.Subscribe(channel, subscription) }); err != nil {
				return err
			}
		}
		e, code := s.Next(64, time.Second)
		switch {
		case code == ipcwire.OK && e.ID == ipcwire.EvtIDLost:
			got = want // more than may wait for one client at once
		case code == ipcwire.OK && len(e.Data) == size && e.Retention > 0:
			got++
		case code != ipcwire.OK && code != ipcwire.ErrTimeout && code != ipcwire.ErrTryAgain:
			return fmt.Errorf("fetch: %v", code)
		}
		if got >= want {
			*took = time.Since(began)
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d retained events", got, want)
		}
	}
}

func dialEvt(n *harness.Node) (*client.Client, error) {
	var c *client.Client
	err := againEvt(func() (code ipcwire.Error) {
		c, code = client.Dial(libais.Options{Socket: n.Socket, AisUID: uint32(os.Getuid())}, 20*time.Second)
		return code
	})
	if err != nil {
		return nil, fmt.Errorf("node %d: event service: %w", n.Index, err)
	}
	return c, nil
}

func openEvt(c *client.Client, name string) (channel uint32, err error) {
	err = againEvt(func() (code ipcwire.Error) {
		channel, code = c.Open(name, evt.Create|evt.Publisher|evt.Subscriber)
		return code
	})
	return channel, err
}

func publishEvt(c *client.Client, channel uint32, retention int64, data []byte) error {
	return againEvt(func() ipcwire.Error {
		_, code := c.Publish(channel, &evt.Attributes{Priority: evt.Lowest, Retention: retention}, data)
		return code
	})
}

// againEvt repeats a call while it is answered TRY_AGAIN.
func againEvt(f func() ipcwire.Error) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		switch code := f(); {
		case code == ipcwire.OK:
			return nil
		case code != ipcwire.ErrTryAgain || time.Now().After(deadline):
			return fmt.Errorf("answered %v", code)
		}
	}
}
