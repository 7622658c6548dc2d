package trace

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	gather = NewKind("srp", "gather").Arg("ring", Decimal).Arg("from", Address)
	drop   = NewKind("seal", "refused").Arg("from", Address).Often()
	gap    = NewKind("srp", "token gap").Arg("of", Duration)
)

var epoch = time.Date(2004, 8, 1, 12, 0, 0, 0, time.UTC)

func text(r *Recorder) []string {
	s := string(r.AppendText(nil, 1<<20))
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

func TestEventsAreWrittenWithTimeCauseAndNumbers(t *testing.T) {
	r := New(8, epoch)
	r.Record(0, gather, "start", 4, 0x7f000001)
	r.Record(1500*time.Microsecond, drop, "bad tag", 7)
	r.Record(2*time.Second, gap, "", uint64(40*time.Millisecond))
	want := []string{
		"2004-08-01T12:00:00.000000Z srp: gather: start ring=4 from=127.0.0.1",
		"2004-08-01T12:00:00.001500Z seal: refused: bad tag from=7",
		"2004-08-01T12:00:02.000000Z srp: token gap of=40ms",
	}
	if got := text(r); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEqualEventsInARowBecomeOneWithACount(t *testing.T) {
	r := New(8, epoch)
	for i := range 1000 {
		r.Record(time.Duration(i)*time.Millisecond, drop, "replayed", 9)
	}
	r.Record(time.Second, drop, "replayed", 10)
	want := []string{
		"2004-08-01T12:00:00.000000Z seal: refused: replayed from=9 (1000 times until 12:00:00.999000)",
		"2004-08-01T12:00:01.000000Z seal: refused: replayed from=10",
	}
	if got := text(r); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q", got)
	}
}

func TestOftenEventsNeverPushOutSeldomOnes(t *testing.T) {
	r := New(4, epoch)
	r.Record(0, gather, "start", 1, 1)
	for i := range 100 {
		r.Record(time.Duration(i), drop, "bad tag", uint64(i))
	}
	got := text(r)
	if len(got) != 5 || !strings.Contains(got[0], "gather") || !strings.HasSuffix(got[4], "from=99") {
		t.Errorf("got %q", got)
	}
}

func TestNewestEventsAreKeptInOrder(t *testing.T) {
	for n := range 30 {
		r := New(8, epoch)
		for i := range n {
			r.Record(time.Duration(i), gather, "", uint64(i), 0)
		}
		var want []string
		for i := max(0, n-8); i < n; i++ {
			want = append(want, fmt.Sprintf("ring=%d from=0", i))
		}
		got := text(r)
		if n == 0 {
			got = nil
		}
		for i := range got {
			_, got[i], _ = strings.Cut(got[i], "gather ")
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("after %d events: got %q, want %q", n, got, want)
		}
	}
}

func TestTextKeepsItsLimitAndTheNewest(t *testing.T) {
	r := New(100, epoch)
	for i := range 100 {
		r.Record(time.Duration(i), gather, "", uint64(i), 0)
	}
	one := len(r.AppendText(nil, 70))
	for _, limit := range []int{0, 1, one, 10 * one, 1 << 20} {
		got := string(r.AppendText(nil, limit))
		if len(got) > limit {
			t.Errorf("limit %d: %d bytes", limit, len(got))
		}
		if limit >= one && !strings.HasSuffix(got, "ring=99 from=0\n") {
			t.Errorf("limit %d: newest event is missing from %q", limit, got)
		}
	}
}

func TestRecordingDoesNotAllocate(t *testing.T) {
	r := New(16, epoch)
	var i uint64
	if n := testing.AllocsPerRun(1000, func() {
		i++
		r.Record(time.Duration(i), drop, "bad tag", i, i)
	}); n != 0 {
		t.Errorf("%v allocations per event", n)
	}
}
