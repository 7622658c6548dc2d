// A checkpoint as a file: a line of JSON that describes it, one for each section, and
// one that tells how many there were, so that half a file is noticed.

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/crc64"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ais/libais/ckpt/client"
	"ais/libais/ipcwire"
)

const dumpFormat = "aisctl-ckpt-1"

// dumpHead, dumpSection and dumpEnd are the lines. Names, ids and data are base64.
type dumpHead struct {
	Format     string                 `json:"format"`
	Name       []byte                 `json:"name"`
	Attributes ipcwire.CkptAttributes `json:"attributes"`
	Dumped     string                 `json:"dumped"`
}

type dumpSection struct {
	ID         []byte `json:"id"`
	Expiration int64  `json:"expiration"` // nanoseconds since 1970; 1<<63-1: never
	Digest     string `json:"digest"`     // CRC-64 (ECMA) of the data
	Data       []byte `json:"data"`
}

type dumpEnd struct {
	End      bool `json:"end"`
	Sections int  `json:"sections"`
}

var dumpTable = crc64.MakeTable(crc64.ECMA)

func dumpDigest(data []byte) string { return fmt.Sprintf("%016x", crc64.Checksum(data, dumpTable)) }

func ckptDumpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "dump NAME FILE",
		Short: "Write a checkpoint into a file (- is standard output)",
		Long: `dump reads a checkpoint and writes it into a file, one line of JSON for each
section. Each section is as it was at one moment, the checkpoint as a whole need not
be: sections that are written meanwhile may be from before or after. A file that
exists is replaced when all is written.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := ckptDial()
			if err != nil {
				return err
			}
			defer k.Close()
			if args[1] == "-" {
				return dump(cmd.OutOrStdout(), k, args[0])
			}
			f, err := os.CreateTemp(filepath.Dir(args[1]), ".aisctl-*")
			if err != nil {
				return err
			}
			err = dump(f, k, args[0])
			if err == nil {
				err = f.Sync()
			}
			if e := f.Close(); err == nil {
				err = e
			}
			if err == nil {
				err = os.Rename(f.Name(), args[1])
			}
			if err != nil {
				_ = os.Remove(f.Name())
			}
			return err
		},
	}
}

func dump(to io.Writer, k *client.Client, name string) error {
	var o ipcwire.CkptOpened
	e := again(func() (e ipcwire.Error) { o, e = k.Open(name, ipcwire.CkptOpenRead, nil); return e })
	if e != ipcwire.OK {
		return ckptFail("open "+name, e)
	}
	w := bufio.NewWriter(to)
	enc := json.NewEncoder(w)
	if err := enc.Encode(&dumpHead{dumpFormat, []byte(name), o.Attributes, time.Now().UTC().Format(time.RFC3339Nano)}); err != nil {
		return err
	}
	var list []dumpSection
	e = again(func() ipcwire.Error {
		list = list[:0]
		return k.Sections(o.Handle, func(s *ipcwire.CkptSection) {
			list = append(list, dumpSection{ID: append([]byte(nil), s.Section...), Expiration: s.Expiration})
		})
	})
	if e != ipcwire.OK {
		return ckptFail("list the sections of "+name, e)
	}
	n := 0
	for i := range list {
		s := &list[i]
		e := again(func() (e ipcwire.Error) { s.Data, e = k.Read(o.Handle, s.ID, 0); return e })
		if e == ipcwire.ErrNotExist && len(s.ID) > 0 {
			continue // deleted, or expired, meanwhile
		}
		if e != ipcwire.OK {
			return ckptFail(fmt.Sprintf("read section %s of %s", printable(s.ID), name), e)
		}
		s.Digest = dumpDigest(s.Data)
		if err := enc.Encode(s); err != nil {
			return err
		}
		s.Data = nil
		n++
	}
	if err := enc.Encode(&dumpEnd{true, n}); err != nil {
		return err
	}
	return w.Flush()
}

func ckptRestoreCommand() *cobra.Command {
	var name string
	var overwrite bool
	var retention time.Duration
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a checkpoint of a file that dump wrote (- is standard input)",
		Long: `restore checks the whole file first. It creates the checkpoint with the attributes
that it had; one of the name that exists must have the same attributes. Sections that
exist are an error without --overwrite, and are overwritten with it; others are left
alone. Sections whose expiration time has passed are left out. Nobody has the
checkpoint open when restore ends, so its retention begins then.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := readDump(args[0])
			if err != nil {
				return err
			}
			if name != "" {
				data.head.Name = []byte(name)
			}
			if cmd.Flags().Changed("retention") {
				data.head.Attributes.Retention = int64(retention)
			}
			if data.head.Attributes.Retention == 0 {
				return fail(exitError, "%s: the checkpoint has no retention time: it would be gone at once; --retention gives it one", args[0])
			}
			k, err := ckptDial()
			if err != nil {
				return err
			}
			defer k.Close()
			created, overwritten, expired, err := data.restore(k, overwrite, time.Now().UnixNano())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d sections created, %d overwritten, %d had expired\n",
				printable(data.head.Name), created, overwritten, expired)
			return err
		},
	}
	c.Flags().StringVar(&name, "name", "", "name of the checkpoint, instead of the one in the file")
	c.Flags().BoolVar(&overwrite, "overwrite", false, "overwrite sections that exist")
	c.Flags().DurationVar(&retention, "retention", 0, "retention time, instead of the one in the file")
	return c
}

