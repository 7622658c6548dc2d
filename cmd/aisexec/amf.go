// The availability management framework: its configuration, its keeper, and what ends
// with a session.

package main

import (
	"fmt"
	"log/slog"
	"os/user"
	"strconv"
	"strings"
	"time"

	"ais/exec/amf"
	"ais/exec/amf/conf"
	"ais/exec/amf/model"
	"ais/exec/amf/proc"
)

// framework is what was read of AMF before anything was started. A configuration that
// does not hold turns AMF off, and nothing else.
type framework struct {
	cluster *model.Cluster // nil: off
	off     string         // why
	wrong   error          // what does not hold; nil also where there is no file
	user    *proc.User     // whom commands run as; nil: as the executive
	keeper  *proc.Keeper
}

// readFramework reads groups.conf or amf.conf.
func (s *settings) readFramework() {
	f := &s.amf
	f.cluster, f.wrong = conf.Load(s.confDir)
	switch {
	case f.wrong != nil:
		f.off = f.wrong.Error()
	case f.cluster == nil:
		f.off = fmt.Sprintf("there is neither %s nor %s in %s", conf.AMFFile, conf.GroupsFile, s.confDir)
	}
	if s.net == nil {
		return
	}
	if err := s.findAMFUser(); err != nil {
		f.cluster, f.wrong, f.off = nil, err, err.Error()
	}
}

// findAMFUser finds whom commands run as when root started the executive.
func (s *settings) findAMFUser() error {
	if s.account.haveUser && s.account.haveGroup {
		s.amf.user = &proc.User{UID: s.account.uid, GID: s.account.gid}
	}
	if s.net.AMFUser == "" && s.net.AMFGroup == "" {
		return nil
	}
	u := proc.User{}
	if s.amf.user != nil {
		u = *s.amf.user
	}
	if s.net.AMFUser != "" {
		found, err := user.Lookup(s.net.AMFUser)
		if err != nil {
			return fmt.Errorf("amf_user: %q: there is no such user", s.net.AMFUser)
		}
		u.UID, _ = strconv.Atoi(found.Uid)
		u.GID, _ = strconv.Atoi(found.Gid)
	}
	if s.net.AMFGroup != "" {
		found, err := user.LookupGroup(s.net.AMFGroup)
		if err != nil {
			return fmt.Errorf("amf_group: %q: there is no such group", s.net.AMFGroup)
		}
		u.GID, _ = strconv.Atoi(found.Gid)
	}
	s.amf.user = &u
	return nil
}

// startKeeper starts the keeper, while this process still is root if it is. Only
// amf.conf has commands.
func (s *settings) startKeeper(log *slog.Logger) error {
	f := &s.amf
	if f.wrong != nil {
		for _, line := range strings.Split(f.off, "\n") {
			log.Error("availability management is off: its configuration does not hold", "problem", line)
		}
	}
	if f.cluster == nil || f.cluster.Generation != model.GenB {
		return nil
	}
	var err error
	f.keeper, err = proc.Start(f.user)
	return err
}

// availability makes the service, and connects the keeper to the session's loop.
func (e *executive) availability() error {
	f := &e.set.amf
	e.watcher = proc.NewWatcher(e.loop)
	opt := amf.Options{
		Cluster: f.cluster, Off: f.off, Watch: e.watcher.Watch, KillProcess: proc.KillProcess,
		Failfast: func(reason string) { e.tooSlow("AMF: " + reason) },
		Now:      func() int64 { return int64(e.loop.Now()) },
		Wall:     func() int64 { return time.Now().UnixNano() },
		Majority: e.set.net.AMFMajority, Lease: e.set.net.AMFLease,
		// About when the others take over from a node that stands still.
		Fence: e.set.net.Token + e.set.net.Consensus,
	}
	if opt.Majority {
		opt.Fence = min(opt.Fence, opt.Lease*7/8) // before they may
	}
	if f.keeper != nil {
		var err error
		e.keeper, err = f.keeper.Attach(e.loop, e.watcher.Told, func(err error) {
			e.fail(fmt.Errorf("AMF: %w: components cannot be started or ended any more", err))
		})
		if err != nil {
			return err
		}
		// What an earlier session left is not this one's.
		e.keeper.KillAll(func(error) {})
		opt.Processes = e.keeper
	}
	e.amf = amf.New(opt)
	return nil
}

// leaveLimit is how long components may take to be gone before the ring is left all the
// same.
const leaveLimit = 2 * time.Second

// endComponents ends the components that were started here, before the others may
// take their work over.
func (e *executive) endComponents(then func()) {
	done := false
	once := func() {
		if !done {
			done = true
			then()
		}
	}
	e.after(int64(leaveLimit), once)
	e.amf.Shutdown(once)
}

// detach takes the keeper and the watched processes off the loop.
func (e *executive) detach() {
	if e.keeper != nil {
		e.keeper.Detach()
	}
	if e.watcher != nil {
		e.watcher.Close()
	}
}
