package libais

// This file decides which socket is used and which server is believed.

import (
	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// Options say whom to dial and as what.
type Options struct {
	// Socket is the value of AIS_SOCKET: a path, or '@' and an abstract name.
	// Empty means ipcwire.DefaultSocket.
	Socket string
	// Secure makes Dial ignore Socket: the process is set-id or has file
	// capabilities (AT_SECURE). Differing real and effective ids are noticed
	// without it.
	Secure bool
	// Service and Generation are what the connection is for; Hello is the
	// service's own part, at most ipcwire.MaxHello bytes. It is copied.
	Service    ipcwire.Service
	Generation ipcwire.Generation
	Hello      []byte
	// AisUID is the uid of the account the executive may run as; 0 when there
	// is none.
	AisUID uint32
}

// socketOf is the socket that o means for a process that is set-id or not.
func socketOf(o *Options, setid bool) string {
	if o.Socket == "" || o.Secure || setid {
		return ipcwire.DefaultSocket
	}
	return o.Socket
}

// setID tells whether the process has privileges its user has not.
func setID() bool { return unix.Getuid() != unix.Geteuid() || unix.Getgid() != unix.Getegid() }

// trusted tells whether a server of that uid may be believed: root, the
// executive's account, or this program's own user. Anyone may listen on an
// abstract name, so without this check any user could stand in for the
// executive.
func trusted(server, own, ais uint32) bool {
	return server == 0 || server == own || (ais != 0 && server == ais)
}

// checkServer asks the kernel who listens at the other end of fd.
func checkServer(fd int, ais uint32) ipcwire.Error {
	cred, errno := usock.Peer(fd)
	if errno != 0 {
		return ipcwire.ErrLibrary
	}
	if !trusted(cred.Uid, uint32(unix.Geteuid()), ais) {
		return ipcwire.ErrSecurity
	}
	return ipcwire.OK
}
