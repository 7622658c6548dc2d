package ipc

// This file makes the listening socket and takes its path away again. It owns
// nothing afterwards: the Server closes the descriptor.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// listener is a listening socket and, for one with a path, which file is ours.
type listener struct {
	fd   int
	path string
	dev  uint64
	ino  uint64
}

// ErrInUse is in the error of New when another executive answers at the socket.
var ErrInUse = errors.New("another executive is listening there")

// listen binds and listens. socket is as in AIS_SOCKET, empty for the default.
func listen(socket string) (*listener, error) {
	if socket == "" {
		socket = ipcwire.DefaultSocket
	}
	name, abstract, ok := ipcwire.SocketName(socket)
	if !ok {
		return nil, fmt.Errorf("library socket %q: a path or @name has 1 to %d bytes and none is zero", socket, ipcwire.MaxSocketName)
	}
	fd, errno := usock.Socket()
	if errno != 0 {
		return nil, fmt.Errorf("library socket %q: socket: %w", socket, errno)
	}
	l := &listener{fd: fd}
	var err error
	if abstract {
		err = l.bindAbstract(name)
	} else {
		err = l.bindPath(name)
	}
	if err != nil {
		usock.Close(fd)
		return nil, fmt.Errorf("library socket %q: %w", socket, err)
	}
	return l, nil
}

// backlog is how many connections may wait to be accepted; the kernel cuts it to
// net.core.somaxconn.
const backlog = 4096

func (l *listener) bindAbstract(name string) error {
	if errno := usock.Bind(l.fd, name, true); errno == unix.EADDRINUSE {
		return ErrInUse
	} else if errno != 0 {
		return fmt.Errorf("bind: %w", errno)
	}
	if err := unix.Listen(l.fd, backlog); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

// bindPath binds to a path. What a crashed executive left there is taken over
// only if nobody answers; the lock on the directory keeps two executives that
// start at once from taking each other's fresh socket for a stale one.
func (l *listener) bindPath(path string) error {
	unlock, err := lockDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer unlock()
	errno := usock.Bind(l.fd, path, false)
	if errno == unix.EADDRINUSE {
		if err := removeStale(path); err != nil {
			return err
		}
		errno = usock.Bind(l.fd, path, false)
	}
	if errno != 0 {
		return fmt.Errorf("bind: %w", errno)
	}
	l.path = path
	var st unix.Stat_t
	// Anyone may reach the socket: who may stay is decided by credentials.
	if err = unix.Chmod(path, 0o666); err == nil {
		if err = unix.Lstat(path, &st); err == nil {
			l.dev, l.ino = uint64(st.Dev), st.Ino
			err = unix.Listen(l.fd, backlog)
		}
	}
	if err != nil {
		os.Remove(path)
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

// lockDir locks a directory for the moment of binding.
func lockDir(dir string) (unlock func(), err error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("directory %s: %w", dir, err)
	}
	// Whoever may read the directory can hold the lock, so there is an end to
	// waiting for it.
	const tries, pause = 200, 10 * time.Millisecond
	for i := 0; ; i++ {
		err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { unix.Close(fd) }, nil
		}
		if (err != unix.EWOULDBLOCK && err != unix.EINTR) || i == tries {
			unix.Close(fd)
			return nil, fmt.Errorf("directory %s is locked by another program: %w", dir, err)
		}
		time.Sleep(pause)
	}
}

// removeStale removes a socket at path that nobody listens on.
func removeStale(path string) error {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		if err == unix.ENOENT {
			return nil
		}
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return errors.New("something that is not a socket is in the way")
	}
	fd, errno := usock.Socket()
	if errno != 0 {
		return fmt.Errorf("socket: %w", errno)
	}
	defer usock.Close(fd)
	switch errno := usock.Connect(fd, path, false); errno {
	case unix.ECONNREFUSED:
		if err := unix.Unlink(path); err != nil && err != unix.ENOENT {
			return fmt.Errorf("stale socket: %w", err)
		}
		return nil
	case 0, unix.EAGAIN: // EAGAIN: somebody listens and is busy
		return ErrInUse
	default:
		return fmt.Errorf("a socket is in the way and cannot be asked: %w", errno)
	}
}

// close closes the socket and removes its path, unless the path is somebody
// else's by now.
func (l *listener) close() {
	if l.fd < 0 {
		return
	}
	usock.Close(l.fd)
	l.fd = -1
	if l.path == "" {
		return
	}
	var st unix.Stat_t
	if unix.Lstat(l.path, &st) == nil && uint64(st.Dev) == l.dev && st.Ino == l.ino {
		os.Remove(l.path)
	}
}
