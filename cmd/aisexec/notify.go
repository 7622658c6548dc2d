// Telling whoever started the executive that it is ready, or stopping.

package main

import (
	"fmt"
	"os"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notifier tells a service manager (NOTIFY_SOCKET) and, when it was asked for,
// the reader of a descriptor.
type notifier struct{ fd int }

// ready is said once, when clients can connect.
func (n *notifier) ready() error {
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		return fmt.Errorf("ready notification: %w", err)
	}
	if n.fd < 0 {
		return nil
	}
	f := os.NewFile(uintptr(n.fd), "ready-fd")
	n.fd = -1
	if f == nil {
		return fmt.Errorf("--ready-fd is no descriptor")
	}
	defer f.Close()
	if _, err := f.WriteString("READY=1\n"); err != nil {
		return fmt.Errorf("ready notification: %w", err)
	}
	return nil
}

// stopping is said when the end begins; nobody is to wait for it.
func (n *notifier) stopping() { _, _ = daemon.SdNotify(false, daemon.SdNotifyStopping) }
