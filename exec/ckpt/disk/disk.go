// Package disk keeps checkpoints in a directory, beyond the end of the executive.
//
// One file holds everything: a header, then frames, each with its length and a
// CRC-32C. A file begins with a full cut of the state (see ckpt.Cut); cuts of what
// changed are appended. When those have become more than the full one, or after
// anything went wrong, the next cut is a full one in a new file, which takes the
// place of the old one when it is on disk whole (written, synced, renamed, and the
// directory synced). So at every moment a whole state is on disk.
//
//	file    "AISCKPT\n", format uint32, zero uint32, generation uint64, CRC-32C of these
//	frame   length uint32, CRC-32C of the payload uint32, payload
//
// Files are called checkpoints-GENERATION. They are of mode 0600 in a directory that
// only its owner may write to, and which one executive at a time has locked. A file
// of another format is refused, not replaced.
//
// All writing is done by one goroutine (write.go); Open reads before the ring
// starts. Nothing here knows what a checkpoint is.
package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"ais/exec/ckpt"
)

const (
	magic      = "AISCKPT\n"
	headerSize = len(magic) + 4 + 4 + 8 + 4
	frameHead  = 8
	prefix     = "checkpoints-"
	unfinished = ".new"
	damaged    = ".damaged"
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// Options of Open.
type Options struct {
	Dir string
	// Post calls a function on the owner's goroutine.
	Post func(func())
}

// Found is what Open found.
type Found struct {
	Image *ckpt.Image // nil: nothing
	File  string      // that it came from
	Bytes int64       // of the file
	// Problems says what was torn or damaged, for the log. What could be read up to
	// there is in Image; damaged files are kept under another name.
	Problems []string

	damaged string // a file that counts, and is to be kept when it does no longer
}

// Store is an open directory. It implements ckpt.Store.
type Store struct {
	opt  Options
	lock *os.File // the directory
	jobs chan job
	done chan struct{}
	w    writer
}

// Open makes the directory if it is missing, checks and locks it, and reads what is
// in it. The error names what is wrong with the directory, or with a file that must
// not be replaced.
func Open(opt Options) (*Store, *Found, error) {
	lock, err := openDir(opt.Dir)
	if err != nil {
		return nil, nil, err
	}
	found, next, err := load(opt.Dir)
	if err != nil {
		_ = lock.Close()
		return nil, nil, err
	}
	s := &Store{opt: opt, lock: lock, jobs: make(chan job, 1), done: make(chan struct{})}
	s.w = writer{dir: opt.Dir, generation: next, lock: lock, damaged: found.damaged, space: -1}
	go s.run()
	return s, found, nil
}

// openDir makes, checks and locks the directory.
func openDir(dir string) (*os.File, error) {
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("checkpoint_dir: %s: must be an absolute path", dir)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("checkpoint_dir: %w", err)
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, fmt.Errorf("checkpoint_dir: %s: %w (it must be a directory)", dir, err)
	}
	f := os.NewFile(uintptr(fd), dir)
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	switch uid := uint32(os.Geteuid()); {
	case err != nil:
	case st.Mode&0o022 != 0:
		err = fmt.Errorf("its mode is %04o: others may write to it; chmod go-w", st.Mode&0o7777)
	case uid != 0 && st.Uid != uid:
		err = fmt.Errorf("it belongs to uid %d, this executive is uid %d", st.Uid, uid)
	default:
		if err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
			err = errors.New("another executive uses it")
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("checkpoint_dir: %s: %w", dir, err)
	}
	return f, nil
}

// Give gives the directory and the files in it to the user that the executive
// becomes.
func (s *Store) Give(uid, gid int) error {
	if err := s.lock.Chown(uid, gid); err != nil {
		return err
	}
	files, err := os.ReadDir(s.opt.Dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), prefix) {
			continue
		}
		if err := os.Lchown(filepath.Join(s.opt.Dir, f.Name()), uid, gid); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the writer, after what it is doing, and unlocks the directory.
func (s *Store) Close() {
	close(s.jobs)
	<-s.done
	_ = s.lock.Close()
}

func name(generation uint64) string { return fmt.Sprintf("%s%016x", prefix, generation) }

// generationOf reads a file's name.
func generationOf(file string) (uint64, bool) {
	hex, ok := strings.CutPrefix(file, prefix)
	if !ok || len(hex) != 16 {
		return 0, false
	}
	g, err := strconv.ParseUint(hex, 16, 64)
	return g, err == nil
}

