// What is wrong with a configuration, in the words an administrator can act on.

package config

import (
	"sort"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with a configuration file.
type Problem struct {
	File  string
	Line  int    // 1 is the first line; 0: the file as a whole (a missing key)
	Key   string // empty when the line has none
	Value string
	Rule  string // what is required, in words
}

// String is "file:line: key: "value": rule", without the parts that are empty.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(p.Line))
	}
	if p.Key != "" {
		b.WriteString(": ")
		b.WriteString(printable(p.Key))
	}
	if p.Value != "" {
		b.WriteString(": ")
		b.WriteString(strconv.Quote(clip(p.Value)))
	}
	b.WriteString(": ")
	b.WriteString(p.Rule)
	return b.String()
}

// Problems is everything that is wrong, in the order of the lines.
type Problems []Problem

// Error joins the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err is nil when nothing is wrong, so that a caller does not compare a
// typed nil.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// SortByLine puts what concerns the whole file behind the lines.
func (ps Problems) SortByLine() {
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := ps[i].Line, ps[j].Line
		if (a == 0) != (b == 0) {
			return b == 0
		}
		return a < b
	})
}

const shown = 80 // bytes of a wrong value that are repeated in a report

func clip(s string) string {
	if len(s) <= shown {
		return s
	}
	return s[:shown] + "..."
}

// printable keeps a wrong key from writing control characters to a terminal.
func printable(s string) string {
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r == 0xfffd {
			return strconv.Quote(clip(s))
		}
	}
	return clip(s)
}
