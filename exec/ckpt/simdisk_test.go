package ckpt

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"ais/exec/totem/srp"
	"ais/libais/ipcwire"
)

// simDisk is what a simulated node has on disk: the frames of cuts. A cut is under
// way for a while; when the node dies meanwhile, some of its frames are there, or
// all, or none. It is encoded when its time is over, so that a change of the state
// that showed in it would be noticed.
type simDisk struct {
	frames [][]byte // whole cuts
	text   string   // what they hold
	cut    *Cut     // under way
	after  string   // what there is when it is there
}

// insert gives a start of a node its disk.
func (r *simReplica) insert(opt *Options) {
	id := r.env.Self().ID
	d := r.w.disks[id]
	if d == nil || r.env.Self().Start == 1 { // or its disk was lost
		d = &simDisk{}
		r.w.disks[id] = d
	}
	opt.Store, opt.SaveDelay = &simStore{r, d}, int64(20e6+r.env.Random(200e6))
	opt.Restored = d.load(r)
}

// load reads the disk, torn as it may be.
func (d *simDisk) load(r *simReplica) *Image {
	l := NewLoader()
	if d.cut != nil {
		frames := encode(d.cut)
		switch n := r.env.Random(len(frames) + 1); {
		case d.cut.Full && n < len(frames): // the new file never got its name
		case d.cut.Full:
			d.frames, d.text = frames, d.after
		case n < len(frames):
			d.frames = append(slices.Clone(d.frames), frames[:n]...)
		default:
			d.frames, d.text = append(d.frames, frames...), d.after
		}
		d.cut = nil
	}
	for _, f := range d.frames {
		if _, err := l.Frame(f); err != nil {
			r.w.bad = fmt.Errorf("node %d: a frame on its disk: %w", r.env.Self().ID, err)
		}
	}
	img, err := l.Image()
	if err != nil {
		r.w.bad = err
	}
	return img
}

func encode(c *Cut) (frames [][]byte) {
	_ = c.Frames(func(b []byte) error {
		frames = append(frames, slices.Clone(b))
		return nil
	})
	return frames
}

type simStore struct {
	r *simReplica
	d *simDisk
}

func (s *simStore) Save(c *Cut, done func(Saved)) {
	d := s.d
	d.cut, d.after = c, saveable(s.r.svc.state)
	end := func() {
		frames := encode(c)
		d.cut = nil
		if s.r.env.Random(20) == 0 { // the disk is full
			done(Saved{Err: fmt.Errorf("no room")})
			return
		}
		if !c.Full {
			frames = append(d.frames, frames...)
		}
		d.frames, d.text = frames, d.after
		done(Saved{Full: len(d.frames) > 40})
	}
	s.r.timers = append(s.r.timers, &simTimer{at: s.r.env.Now() + srp.Time(s.r.env.Random(300e6)), f: end})
}

// saveable is what of a state is to be found on disk, in order of ids.
func saveable(s *state) string {
	var lines []string
	for _, ck := range s.all {
		if ck.unlinked || ck.attrs.Retention == 0 {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %v %v", ck.name, ck.id, ck.attrs))
		for _, sec := range ck.sections {
			e := ""
			if sec.expiration != ipcwire.CkptTimeEnd {
				e = fmt.Sprint(" expires ", sec.expiration)
			}
			lines = append(lines, fmt.Sprintf("%v %s %d %08x %v %v %x %x by %d%s", ck.id, sec.id, sec.size,
				crc32.ChecksumIEEE(sec.data[:sec.size]), sec.created, sec.version, sec.born, sec.chain, sec.writer, e))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}
