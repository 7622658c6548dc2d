// Root is needed to bind, to make directories and to read the key; not after.

package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// account is who the executive becomes, and which group may connect.
type account struct {
	uid, gid            int
	haveUser, haveGroup bool
}

// lookUpAccount finds user and group of the configuration. Only those that exist
// are found; which that is decides what the executive says and does, not whether
// it runs.
func lookUpAccount(userName, groupName string) account {
	var a account
	if u, err := user.Lookup(userName); err == nil {
		if id, err := strconv.Atoi(u.Uid); err == nil {
			a.uid, a.haveUser = id, true
		}
	}
	if g, err := user.LookupGroup(groupName); err == nil {
		if id, err := strconv.Atoi(g.Gid); err == nil {
			a.gid, a.haveGroup = id, true
		}
	}
	return a
}

// prepareState makes the state directory. What is missing above it is made so
// that the user the executive becomes can get through.
func prepareState(dir string) error {
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o755); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	return nil
}

// giveState gives the state directory and what is in it to the user the executive
// becomes.
func giveState(dir string, a account) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if err := os.Lchown(dir, a.uid, a.gid); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Lchown(filepath.Join(dir, f.Name()), a.uid, a.gid); err != nil {
			return err
		}
	}
	return nil
}

// drop gives root away, when this process has it and the account exists and can
// work in the state directory. It says what it did.
func drop(log *slog.Logger, a account, userName, groupName, stateDir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	if !a.haveUser || !a.haveGroup {
		log.Warn("running as root: the user or group to become does not exist", "user", userName, "group", groupName)
		return nil
	}
	if a.uid == 0 {
		log.Warn("running as root, as configured", "user", userName)
		return nil
	}
	if err := giveState(stateDir, a); err != nil {
		return fmt.Errorf("giving the state directory to %s: %w", userName, err)
	}
	// Tried with the effective ids first: they can be taken back.
	if err := syscall.Setgroups(nil); err != nil {
		return fmt.Errorf("dropping supplementary groups: %w", err)
	}
	if err := syscall.Setresgid(-1, a.gid, -1); err != nil {
		return fmt.Errorf("becoming group %s: %w", groupName, err)
	}
	if err := syscall.Setresuid(-1, a.uid, -1); err != nil {
		return fmt.Errorf("becoming user %s: %w", userName, err)
	}
	if err := unix.Faccessat(unix.AT_FDCWD, stateDir, unix.R_OK|unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		log.Warn("running as root: the user to become cannot reach the state directory", "user", userName, "statedir", stateDir, "error", err)
		if err := syscall.Setresuid(-1, 0, -1); err != nil {
			return err
		}
		return syscall.Setresgid(-1, 0, -1)
	}
	if err := syscall.Setresuid(-1, 0, -1); err != nil { // changing all of them needs root again
		return err
	}
	if err := syscall.Setresgid(a.gid, a.gid, a.gid); err != nil {
		return fmt.Errorf("becoming group %s: %w", groupName, err)
	}
	if err := syscall.Setresuid(a.uid, a.uid, a.uid); err != nil {
		return fmt.Errorf("becoming user %s: %w", userName, err)
	}
	log.Info("root given away", "user", userName, "group", groupName)
	return nil
}
