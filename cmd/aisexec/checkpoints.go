// Checkpoints: where they are kept, and what aisctl ckpt is told of them.

package main

import (
	"fmt"
	"slices"
	"time"

	"ais/exec/ckpt"
	"ais/exec/ckpt/disk"
	"ais/exec/ctl/report"
	"ais/exec/totem/wire"
)

// checkpoints makes the checkpoint service, with what is on disk.
func (e *executive) checkpoints() error {
	n := e.set.net
	opt := ckpt.Options{
		Now:       func() int64 { return int64(e.loop.Now()) },
		Wall:      func() int64 { return time.Now().UnixNano() },
		Used:      tuneFor,
		Lost:      e.lostCheckpoint,
		Memory:    int64(n.CheckpointMemory) << 20,
		Each:      int64(n.CheckpointSize) << 20,
		SaveDelay: n.CheckpointDelay.Nanoseconds(),
	}
	if n.CheckpointDir != "" {
		store, found, err := disk.Open(disk.Options{Dir: n.CheckpointDir, Post: e.loop.Post})
		if err != nil {
			return err
		}
		e.disk, opt.Store, opt.Restored = store, store, found.Image
		for _, p := range found.Problems {
			opt.Problems++
			e.log.Error("a file of checkpoints is not whole", "problem", p)
		}
		if found.Image != nil {
			checkpoints, sections, bytes := found.Image.Count()
			e.log.Info("checkpoints on disk", "file", found.File, "checkpoints", checkpoints, "sections", sections, "bytes", bytes)
		}
	}
	e.ckpt = ckpt.New(opt)
	return nil
}

// lostCheckpoint tells the operator what a merge of partitions discarded.
func (e *executive) lostCheckpoint(l ckpt.Loss) {
	e.log.Warn("a merge of partitions discarded a change of a checkpoint", "kind", l.Kind, "checkpoint", l.Checkpoint,
		"section", fmt.Sprintf("%q", l.Section), "node", l.Node, "written", time.Unix(0, l.Updated).UTC().Format(time.RFC3339Nano))
}

// reportCheckpoints is a page for aisctl ckpt.
func (e *executive) reportCheckpoints(q report.CkptRequest) (page report.CkptPage, ok bool) {
	o, st := e.ckpt.Summary(), e.ckpt.Stats()
	unsaved, failing := e.ckpt.Unsaved()
	page.Memory = report.CkptMemory{Used: o.Used, Limit: o.Limit, Each: o.Each}
	page.Disk = report.CkptDisk{
		On: e.disk != nil, Unsaved: unsaved, Failing: failing, Saves: st.Saves, Failures: st.SaveFailures,
		Restored: st.Restored, Damaged: st.Problems,
	}
	page.LostCount = st.Lost
	switch {
	case q.Lost:
		for _, l := range o.Lost {
			page.Lost = append(page.Lost, report.CkptLoss{
				Kind: l.Kind.String(), Checkpoint: []byte(l.Checkpoint), Section: []byte(l.Section), Node: uint32(l.Node),
				Updated: l.Updated, Members: numbers(l.Members), Returned: l.Returned,
			})
		}
		return page, true
	case len(q.Name) > 0:
		list, next, ok := e.ckpt.SectionPage(string(q.Name), q.After)
		page.Next = next
		for _, s := range list {
			x := report.CkptSection{
				ID: []byte(s.ID), Size: s.Size, Expiration: s.Expiration, Updated: s.Updated, Writer: uint32(s.Writer), Whole: numbers(s.Whole),
			}
			if s.Digest != 0 {
				x.Digest = fmt.Sprintf("%016x", s.Digest)
			}
			page.Sections = append(page.Sections, x)
		}
		return page, ok
	}
	list, next := e.ckpt.InfoPage(q.After)
	page.Next = next
	for i := range list {
		page.Checkpoints = append(page.Checkpoints, reportCheckpoint(&list[i]))
	}
	return page, true
}

func reportCheckpoint(i *ckpt.Info) report.Ckpt {
	a := &i.Attributes
	c := report.Ckpt{
		Name: []byte(i.Name), ID: i.ID, Flags: a.Flags, Size: a.Size, RetentionNS: a.Retention, LeftNS: i.Left,
		MaxSections: a.MaxSections, MaxSectionSize: a.MaxSectionSize, MaxSectionIDSize: a.MaxSectionIDSize,
		Unlinked: i.Unlinked, Sections: i.Sections, Bytes: i.Bytes, Active: uint32(i.Active),
		Whole: numbers(i.Whole), Partial: numbers(i.Partial),
	}
	for n, handles := range i.Openers {
		c.Openers = append(c.Openers, report.CkptOpener{Node: uint32(n), Handles: handles})
	}
	slices.SortFunc(c.Openers, func(a, b report.CkptOpener) int { return int(int64(a.Node) - int64(b.Node)) })
	return c
}

func numbers(ids []wire.NodeID) []uint32 {
	out := make([]uint32, 0, len(ids))
	for _, id := range ids {
		out = append(out, uint32(id))
	}
	return out
}
