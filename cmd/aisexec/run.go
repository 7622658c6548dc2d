// The life of the process: sessions on the ring, signals, privileges.

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

// Memory: the executive's own state is small, what passes through it is bounded
// by the rooms. A tight collector keeps the resident size near what is in use.
const (
	gcPercent   = 50
	memoryLimit = 192 << 20
)

func tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// tuneFor adapts the collector to what checkpoints hold. That is most of a large
// heap and has no pointers: collecting more often costs little, and the resident
// size stays within a few tenths of the data.
func tuneFor(data int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(max(10, int(gcPercent*memoryLimit/(memoryLimit+data))))
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit + data + data/4)
	}
}

// run is the executive from its configuration to its end: one session on the
// ring after another. There is a second one only when a session ended because
// this node was too slow for the others.
func run(s *settings, log *slog.Logger, raw *asyncWriter) error {
	tune()
	// A reader of standard error that has gone must not end the executive.
	signal.Ignore(syscall.SIGPIPE)
	if err := prepareState(s.stateDir); err != nil {
		return err
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1)
	if err := s.startKeeper(log); err != nil {
		return err
	}
	if k := s.amf.keeper; k != nil {
		defer k.Close()
	}
	notify := notifier{fd: s.readyFD}
	for first := true; ; first = false {
		e, err := newExecutive(s, log)
		if err != nil {
			return err
		}
		if first {
			err = giveCheckpoints(e, s)
		}
		if first && err == nil {
			err = drop(log, s.account, s.net.User, s.net.Group, s.stateDir)
		}
		if err == nil {
			err = e.enter()
		}
		if err == nil && first {
			err = notify.ready()
		}
		if err != nil {
			e.abandon()
			return err
		}
		again, err := e.live(signals, &notify, raw)
		if !again {
			return err
		}
		log.Warn("joining the ring again", "reason", e.overload)
		time.Sleep(rejoinPause)
	}
}

// giveCheckpoints gives the directory of checkpoints to the user that the executive
// becomes.
func giveCheckpoints(e *executive, s *settings) error {
	if e.disk == nil || os.Geteuid() != 0 || !s.account.haveUser || !s.account.haveGroup {
		return nil
	}
	if err := e.disk.Give(s.account.uid, s.account.gid); err != nil {
		return fmt.Errorf("giving the checkpoint directory to %s: %w", s.net.User, err)
	}
	return nil
}

// rejoinPause keeps a node that is always too slow from joining all the time.
const rejoinPause = time.Second

// live serves a session and does what signals ask for meanwhile. When it returns
// no signal that was taken is forgotten and nobody logs for the session any more.
func (e *executive) live(signals <-chan os.Signal, notify *notifier, raw *asyncWriter) (again bool, err error) {
	over, idle := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(idle)
		e.obey(signals, over, notify, raw)
	}()
	again, err = e.serve()
	close(over)
	<-idle
	return again && !e.ending.Load(), err
}

// obey does what signals ask for, until the session is over.
func (e *executive) obey(signals <-chan os.Signal, over <-chan struct{}, notify *notifier, raw *asyncWriter) {
	for {
		select {
		case <-over:
			return
		case sig := <-signals:
			switch sig {
			case syscall.SIGHUP:
				e.reloadKeys()
			case syscall.SIGUSR1:
				e.loop.Post(func() { _, _ = raw.Write(e.recorder.AppendText(nil, 1<<20)) })
			default:
				e.ending.Store(true)
				notify.stopping()
				e.loop.Post(func() { e.stop(sig.String()) })
			}
		}
	}
}

// reloadKeys reads the key files on the caller's goroutine: disks are slow.
func (e *executive) reloadKeys() {
	if !e.set.net.Secauth {
		e.log.Warn("keys are not read: secauth is off")
		return
	}
	keys, err := e.set.readKeys()
	if errors.Is(err, fs.ErrPermission) {
		e.log.Error("the keys stay as they were: since root was given away, directory and keys must belong to the user", "confdir", e.set.confDir, "user", e.set.net.User, "error", err)
		return
	}
	if err != nil {
		e.log.Error("the keys stay as they were", "error", err)
		return
	}
	e.loop.Post(func() {
		if err := e.driver.SetKeys(keyBytes(keys)); err != nil {
			e.log.Error("the keys stay as they were", "error", err)
			return
		}
		e.set.keys = keys
		e.log.Info("keys read again", "keys", len(keys))
	})
}
