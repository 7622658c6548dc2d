package proc

import (
	"os/exec"
	"testing"

	"ais/exec/loop"
)

func TestTheEndOfAWatchedProcessIsToldWithItsStatus(t *testing.T) {
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := &room{t: t, l: l}
	w := NewWatcher(l)
	defer w.Close()
	for _, c := range []struct {
		script string
		want   End
	}{
		{"read x; exit 0", End{Known: true}},
		{"read x; exit 9", End{Known: true, Code: 9}},
		{"read x; kill -11 $$", End{Known: true, Signal: 11}},
	} {
		cmd := exec.Command("/bin/sh", "-c", c.script)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var got *End
		if _, err := w.Watch(cmd.Process.Pid, func(e End) { got = &e }); err != nil {
			t.Fatal(err)
		}
		stop, err := w.Watch(cmd.Process.Pid, func(End) { t.Error("told of what is no longer watched") })
		if err != nil {
			t.Fatal(err)
		}
		stop()
		stop()
		in.Close()
		go func() { _ = cmd.Wait() }()
		r.until("the end", func() bool { return got != nil })
		if got.Known && *got != c.want {
			t.Errorf("%s: %+v", c.script, *got)
		}
		if !got.Known {
			t.Logf("%s: this kernel does not tell", c.script)
		}
	}
	if len(w.list) != 0 {
		t.Errorf("still watched: %v", w.list)
	}
	if _, err := w.Watch(1<<22-1, func(End) {}); err == nil {
		t.Error("a process that is not there is watched")
	}
}

func TestTheKeeperTellsHowAWatchedProcessEnded(t *testing.T) {
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := NewWatcher(l)
	cmd := exec.Command("/bin/cat")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var got End
	if _, err := w.Watch(cmd.Process.Pid, func(e End) { got = e }); err != nil {
		t.Fatal(err)
	}
	w.Told(cmd.Process.Pid, Result{Signal: 9})
	if got != (End{Known: true, Signal: 9}) {
		t.Errorf("%+v", got)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}
