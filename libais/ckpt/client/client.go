// Package client is the checkpoint service for Go programs that may wait (aisctl,
// aisbench, tests): one connection, calls that return when they are answered. It is
// not for several goroutines at once, and never for Go code that C calls.
package client

import (
	"time"

	"ais/libais"
	"ais/libais/ckpt"
	"ais/libais/ipcwire"
	"ais/libais/wait"
)

// Client is one connection.
type Client struct {
	conn    *libais.Conn
	scratch ckpt.Scratch
	t       ckpt.Transfer
	timeout time.Duration
	one     [1]ckpt.ReadVector
	buf     []byte
}

// Dial connects to the checkpoint service; o.Service is set, and o.Generation if it
// is zero. timeout is that of every request, too.
func Dial(o libais.Options, timeout time.Duration) (*Client, ipcwire.Error) {
	o.Service = ipcwire.CKPT
	if o.Generation == 0 {
		o.Generation = ipcwire.GenB
	}
	c, err := wait.Dial(o, timeout)
	if err != ipcwire.OK {
		return nil, err
	}
	return &Client{conn: c, timeout: timeout}, ipcwire.OK
}

// Close ends the connection, and with it every handle.
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

// transfer carries a transfer on to its end.
func (c *Client) transfer(err ipcwire.Error) ipcwire.Error {
	if err != ipcwire.OK {
		return err
	}
	deadline := time.Now().Add(c.timeout)
	for p := ckpt.Again; ; p = c.t.Next(c.conn) {
		switch p {
		case ckpt.Done:
			err, _, _ := c.t.Result()
			return err
		case ckpt.Pause:
			time.Sleep(time.Duration(c.t.PauseFor()))
			continue
		}
		if err, _ := wait.Finish(c.conn, time.Until(deadline)); err == ipcwire.ErrTimeout {
			return err
		}
	}
}

// Open opens a checkpoint; attrs is nil without creation attributes.
func (c *Client) Open(name string, flags uint32, attrs *ipcwire.CkptAttributes) (o ipcwire.CkptOpened, err ipcwire.Error) {
	// The executive's timeout passes first; ours is for an executive that hangs.
	err = c.finish(ckpt.StartOpen(c.conn, &c.scratch, []byte(name), flags, attrs, int64(c.timeout)*9/10))
	if err != ipcwire.OK {
		return o, err
	}
	return o, ckpt.OpenAnswer(c.conn, &o)
}

// CloseHandle closes a handle.
func (c *Client) CloseHandle(handle uint32) ipcwire.Error {
	return c.finish(ckpt.StartClose(c.conn, &c.scratch, handle))
}

// Unlink unlinks a checkpoint.
func (c *Client) Unlink(name string) ipcwire.Error {
	return c.finish(ckpt.StartUnlink(c.conn, &c.scratch, []byte(name)))
}

// Activate makes the replica of this node the active one of a collocated checkpoint.
func (c *Client) Activate(handle uint32) ipcwire.Error {
	return c.finish(ckpt.StartActiveReplicaSet(c.conn, &c.scratch, handle))
}

// Create creates a section and returns its id; an empty one is generated.
func (c *Client) Create(handle uint32, section []byte, expiration int64, data []byte) (id []byte, err ipcwire.Error) {
	err = c.transfer(c.t.StartSectionCreate(c.conn, handle, section, expiration, data))
	return append([]byte(nil), c.t.Section()...), err
}

// Delete deletes a section.
func (c *Client) Delete(handle uint32, section []byte) ipcwire.Error {
	return c.finish(ckpt.StartSectionDelete(c.conn, &c.scratch, handle, section))
}

// Overwrite replaces a section's content.
func (c *Client) Overwrite(handle uint32, section, data []byte) ipcwire.Error {
	return c.transfer(c.t.StartOverwrite(c.conn, handle, section, data))
}

// Write writes vectors. index is the wrong one's, if indexed.
func (c *Client) Write(handle uint32, vectors []ckpt.Vector) (err ipcwire.Error, index uint32, indexed bool) {
	if err = c.transfer(c.t.StartWrite(c.conn, handle, vectors)); err != ipcwire.OK {
		_, index, indexed = c.t.Result()
	}
	return err, index, indexed
}

// Read reads a section from an offset to its end. The result is valid until the
// next read.
func (c *Client) Read(handle uint32, section []byte, offset uint64) ([]byte, ipcwire.Error) {
	c.one[0] = ckpt.ReadVector{Section: section, Offset: offset, Size: ipcwire.CkptToEnd}
	err := c.transfer(c.t.StartRead(c.conn, handle, c.one[:], c.place))
	if err != ipcwire.OK {
		return nil, err
	}
	return c.buf[:c.t.ReadSize(0)], ipcwire.OK
}

func (c *Client) place(_ int, total uint64) []byte {
	if uint64(cap(c.buf)) < total {
		c.buf = make([]byte, total)
	}
	return c.buf[:total]
}

// Status asks for a checkpoint's descriptor.
func (c *Client) Status(handle uint32) (st ipcwire.CkptStatus, err ipcwire.Error) {
	if err = c.finish(ckpt.StartStatusGet(c.conn, &c.scratch, handle)); err != ipcwire.OK {
		return st, err
	}
	return st, ckpt.StatusGetAnswer(c.conn, &st)
}

// Synchronize waits until all earlier writes are on every replica.
func (c *Client) Synchronize(handle uint32) ipcwire.Error {
	return c.finish(ckpt.StartSynchronize(c.conn, &c.scratch, handle, int64(c.timeout)*9/10))
}

// Sections calls f for each section.
func (c *Client) Sections(handle uint32, f func(*ipcwire.CkptSection)) ipcwire.Error {
	const batch = 1024
	var list ipcwire.CkptSections
	for {
		if err := c.finish(ckpt.StartIterate(c.conn, &c.scratch, handle, ipcwire.CkptAny, 0, list.Cursor, batch)); err != ipcwire.OK {
			return err
		}
		switch err := ckpt.IterateAnswer(c.conn, &list); err {
		case ipcwire.OK:
		case ipcwire.ErrNoSections:
			return ipcwire.OK
		default:
			return err
		}
		for i := range list.Sections {
			f(&list.Sections[i])
		}
		if list.End {
			return ipcwire.OK
		}
	}
}