// dumped is a file, checked.
type dumped struct {
	head     dumpHead
	sections []dumpSection
}

func readDump(path string) (*dumped, error) {
	f := os.Stdin
	if path != "-" {
		var err error
		if f, err = os.Open(path); err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
	}
	return decodeDump(f, path)
}

func decodeDump(r io.Reader, path string) (*dumped, error) {
	bad := func(format string, args ...any) error {
		return fail(exitError, "%s: %s", path, fmt.Sprintf(format, args...))
	}
	d := &dumped{}
	dec := json.NewDecoder(bufio.NewReader(r))
	if err := dec.Decode(&d.head); err != nil || d.head.Format != dumpFormat {
		return nil, bad("is no file that aisctl ckpt dump wrote, or of another version (format %q, not %q)", d.head.Format, dumpFormat)
	}
	if e := ipcwire.CheckCkptOpen(d.head.Name, ipcwire.CkptOpenCreate|ipcwire.CkptOpenRead|ipcwire.CkptOpenWrite, &d.head.Attributes); e != ipcwire.OK {
		return nil, bad("a checkpoint cannot have this name or these attributes: %s", e)
	}
	for {
		var line struct {
			dumpSection
			dumpEnd
		}
		if err := dec.Decode(&line); err != nil {
			return nil, bad("is not whole: after %d sections: %v", len(d.sections), err)
		}
		if line.End {
			if line.Sections != len(d.sections) || dec.More() {
				return nil, bad("has %d sections, and says that it has %d", len(d.sections), line.Sections)
			}
			return d, nil
		}
		if line.Digest != dumpDigest(line.Data) {
			return nil, bad("section %s is damaged", printable(line.ID))
		}
		d.sections = append(d.sections, line.dumpSection)
	}
}

func (d *dumped) restore(k *client.Client, overwrite bool, now int64) (created, overwritten, expired int, err error) {
	name := string(d.head.Name)
	a := &d.head.Attributes
	var o ipcwire.CkptOpened
	e := again(func() (e ipcwire.Error) {
		o, e = k.Open(name, ipcwire.CkptOpenCreate|ipcwire.CkptOpenRead|ipcwire.CkptOpenWrite, a)
		return e
	})
	if e == ipcwire.ErrExist {
		return 0, 0, 0, fail(exitError, "%s exists with other attributes", printable(d.head.Name))
	}
	if e != ipcwire.OK {
		return 0, 0, 0, ckptFail("open "+name, e)
	}
	if a.Flags&ipcwire.CkptCollocated != 0 && a.Flags&ipcwire.CkptAllReplicas == 0 {
		// It can only be written to when some node's replica is the active one.
		if e := again(func() ipcwire.Error { return k.Activate(o.Handle) }); e != ipcwire.OK {
			return 0, 0, 0, ckptFail("make the replica here the active one of "+name, e)
		}
	}
	for i := range d.sections {
		s := &d.sections[i]
		if s.Expiration <= now {
			expired++
			continue
		}
		e := ipcwire.ErrExist // the default section always does
		if len(s.ID) > 0 {
			e = again(func() (e ipcwire.Error) { _, e = k.Create(o.Handle, s.ID, s.Expiration, s.Data); return e })
		}
		if e == ipcwire.OK {
			created++
			continue
		}
		if e == ipcwire.ErrExist {
			full := len(s.ID) > 0
			if !full {
				var st ipcwire.CkptStatus
				if e := again(func() (e ipcwire.Error) { st, e = k.Status(o.Handle); return e }); e != ipcwire.OK {
					return created, overwritten, expired, ckptFail("ask for the status of "+name, e)
				}
				full = st.MemoryUsed > 0
			}
			if full && !overwrite {
				return created, overwritten, expired, fail(exitError, "section %s of %s exists; --overwrite overwrites it", printable(s.ID), printable(d.head.Name))
			}
			e = again(func() ipcwire.Error { return k.Overwrite(o.Handle, s.ID, s.Data) })
			if full {
				overwritten++
			} else {
				created++
			}
		}
		if e != ipcwire.OK {
			return created, overwritten, expired, ckptFail(fmt.Sprintf("section %s of %s", printable(s.ID), name), e)
		}
	}
	if e := again(func() ipcwire.Error { return k.CloseHandle(o.Handle) }); e != ipcwire.OK {
		return created, overwritten, expired, ckptFail("close "+name, e)
	}
	return created, overwritten, expired, nil
}
