package harness

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// maxLine bounds a line that a child writes; what is longer is cut.
const maxLine = 1 << 16

// Lines collects what a process writes, line by line, and lets others wait for
// a line. It is an io.Writer; all methods are safe for concurrent use.
type Lines struct {
	mu      sync.Mutex
	lines   []string
	part    []byte
	closed  bool
	changed chan struct{}
	tee     func(string)
}

func newLines(tee func(string)) *Lines {
	return &Lines{changed: make(chan struct{}), tee: tee}
}

// Write takes bytes of the process.
func (l *Lines) Write(p []byte) (int, error) {
	n := len(p)
	l.mu.Lock()
	var fresh []string
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		fresh = append(fresh, string(append(l.part, p[:i]...)))
		l.part, p = l.part[:0], p[i+1:]
	}
	if len(l.part)+len(p) > maxLine {
		p = p[:max(0, maxLine-len(l.part))]
	}
	l.part = append(l.part, p...)
	if len(fresh) > 0 {
		l.lines = append(l.lines, fresh...)
		close(l.changed)
		l.changed = make(chan struct{})
	}
	tee := l.tee
	l.mu.Unlock()
	if tee != nil {
		for _, s := range fresh {
			tee(s)
		}
	}
	return n, nil
}

// close tells that nothing more comes; a last unfinished line is kept.
func (l *Lines) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if len(l.part) > 0 {
		l.lines = append(l.lines, string(l.part))
		l.part = nil
	}
	l.closed = true
	close(l.changed)
	l.changed = make(chan struct{})
}

// Len is the number of lines so far; a position for Wait.
func (l *Lines) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

// From is a copy of the lines from position i on.
func (l *Lines) From(i int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i >= len(l.lines) {
		return nil
	}
	return append([]string(nil), l.lines[i:]...)
}

// String is everything, for error messages: the last lines when there are many.
func (l *Lines) String() string {
	all := l.From(0)
	if len(all) > 60 {
		all = append([]string{fmt.Sprintf("(%d lines before)", len(all)-60)}, all[len(all)-60:]...)
	}
	return strings.Join(all, "\n")
}

// Errors of Wait.
var (
	ErrDeadline = errors.New("deadline passed")
	ErrEnded    = errors.New("process ended")
)

// Wait returns the first line at position from or later that match accepts, and
// the position after it.
func (l *Lines) Wait(from int, timeout time.Duration, match func(string) bool) (line string, next int, err error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		l.mu.Lock()
		for from < len(l.lines) {
			s := l.lines[from]
			from++
			if match(s) {
				l.mu.Unlock()
				return s, from, nil
			}
		}
		closed, changed := l.closed, l.changed
		l.mu.Unlock()
		if closed {
			return "", from, ErrEnded
		}
		select {
		case <-changed:
		case <-timer.C:
			return "", from, ErrDeadline
		}
	}
}
