// The key files beside network.conf.
//
// authkey holds the shared key: exactly 128 random bytes, no header. It seals,
// and it opens. authkey.next and authkey.old, when they exist, only open. So a
// key is changed without a stop: put the new key into authkey.next on every node
// and send every executive SIGHUP; then make it authkey everywhere, with the
// former one in authkey.old, and SIGHUP again; then remove authkey.old, and
// SIGHUP a last time.

package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// KeySize is the size of a key file.
const KeySize = 128

// KeyFiles are the names of the key files in the order of the key ring: the
// first one seals, all open. Only the first must exist.
var KeyFiles = [...]string{"authkey", "authkey.next", "authkey.old"}

// Key is one key of the key ring.
type Key struct {
	File  string
	Bytes [KeySize]byte
}

// ReadKeys reads the key ring of dir. A key that other users can read or
// write is refused: whoever has it can join the ring. It must belong to root, to
// the user of this process or to one of owners.
func ReadKeys(dir string, owners ...int) ([]Key, error) {
	var ring []Key
	var errs []error
	for i, name := range KeyFiles {
		path := filepath.Join(dir, name)
		k, err := readKey(path, owners)
		switch {
		case err == nil:
			ring = append(ring, k)
		case i > 0 && errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, fs.ErrNotExist):
			errs = append(errs, fmt.Errorf("%s: does not exist: make one with ais-keygen --confdir %s, and copy it to every node", path, dir))
		default:
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for i := range ring {
		for j := range ring[:i] {
			if ring[i].Bytes == ring[j].Bytes {
				return nil, fmt.Errorf("%s: holds the same key as %s: remove one of them", ring[i].File, ring[j].File)
			}
		}
	}
	return ring, nil
}

func readKey(path string, owners []int) (Key, error) {
	k := Key{File: path}
	// Never wait for the writer of a named pipe that lies there.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return k, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return k, err
	}
	if err := checkKeyFile(path, st, owners); err != nil {
		return k, err
	}
	var buf [KeySize + 1]byte
	n, err := io.ReadFull(f, buf[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	if n != KeySize {
		return k, fmt.Errorf("%s: has %d bytes: a key has exactly %d", path, st.Size(), KeySize)
	}
	copy(k.Bytes[:], buf[:])
	same := true
	for _, b := range k.Bytes {
		same = same && b == k.Bytes[0]
	}
	if same {
		return k, fmt.Errorf("%s: is the byte %#02x 128 times: not a key; make one with ais-keygen", path, k.Bytes[0])
	}
	return k, nil
}

func checkKeyFile(path string, st fs.FileInfo, owners []int) error {
	if !st.Mode().IsRegular() {
		return fmt.Errorf("%s: is not a regular file", path)
	}
	if m := st.Mode().Perm(); m&0o077 != 0 {
		return fmt.Errorf("%s: has mode %04o: other users can get at the key; chmod 0400 %s", path, m, path)
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok || sys.Uid == 0 || int(sys.Uid) == os.Geteuid() || slices.Contains(owners, int(sys.Uid)) {
		return nil
	}
	return fmt.Errorf("%s: belongs to user %d: it must belong to root, to the user who starts aisexec (%d) or to the user aisexec becomes", path, sys.Uid, os.Geteuid())
}
