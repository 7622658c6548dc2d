// Saving: when a cut is taken, and what its end means. Who writes it is not known
// here (Store); nothing here waits.

package ckpt

// Store keeps cuts. Save begins to write one and returns at once; done is called
// once, later, on the owner's goroutine. There is one cut under way at a time.
type Store interface {
	Save(c *Cut, done func(Saved))
}

// Saved is the end of a Save.
type Saved struct {
	// Err tells that the cut is not on disk; what was there before still is.
	Err error
	// Full asks for a full cut next: what is there has grown out of proportion.
	Full bool
	// Bytes that were written.
	Bytes int64
}

// How long changes wait for a cut, and how much longer after a failure.
const (
	DefaultSaveDelay = 1e9
	longestSaveDelay = 60e9
)

// saver is the saving of this node.
type saver struct {
	store   Store
	delay   int64
	cancel  func() // the timer; nil: it does not run
	busy    bool   // a cut is being written
	failing bool
	pause   int64  // after failures
	last    func() // what is told when the last cut is on disk; nil: go on
}

// restore begins with what is on disk.
func (s *Service) restore() {
	v := &s.saver
	v.store, v.delay = s.opt.Store, s.opt.SaveDelay
	if v.delay <= 0 {
		v.delay = DefaultSaveDelay
	}
	s.state.save = saving{on: v.store != nil, all: true}
	if s.opt.Restored == nil {
		return
	}
	s.stats.Restored = uint64(s.state.restore(s.opt.Restored, s.opt.Wall()))
	s.opt.Restored = nil
	s.watch()
}

// wholeState reports whether this node has everything whole. While it has not,
// nothing is saved: what is on disk is older, but whole.
func (s *Service) wholeState() bool {
	for _, sec := range s.state.filling {
		if !sec.gone && !sec.holder(s.self) {
			return false
		}
	}
	return true
}

// saveSoon has a cut taken when the delay is over, if there is anything to save.
func (s *Service) saveSoon() {
	v := &s.saver
	if v.store == nil || v.busy || v.cancel != nil || !s.state.unsaved() {
		return
	}
	v.cancel = s.env.After(max(v.delay, v.pause), s.save)
}

// save takes a cut.
func (s *Service) save() {
	v := &s.saver
	v.cancel = nil
	if v.busy {
		return
	}
	if !s.state.unsaved() || !s.wholeState() {
		if v.last != nil {
			v.last()
			v.last = nil
			return
		}
		s.saveSoon()
		return
	}
	c := s.state.cut(s.opt.Now())
	v.busy = true
	s.stats.Cuts++
	v.store.Save(c, func(r Saved) { s.saved(c, r) })
}

// saved is told that a cut was written, or not.
func (s *Service) saved(c *Cut, r Saved) {
	v := &s.saver
	v.busy = false
	if r.Err != nil {
		s.stats.SaveFailures++
		s.state.save.all = true // what the cut had is in no other
		v.pause = min(max(2*v.pause, v.delay), longestSaveDelay)
		if !v.failing {
			s.env.Logf("checkpoints are not saved: %v; tried again", r.Err)
		}
		v.failing = true
		if v.last != nil {
			v.last()
			v.last = nil
			return
		}
	} else {
		s.stats.Saves++
		s.stats.SavedBytes += uint64(r.Bytes)
		s.state.save.all = s.state.save.all || r.Full
		if v.failing {
			s.env.Logf("checkpoints are saved again: %d checkpoints, %d sections", c.Checkpoints, c.Sections)
		}
		v.failing, v.pause = false, 0
	}
	if v.last != nil {
		s.save() // what changed while this was written
		return
	}
	s.saveSoon()
}

// SaveLast saves what is not saved yet, for the executive is about to end; done is
// called when it is on disk, or cannot be.
func (s *Service) SaveLast(done func()) {
	v := &s.saver
	if v.store == nil {
		done()
		return
	}
	v.last = done
	if v.cancel != nil {
		v.cancel()
		v.cancel = nil
	}
	s.save()
}

// Unsaved reports whether something changed since the last cut that is on disk, and
// whether saving fails.
func (s *Service) Unsaved() (unsaved, failing bool) {
	v := &s.saver
	return v.store != nil && (v.busy || s.state.unsaved()), v.failing
}
