// What survives the process: the start number and the reserved ring sequence
// numbers of one node, in one small file that is replaced as a whole.

package totem

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"ais/exec/totem/wire"
)

// stateVersion is the first line of the file.
const stateVersion = "ais-ring 1"

// maxStateFile is more than any file of ours has.
const maxStateFile = 512

// numbers is the content of the file.
type numbers struct {
	start    uint64 // of the latest start
	reserved uint64 // ring sequence numbers up to it may have been used
}

// stateFile is the file and the lock on its directory.
type stateFile struct {
	node wire.NodeID
	dir  *os.File // locked while open
	path string
	numbers
	writes uint64
}

// openState locks the directory, which is made if it is missing, and reads the
// file. A node without a file has never started. Anything else that cannot be
// read is an error: starting from 0 could reuse the id of a ring that somebody
// remembers.
func openState(dir string, node wire.NodeID) (*stateFile, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	s := &stateFile{node: node, dir: d, path: filepath.Join(dir, fmt.Sprintf("ring-%d", node))}
	for {
		err = unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		d.Close()
		if err == unix.EWOULDBLOCK {
			return nil, fmt.Errorf("state directory %s is in use by another executive; each needs its own (--statedir)", dir)
		}
		return nil, fmt.Errorf("locking the state directory %s: %w", dir, err)
	}
	if err := s.read(); err != nil {
		d.Close()
		return nil, err
	}
	return s, nil
}

func (s *stateFile) read() error {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ring numbers: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxStateFile+1))
	if err != nil {
		return fmt.Errorf("ring numbers: %w", err)
	}
	n, node, err := decodeState(data)
	if err == nil && node != s.node {
		err = fmt.Errorf("it belongs to node %d", node)
	}
	if err != nil {
		return fmt.Errorf("ring numbers of node %d: %s: %w. It holds numbers that must never be used again. "+
			"Restore it from a backup; or, if no other node of this ring is running, remove it on all nodes and start them afresh",
			s.node, s.path, err)
	}
	s.numbers = n
	return nil
}

func encodeState(node wire.NodeID, n numbers) []byte {
	b := fmt.Appendf(nil, "%s\nnode %d\nstart %d\nreserved %d\n", stateVersion, node, n.start, n.reserved)
	return fmt.Appendf(b, "check %08x\n", crc32.ChecksumIEEE(b))
}

// decodeState takes exactly what encodeState writes.
func decodeState(data []byte) (n numbers, node wire.NodeID, err error) {
	if len(data) > maxStateFile {
		return n, 0, errors.New("it is too long")
	}
	var check uint32
	if _, err := fmt.Sscanf(string(data), stateVersion+"\nnode %d\nstart %d\nreserved %d\ncheck %x\n", &node, &n.start, &n.reserved, &check); err != nil {
		return numbers{}, 0, errors.New("it is damaged or torn (unreadable)")
	}
	if string(encodeState(node, n)) != string(data) {
		return numbers{}, 0, errors.New("it is damaged (wrong check sum)")
	}
	return n, node, nil
}

// write makes n durable: when it returns without error, n is what the next start
// reads, whatever happens to the machine.
func (s *stateFile) write(n numbers) error {
	tmp := s.path + ".new"
	err := func() error {
		f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
		if err != nil {
			return err
		}
		if _, err := f.Write(encodeState(s.node, n)); err != nil {
			f.Close()
			return err
		}
		if err := f.Sync(); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		if err := os.Rename(tmp, s.path); err != nil {
			return err
		}
		return s.dir.Sync()
	}()
	if err != nil {
		return fmt.Errorf("ring numbers of node %d cannot be made durable: %w", s.node, err)
	}
	s.numbers = n
	s.writes++
	return nil
}

// close releases the lock.
func (s *stateFile) close() { s.dir.Close() }