// load reads the newest file that has anything, and tidies up: unfinished files go,
// damaged ones get another name. next is the generation of the next file.
func load(dir string) (found *Found, next uint64, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0, fmt.Errorf("checkpoint_dir: %w", err)
	}
	found, next = &Found{}, 1
	var list []uint64
	for _, f := range files {
		if strings.HasPrefix(f.Name(), prefix) && strings.HasSuffix(f.Name(), unfinished) {
			_ = os.Remove(filepath.Join(dir, f.Name())) // never was the state
		}
		if g, ok := generationOf(f.Name()); ok {
			list = append(list, g)
		}
	}
	slices.Sort(list)
	slices.Reverse(list)
	for _, g := range list {
		next = max(next, g+1)
		path := filepath.Join(dir, name(g))
		img, problem, err := read(path, g)
		var other *formatError
		if errors.As(err, &other) {
			return nil, 0, fmt.Errorf("checkpoint_dir: %w", err)
		}
		if err != nil {
			problem = fmt.Errorf("%s: %w", path, err)
		}
		if problem != nil {
			found.Problems = append(found.Problems, problem.Error())
			var torn *tornError
			if !errors.As(problem, &torn) {
				found.damaged = path
			}
			if img == nil && found.damaged == path {
				keepDamaged(dir, path)
				found.damaged = ""
			}
		}
		if img != nil {
			found.Image, found.File = img, path
			if st, err := os.Stat(path); err == nil {
				found.Bytes = st.Size()
			}
			break
		}
	}
	return found, next, nil
}

// keepDamaged gives a damaged file a name under which it is kept for the operator.
// Only the last one is.
func keepDamaged(dir, path string) {
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if strings.HasPrefix(f.Name(), prefix) && strings.HasSuffix(f.Name(), damaged) {
			_ = os.Remove(filepath.Join(dir, f.Name()))
		}
	}
	_ = os.Rename(path, path+damaged)
}

// formatError is a file of another format: of a later aisexec, most likely.
type formatError struct{ text string }

func (e *formatError) Error() string { return e.text }

// tornError is a file that ends within a cut: the process, or the machine, ended
// while it was written. That is no damage.
type tornError struct{ text string }

func (e *tornError) Error() string { return e.text }

// read reads a file up to where it is torn or damaged. problem says so; err is
// that it cannot be read at all.
func read(path string, generation uint64) (img *ckpt.Image, problem, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, nil, errors.New("is not a regular file")
	}
	img, err = Read(f, st.Size(), generation)
	var other *formatError
	if errors.As(err, &other) {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if err != nil {
		problem = fmt.Errorf("%s: %w", path, err)
	}
	return img, problem, nil
}

// Read reads a file of a size. With an error there may be an image: of what was
// whole before what is wrong.
func Read(r io.Reader, size int64, generation uint64) (*ckpt.Image, error) {
	head := make([]byte, headerSize)
	if size < int64(headerSize) {
		return nil, &tornError{fmt.Sprintf("it has %d bytes, less than its header", size)}
	}
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if err := checkHeader(head, generation); err != nil {
		return nil, err
	}
	l, why := readFrames(r, size-int64(headerSize))
	img, err := l.Image()
	if err != nil {
		return nil, err
	}
	return img, why
}

func checkHeader(head []byte, generation uint64) error {
	n := len(head) - 4
	switch {
	case string(head[:len(magic)]) != magic:
		return errors.New("it does not begin as a file of checkpoints does")
	case crc32.Checksum(head[:n], castagnoli) != le.Uint32(head[n:]):
		return errors.New("its header is damaged")
	case le.Uint32(head[8:]) != ckpt.CutFormat:
		return &formatError{fmt.Sprintf("it is of format %d, this executive knows format %d: use the aisexec that wrote it, or move it away",
			le.Uint32(head[8:]), ckpt.CutFormat)}
	case le.Uint64(head[16:]) != generation:
		return fmt.Errorf("it is of generation %x", le.Uint64(head[16:]))
	}
	return nil
}

// readFrames hands frames to a loader until one is wrong, or the end.
func readFrames(r io.Reader, left int64) (l *ckpt.Loader, why error) {
	l = ckpt.NewLoader()
	at := int64(headerSize)
	whole := at // up to here it is committed
	var head [frameHead]byte
	var buf []byte
	for left > 0 {
		if left < frameHead {
			return l, torn(at, whole)
		}
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return l, err
		}
		n, sum := int64(le.Uint32(head[:])), le.Uint32(head[4:])
		left -= frameHead
		if n > left {
			return l, torn(at, whole)
		}
		if n == 0 || n > ckpt.MaxFrame {
			return l, fmt.Errorf("damaged at byte %d: a frame of %d bytes; what is up to byte %d counts", at, n, whole)
		}
		if int64(cap(buf)) < n {
			buf = make([]byte, n)
		}
		buf = buf[:n]
		if _, err := io.ReadFull(r, buf); err != nil {
			return l, err
		}
		left -= n
		if crc32.Checksum(buf, castagnoli) != sum {
			return l, fmt.Errorf("damaged in bytes %d to %d: the checksum is wrong; what is up to byte %d counts", at, at+frameHead+n, whole)
		}
		committed, err := l.Frame(buf)
		if err != nil {
			return l, fmt.Errorf("damaged in bytes %d to %d: %w", at, at+frameHead+n, err)
		}
		at += frameHead + n
		if committed {
			whole = at
		}
	}
	if whole < at {
		return l, torn(at, whole)
	}
	return l, nil
}

func torn(at, whole int64) error {
	return &tornError{fmt.Sprintf("torn at byte %d: what was being saved when the executive ended is not there; what is up to byte %d counts", at, whole)}
}
