package ckpt

import (
	"fmt"
	"testing"

	"ais/exec/service/servicetest"
	"ais/libais/ipcwire"
)

// Pages hold everything once, also when what the last page ended with is gone.
func TestPagesOfCheckpointsAndSectionsHoldEverythingOnce(t *testing.T) {
	const n = 2*pageItems + 7
	s := newScenario()
	svc := s.start(1, 1, 1<<30)
	s.Form([]*servicetest.Node{s.Node(1)})
	s.Run()
	c, _ := s.Node(1).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	ask := func(op ipcwire.Op, body []byte) {
		t.Helper()
		c.Request(op, body)
		s.Run()
		if r, ok := c.Answer(); !ok || r.Err != ipcwire.OK {
			t.Fatalf("%v %s", ok, r.Err)
		}
	}
	for i := range n {
		ask(ipcwire.CkptOpen, s.open(t, fmt.Sprint("ck", i), "rwc", []string{"sections=2000"}, 0))
	}
	for i := range n {
		ask(ipcwire.CkptSectionCreate, ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
			Handle: 1, Section: fmt.Append(nil, "s", i), Data: []byte("data"), Expiration: ipcwire.CkptTimeEnd,
		}))
	}
	seen := map[string]int{}
	for after, pages := "", 0; ; pages++ {
		list, next := svc.InfoPage(after)
		for _, i := range list {
			seen[i.Name]++
			if i.Openers[1] != 1 || len(i.Whole) != 1 || len(i.Partial) != 0 {
				t.Fatalf("%+v", i)
			}
		}
		if after = next; after == "" {
			break
		}
		last := list[len(list)-1].Name
		ask(ipcwire.CkptUnlink, ipcwire.AppendCkptUnlinkReq(nil, &ipcwire.CkptUnlinkReq{Name: []byte(last)}))
		id, ok := parseID(after)
		if !ok || svc.state.all[id] == nil || svc.state.all[id].name != last {
			t.Fatalf("%q is not the id of %s", after, last)
		}
		if last != "ck0" {
			for h, r := range svc.state.clients[clientKey{svc.self, c.ID()}].refs {
				if r.ck.name == last { // now it is gone
					ask(ipcwire.CkptClose, ipcwire.AppendCkptHandleReq(nil, &ipcwire.CkptHandleReq{Handle: h}))
				}
			}
		}
	}
	if len(seen) != n {
		t.Errorf("%d checkpoints of %d", len(seen), n)
	}
	sections := map[string]int{}
	for after := ""; ; {
		list, next, ok := svc.SectionPage("ck0", after)
		if !ok {
			t.Fatal("no page")
		}
		for _, x := range list {
			sections[x.ID]++
			if x.Digest == 0 || x.Size != 4 {
				t.Fatalf("%+v", x)
			}
		}
		if after = next; after == "" {
			break
		}
	}
	for name, times := range seen {
		if times != 1 {
			t.Errorf("%s: %d times", name, times)
		}
	}
	for id, times := range sections {
		if times != 1 {
			t.Errorf("section %s: %d times", id, times)
		}
	}
	if len(sections) != n {
		t.Errorf("%d sections of %d", len(sections), n)
	}
	if _, _, ok := svc.SectionPage("ck0", "x"); ok {
		t.Error("a place that is none")
	}
}
