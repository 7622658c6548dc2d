// The log: one line an event to standard error. Whoever reads standard error may
// be slow or gone; the ring must not wait for him. So lines go through a queue,
// and what does not fit is counted instead.

package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// asyncWriter writes from a goroutine of its own.
type asyncWriter struct {
	lines chan []byte
	lost  atomic.Uint64
	done  chan struct{}
}

// queuedLines is how many lines may wait for a slow reader.
const queuedLines = 1024

func newAsyncWriter(to io.Writer) *asyncWriter {
	w := &asyncWriter{lines: make(chan []byte, queuedLines), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for line := range w.lines {
			_, _ = to.Write(line) // there is nowhere left to say that it failed
			if n := w.lost.Swap(0); n > 0 {
				fmt.Fprintf(to, "(%d lines lost: standard error was not read in time)\n", n)
			}
		}
	}()
	return w
}

// Write never waits. It may not be called after close.
func (w *asyncWriter) Write(p []byte) (int, error) {
	select {
	case w.lines <- append([]byte(nil), p...):
	default:
		w.lost.Add(1)
	}
	return len(p), nil
}

// close gives a slow reader a last second.
func (w *asyncWriter) close() {
	close(w.lines)
	select {
	case <-w.done:
	case <-time.After(time.Second):
	}
}

// newLog logs to w. Under a service manager the journal has its own times. With
// security off every line says so.
func newLog(w io.Writer, debug, secure bool) *slog.Logger {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	journal := os.Getenv("JOURNAL_STREAM") != ""
	log := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if journal && len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	if !secure {
		log = log.With("security", "OFF")
	}
	return log
}
