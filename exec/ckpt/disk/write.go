// Writing: one goroutine, one cut after the other.

package disk

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"ais/exec/ckpt"
)

const (
	writeBuffer = 1 << 20
	// A file is written anew when what was appended is more than its full cut, and
	// more than this.
	leastAppended = 64 << 20
)

type job struct {
	cut  *ckpt.Cut
	done func(ckpt.Saved)
}

// Save hands a cut to the writer.
func (s *Store) Save(c *ckpt.Cut, done func(ckpt.Saved)) { s.jobs <- job{c, done} }

// run is the writer's goroutine.
func (s *Store) run() {
	defer close(s.done)
	for j := range s.jobs {
		r := s.w.write(j.cut)
		done := j.done
		j = job{} // a cut may be large
		s.opt.Post(func() { done(r) })
	}
	s.w.close()
}

// writer is the file that is written. It belongs to the writer's goroutine.
type writer struct {
	dir        string
	lock       *os.File // the directory, to sync it
	generation uint64   // of the next file
	file       *os.File // nil: the next cut has to be full
	path       string
	full       int64 // bytes of the file's full cut
	size       int64
	damaged    string // a file of an earlier generation that is to be kept
	buf        *bufio.Writer

	space int64 // for tests: bytes that the disk has; less than 0: without end
}

var errNotFull = errors.New("a full cut is needed")

// write writes a cut. After an error the file is as before, or will be replaced.
func (w *writer) write(c *ckpt.Cut) ckpt.Saved {
	if w.buf == nil {
		w.buf = bufio.NewWriterSize(nil, writeBuffer)
	}
	var n int64
	var err error
	switch {
	case c.Full:
		n, err = w.anew(c)
	case w.file == nil:
		err = errNotFull // ckpt sends a full one after every failure
	default:
		n, err = w.append(c)
	}
	return ckpt.Saved{Err: err, Bytes: n, Full: err == nil && w.size-w.full > max(w.full, leastAppended)}
}

// append adds a cut to the file.
func (w *writer) append(c *ckpt.Cut) (int64, error) {
	n, err := w.frames(w.file, c)
	if err == nil {
		err = w.file.Sync()
	}
	if err != nil {
		// What was written of the cut has no commit. It is cut off, for the sake of
		// the disk's space; if that fails too, reading passes it over.
		_ = w.file.Truncate(w.size)
		w.close()
		return 0, err
	}
	w.size += n
	return n, nil
}

// anew writes a full cut into a new file, which then takes the place of the other.
func (w *writer) anew(c *ckpt.Cut) (n int64, err error) {
	g := w.generation
	path := filepath.Join(w.dir, name(g))
	fd, err := unix.Open(path+unfinished, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path + unfinished, Err: err}
	}
	f := os.NewFile(uintptr(fd), path)
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(path + unfinished)
		}
	}()
	head := make([]byte, 0, headerSize)
	head = le.AppendUint32(append(head, magic...), ckpt.CutFormat)
	head = le.AppendUint64(le.AppendUint32(head, 0), g)
	head = le.AppendUint32(head, crc32.Checksum(head, castagnoli))
	if _, err = f.Write(head); err != nil {
		return 0, err
	}
	if n, err = w.frames(f, c); err != nil {
		return 0, err
	}
	if err = f.Sync(); err != nil {
		return 0, err
	}
	if err = os.Rename(path+unfinished, path); err != nil {
		return 0, err
	}
	// From here on the new file is what counts, whatever comes.
	w.close()
	w.generation++
	w.file, w.path = f, path
	w.full = int64(headerSize) + n
	w.size = w.full
	if err := w.lock.Sync(); err != nil {
		w.close() // the name may not last: another full cut
		return 0, fmt.Errorf("syncing %s: %w", w.dir, err)
	}
	w.forget(g)
	return n, nil
}

// forget removes the files of earlier generations.
func (w *writer) forget(g uint64) {
	if w.damaged != "" {
		keepDamaged(w.dir, w.damaged)
		w.damaged = ""
	}
	files, err := os.ReadDir(w.dir)
	if err != nil {
		return
	}
	for _, f := range files {
		if x, ok := generationOf(f.Name()); ok && x < g {
			_ = os.Remove(filepath.Join(w.dir, f.Name()))
		}
	}
}

// frames writes a cut's frames behind what a file has.
func (w *writer) frames(f *os.File, c *ckpt.Cut) (n int64, err error) {
	w.buf.Reset(limited{f, w})
	var head [frameHead]byte
	err = c.Frames(func(b []byte) error {
		if len(b) > ckpt.MaxFrame {
			return fmt.Errorf("a frame of %d bytes", len(b))
		}
		le.PutUint32(head[:], uint32(len(b)))
		le.PutUint32(head[4:], crc32.Checksum(b, castagnoli))
		if _, err := w.buf.Write(head[:]); err != nil {
			return err
		}
		_, err := w.buf.Write(b)
		n += frameHead + int64(len(b))
		return err
	})
	if err == nil {
		err = w.buf.Flush()
	}
	w.buf.Reset(nil)
	return n, err
}

func (w *writer) close() {
	if w.file != nil {
		_ = w.file.Close()
		w.file = nil
	}
}

// limited is a file on a disk of which tests say how large it is.
type limited struct {
	f *os.File
	w *writer
}

func (l limited) Write(b []byte) (int, error) {
	if l.w.space < 0 {
		return l.f.Write(b)
	}
	n := int(min(int64(len(b)), l.w.space))
	l.w.space -= int64(n)
	n, err := l.f.Write(b[:n])
	if err == nil && n < len(b) {
		err = &os.PathError{Op: "write", Path: l.w.path, Err: unix.ENOSPC}
	}
	return n, err
}
