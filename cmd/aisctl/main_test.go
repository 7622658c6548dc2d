package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ais/exec/ctl/report"
)

func sample() report.Status {
	return report.Status{
		Node:                 report.Node{ID: 0x7f000001, Address: "127.0.0.1", Name: "left", Cluster: "river", Start: 3, PID: 77, Version: "0.1"},
		Ring:                 report.Ring{Representative: 0x7f000001, Sequence: 12},
		Members:              []report.Member{{ID: 0x7f000001, Address: "127.0.0.1", Start: 3}, {ID: 0x7f000002, Address: "127.0.0.2", Start: 1}},
		State:                "operational",
		ConfigurationChanges: 4,
		LastCause:            "process-died",
		LastChange:           "2026-01-02T03:04:05Z",
		Security:             report.Security{Mode: "encrypted", Cipher: "aes256-gcm", Keys: 1},
		Transport:            "unicast",
		Window:               report.Window{Packets: 135, VisitPackets: 64, ReceiveRoom: 161, ReceiveBuffer: 425984},
		LongestTokenGapUS:    12345,
		UptimeMS:             65000,
		IPCConnections:       2,
		Drops:                map[string]map[string]uint64{"seal": {"bad_tag": 3, "replayed": 0}, "net": {"too_long": 1}},
		Counters:             map[string]map[string]uint64{"net": {"packets_sent": 9}},
	}
}

func TestStatusTextSaysWhatMatters(t *testing.T) {
	st := sample()
	now := time.Date(2026, 1, 2, 3, 4, 10, 0, time.UTC)
	want := `node       127.0.0.1 (2130706433), name "left", cluster "river"
executive  0.1, pid 77, start 3, up 1m5s
state      operational
ring       12 of 2130706433
members    127.0.0.1        2130706433, start 3  (this node)
           127.0.0.2        2130706434, start 1
changes    4, last cause process-died, 5s ago
security   encrypted, aes256-gcm, keys: 1
transport  unicast
window     135 packets a rotation, 64 a visit; receive buffer 425984 bytes; the smallest of the ring holds 161 packets
token      longest gap 12.345ms
clients    2 connections
dropped    net too_long: 1
           seal bad_tag: 3
`
	if got := statusText(&st, false, now); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := statusText(&st, true, now); !strings.Contains(got, "seal replayed: 0") || !strings.Contains(got, "net packets_sent: 9") {
		t.Errorf("--all lacks counters:\n%s", got)
	}
	st.Security = report.Security{Mode: "off"}
	if got := statusText(&st, false, now); !strings.Contains(got, "security   OFF") {
		t.Errorf("security off is not said loudly:\n%s", got)
	}
}

func TestJSONKeepsFieldsThatThisToolDoesNotKnow(t *testing.T) {
	var out bytes.Buffer
	if err := printStatus(&out, []byte(`{"node":{"id":1},"of_tomorrow":7}`), true, false); err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(out.Bytes(), &m); err != nil || m["of_tomorrow"] != 7.0 {
		t.Errorf("got %s (%v)", out.String(), err)
	}
	if err := printStatus(&out, []byte("nonsense"), true, false); code(err) != exitError {
		t.Errorf("nonsense: %v", err)
	}
}

func TestWithoutAnExecutiveTheExitCodeTellsIt(t *testing.T) {
	t.Setenv("AIS_SOCKET", filepath.Join(t.TempDir(), "none"))
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"status"}, exitNoExecutive},
		{[]string{"trace"}, exitNoExecutive},
		{[]string{"wait", "--members", "1", "--timeout", "50ms"}, exitTimeout},
		{[]string{"wait"}, exitError},
		{[]string{"wait", "--members", "0"}, exitError},
		{[]string{"wait", "--members", "x"}, exitError},
		{[]string{"nonsense"}, exitError},
		{[]string{"evt"}, exitNoExecutive},
		{[]string{"evt", "watch", "channel"}, exitNoExecutive},
		{[]string{"evt", "watch"}, exitError},
		{[]string{"evt", "publish", "channel", "data"}, exitNoExecutive},
		{[]string{"evt", "publish", "channel", "data", "--priority", "4"}, exitError},
		{[]string{"evt", "publish", "channel", "data", "--keep", "-1s"}, exitError},
	} {
		r := root()
		r.SetArgs(c.args)
		r.SetOut(os.Stderr)
		if got := code(r.Execute()); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.args, got, c.want)
		}
	}
}
