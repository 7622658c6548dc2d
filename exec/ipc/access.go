package ipc

// This file decides who may connect.

import (
	"slices"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire/usock"
)

// Access is who may connect besides uid 0 and the executive's own uid: users,
// and groups, be they the peer's primary or supplementary one. The group `ais`
// and the rules of uidgid.d come in here as numbers.
type Access struct {
	UIDs []uint32
	GIDs []uint32
}

// maxGroups is more supplementary groups than Linux allows (NGROUPS_MAX).
const maxGroups = 65536

// allowed decides about a peer. groups is asked only when it matters.
func (a *Access) allowed(own, uid, gid uint32, groups func() []uint32) bool {
	if uid == 0 || uid == own || slices.Contains(a.UIDs, uid) || slices.Contains(a.GIDs, gid) {
		return true
	}
	if len(a.GIDs) == 0 {
		return false
	}
	return slices.ContainsFunc(groups(), func(g uint32) bool { return slices.Contains(a.GIDs, g) })
}

// peerGroups are the supplementary groups the peer of fd had when it connected,
// none when the kernel does not tell (before Linux 4.13).
func peerGroups(fd int) []uint32 {
	list := make([]uint32, 64)
	for {
		n, errno := usock.PeerGroups(fd, list)
		switch {
		case errno == 0 && n <= len(list):
			return list[:n]
		case errno == unix.ERANGE && n > len(list) && n <= maxGroups:
			list = make([]uint32, n)
		default:
			return nil
		}
	}
}
