package ctl

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"ais/exec/ctl/report"
	"ais/exec/service"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// fakeConn is a library connection that keeps its answers.
type fakeConn struct {
	id      uint64
	state   any
	answers []string
	last    []byte
}

func (c *fakeConn) ID() uint64         { return c.id }
func (c *fakeConn) Cred() service.Cred { return service.Cred{} }
func (c *fakeConn) Respond(seq uint32, err ipcwire.Error, body []byte) {
	c.answers = append(c.answers, fmt.Sprintf("%d:%d", seq, err))
	c.last = append([]byte(nil), body...)
}
func (c *fakeConn) Notify(ipcwire.Op, []byte) bool { return false }
func (c *fakeConn) Pending() int                   { return 0 }
func (c *fakeConn) Disconnect(string)              {}
func (c *fakeConn) SetState(s any)                 { c.state = s }
func (c *fakeConn) State() any                     { return c.state }

func newService(t *testing.T) *Service {
	t.Helper()
	s := New(Sources{
		Fill: func(st *report.Status) {
			st.State = "operational"
			st.Drops["seal"] = map[string]uint64{"bad_tag": 3}
		},
		Address: func(id wire.NodeID) string { return fmt.Sprintf("10.0.0.%d", id) },
		Trace: func(dst []byte, limit int) []byte {
			if limit <= 0 || limit >= ipcwire.MaxFrame {
				t.Errorf("trace limit %d does not fit a frame", limit)
			}
			return append(dst, "the trace"...)
		},
		Wall: func() time.Time { return time.Unix(1000000000, 0) },
	})
	if err := s.ExecInit(nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func connect(t *testing.T, s *Service, id uint64) *fakeConn {
	t.Helper()
	c := &fakeConn{id: id}
	if err := s.LibInit(c, ipcwire.GenB, nil); err != ipcwire.OK {
		t.Fatalf("LibInit: %d", err)
	}
	return c
}

func configuration(seq uint64, ids ...wire.NodeID) *srp.Configuration {
	cfg := &srp.Configuration{Ring: wire.RingID{Rep: ids[0], Seq: seq}, Cause: srp.CauseProcessDied}
	for _, id := range ids {
		cfg.Members = append(cfg.Members, wire.Member{ID: id, Start: 7})
	}
	return cfg
}

func TestStatusHasTheFieldsThatProgramsRelyOn(t *testing.T) {
	s := newService(t)
	c := connect(t, s, 1)
	s.ConfigChange(srp.DeliverTransitional, configuration(3, 1))
	s.ConfigChange(srp.DeliverRegular, configuration(4, 1, 2))
	s.LibRequest(c, 5, ipcwire.CtlStatus, nil)
	if len(c.answers) != 1 || c.answers[0] != "5:1" {
		t.Fatalf("answers %v", c.answers)
	}
	var got map[string]any
	if err := json.Unmarshal(c.last, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"state":                 "operational",
		"configuration_changes": "1",
		"last_cause":            "process-died",
		"members":               "[map[address:10.0.0.1 id:1 start:7] map[address:10.0.0.2 id:2 start:7]]",
		"ring":                  "map[representative:1 sequence:4]",
		"drops":                 "map[seal:map[bad_tag:3]]",
		"last_change":           "2001-09-09T01:46:40Z",
	}
	for k, v := range want {
		if fmt.Sprint(got[k]) != v {
			t.Errorf("%s is %v, want %s", k, got[k], v)
		}
	}
	for _, k := range []string{"node", "ipc_connections", "longest_token_gap_us", "offloads", "security", "counters"} {
		if got[k] == nil {
			t.Errorf("%s is missing", k)
		}
	}
}

func TestBeforeTheFirstConfigurationMembersIsAnEmptyList(t *testing.T) {
	s := newService(t)
	c := connect(t, s, 1)
	s.LibRequest(c, 1, ipcwire.CtlStatus, nil)
	if !strings.Contains(string(c.last), `"members":[]`) || strings.Contains(string(c.last), "last_change") {
		t.Errorf("got %s", c.last)
	}
}

func TestWaitIsAnsweredAtTheConfigurationWithSoManyMembers(t *testing.T) {
	s := newService(t)
	c := connect(t, s, 1)
	gone := connect(t, s, 2)
	s.LibRequest(c, 1, ipcwire.CtlWait, []byte(`{"members":2}`))
	s.LibRequest(c, 2, ipcwire.CtlWait, []byte(`{"members":3}`))
	s.LibRequest(gone, 3, ipcwire.CtlWait, []byte(`{"members":3}`))
	s.LibExit(gone)
	steps := []struct {
		kind srp.DeliveryKind
		cfg  *srp.Configuration
		want string
	}{
		{srp.DeliverRegular, configuration(1, 1), "[]"},
		{srp.DeliverTransitional, configuration(1, 1, 2, 3), "[]"},
		{srp.DeliverRegular, configuration(2, 1, 2, 3), "[2:1]"},
		{srp.DeliverRegular, configuration(3, 1, 3), "[2:1 1:1]"},
		{srp.DeliverRegular, configuration(4, 1, 2, 3), "[2:1 1:1]"},
	}
	for i, st := range steps {
		s.ConfigChange(st.kind, st.cfg)
		if got := fmt.Sprint(c.answers); got != st.want {
			t.Errorf("step %d: answers %s, want %s", i, got, st.want)
		}
	}
	s.LibRequest(c, 9, ipcwire.CtlWait, []byte(`{"members":3}`))
	if got := c.answers[len(c.answers)-1]; got != "9:1" {
		t.Errorf("wait for what is there already: %s, want an answer at once", got)
	}
	if len(gone.answers) > 0 {
		t.Errorf("a connection that ended was answered: %v", gone.answers)
	}
}

func TestWrongRequestsAreRefused(t *testing.T) {
	s := newService(t)
	c := connect(t, s, 1)
	for i, body := range []string{"", "{", `{"members":0}`, `{"members":-1}`, `{"members":"x"}`, `[]`} {
		s.LibRequest(c, uint32(i), ipcwire.CtlWait, []byte(body))
		if got, want := c.answers[i], fmt.Sprintf("%d:%d", i, ipcwire.ErrInvalidParam); got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
	}
	s.LibRequest(c, 100, ipcwire.EvsJoin, nil)
	if got := c.answers[len(c.answers)-1]; got != fmt.Sprintf("100:%d", ipcwire.ErrBadOperation) {
		t.Errorf("foreign operation: %s", got)
	}
	for i := range maxWaiting + 1 {
		s.LibRequest(c, uint32(200+i), ipcwire.CtlWait, []byte(`{"members":9}`))
	}
	if got := c.answers[len(c.answers)-1]; got != fmt.Sprintf("%d:%d", 200+maxWaiting, ipcwire.ErrNoResources) {
		t.Errorf("one wait too many: %s", got)
	}
}

func TestTraceFitsOneFrame(t *testing.T) {
	s := newService(t)
	c := connect(t, s, 1)
	s.LibRequest(c, 1, ipcwire.CtlTrace, nil)
	if string(c.last) != "the trace" {
		t.Errorf("got %q", c.last)
	}
}
