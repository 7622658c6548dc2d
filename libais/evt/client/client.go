// Package client is the event service for Go programs that may wait (aisctl,
// aisbench, tests): one connection, calls that return when they are answered. It is
// not for several goroutines at once, and never for Go code that C calls.
package client

import (
	"bytes"
	"time"

	"ais/libais"
	"ais/libais/evt"
	"ais/libais/ipcwire"
	"ais/libais/wait"
)

// Client is one connection.
type Client struct {
	conn    *libais.Conn
	scratch evt.Scratch
	batch   ipcwire.EvtBatch
	at      int // next of batch
	timeout time.Duration
}

// Dial connects to the event service; o.Service is set. timeout is that of every
// request, too.
func Dial(o libais.Options, timeout time.Duration) (*Client, ipcwire.Error) {
	o.Service, o.Generation = ipcwire.EVT, ipcwire.GenB
	c, err := wait.Dial(o, timeout)
	if err != ipcwire.OK {
		return nil, err
	}
	return &Client{conn: c, timeout: timeout}, ipcwire.OK
}

// Close ends the connection.
func (c *Client) Close() { c.conn.Close() }

// Conn is the connection below.
func (c *Client) Conn() *libais.Conn { return c.conn }

func (c *Client) finish(err ipcwire.Error) ipcwire.Error {
	if err != ipcwire.OK {
		return err
	}
	err, _ = wait.Finish(c.conn, c.timeout)
	return err
}

// Open opens a channel.
func (c *Client) Open(name string, flags uint8) (channel uint32, err ipcwire.Error) {
	// The executive's timeout passes first; ours is for an executive that hangs.
	err = c.finish(evt.StartOpen(c.conn, &c.scratch, []byte(name), flags, false, int64(c.timeout)*9/10))
	if err != ipcwire.OK {
		return 0, err
	}
	return evt.OpenAnswer(c.conn)
}

// CloseChannel closes an opening.
func (c *Client) CloseChannel(channel uint32) ipcwire.Error {
	return c.finish(evt.StartClose(c.conn, &c.scratch, channel))
}

// Unlink unlinks a channel.
func (c *Client) Unlink(name string) ipcwire.Error {
	return c.finish(evt.StartUnlink(c.conn, &c.scratch, []byte(name), false))
}

// Publish publishes an event.
func (c *Client) Publish(channel uint32, a *evt.Attributes, data []byte) (p ipcwire.EvtPublished, err ipcwire.Error) {
	if err = c.finish(evt.StartPublish(c.conn, &c.scratch, channel, a, data)); err != ipcwire.OK {
		return p, err
	}
	return evt.PublishAnswer(c.conn)
}

// Subscribe subscribes.
func (c *Client) Subscribe(channel uint32, id uint64, filters ...ipcwire.EvtFilter) ipcwire.Error {
	return c.finish(evt.StartSubscribe(c.conn, &c.scratch, channel, id, filters))
}

// Unsubscribe ends a subscription.
func (c *Client) Unsubscribe(channel uint32, id uint64) ipcwire.Error {
	return c.finish(evt.StartUnsubscribe(c.conn, &c.scratch, channel, id))
}

// ClearRetention ends an event's retention.
func (c *Client) ClearRetention(channel uint32, id uint64) ipcwire.Error {
	return c.finish(evt.StartRetentionClear(c.conn, &c.scratch, channel, id))
}

// Next waits for the next event. It is valid until the next call of any method, and
// what was fetched (see Fetched) must be taken before any other request is made.
// most is how many to fetch at once: 1 leaves the others where a more important
// one may still overtake them. ErrTimeout: there was none in time.
func (c *Client) Next(most int, timeout time.Duration) (*ipcwire.EvtEvent, ipcwire.Error) {
	deadline := time.Now().Add(timeout)
	for c.at == len(c.batch.Events) {
		cb, err := wait.Callback(c.conn, max(0, time.Until(deadline)))
		if err != ipcwire.OK {
			return nil, err
		}
		if !evt.Pending(cb) {
			return nil, ipcwire.ErrLibrary
		}
		if err := c.finish(evt.StartNext(c.conn, &c.scratch, most)); err != ipcwire.OK {
			return nil, err
		}
		if err := evt.NextAnswer(c.conn, &c.batch); err != ipcwire.OK {
			return nil, err
		}
		c.at = 0
	}
	c.at++
	return &c.batch.Events[c.at-1], ipcwire.OK
}

// Fetched is how many events were fetched and not taken by Next yet.
func (c *Client) Fetched() int { return len(c.batch.Events) - c.at }

// Channels lists all channels as this node sees them.
func (c *Client) Channels() (list []ipcwire.EvtChannelInfo, err ipcwire.Error) {
	var q ipcwire.EvtChannelsReq
	for {
		err, body := wait.Call(c.conn, c.timeout, ipcwire.EvtChannels, ipcwire.AppendEvtChannelsReq(nil, &q))
		if err != ipcwire.OK {
			return nil, err
		}
		var page ipcwire.EvtChannelPage
		if !ipcwire.DecodeEvtChannelPage(bytes.Clone(body), &page) {
			return nil, ipcwire.ErrLibrary
		}
		list = append(list, page.Channels...)
		if !page.More || len(page.Channels) == 0 {
			return list, ipcwire.OK
		}
		q.After = page.Channels[len(page.Channels)-1].ID
	}
}

// Retained lists the retained events of a channel.
func (c *Client) Retained(channel ipcwire.EvtDot) (list []ipcwire.EvtRetainedInfo, err ipcwire.Error) {
	q := ipcwire.EvtRetainedReq{Channel: channel}
	for {
		err, body := wait.Call(c.conn, c.timeout, ipcwire.EvtRetained, ipcwire.AppendEvtRetainedReq(nil, &q))
		if err != ipcwire.OK {
			return nil, err
		}
		var page ipcwire.EvtRetainedPage
		if !ipcwire.DecodeEvtRetainedPage(bytes.Clone(body), &page) {
			return nil, ipcwire.ErrLibrary
		}
		list = append(list, page.Events...)
		if !page.More || len(page.Events) == 0 {
			return list, ipcwire.OK
		}
		q.After = page.Events[len(page.Events)-1].Dot
	}
}
