package campaign

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The form of a log that evs_log writes, cut into configurations.

// Msg is one delivered message.
type Msg struct {
	Sender      uint32
	Incarnation uint64
	Counter     uint64
	Len, CRC    uint32
}

func (m Msg) String() string {
	return fmt.Sprintf("%08x/%x #%d", m.Sender, m.Incarnation, m.Counter)
}

// Conf is one configuration change as the application got it.
type Conf struct {
	Line                  string
	Members, Left, Joined []string
}

// Segment is one regular configuration: what was delivered in it, and, once it
// ended, the transitional configuration and what was delivered there.
type Segment struct {
	Regular Conf
	Msgs    []Msg
	Trans   *Conf
	Tail    []Msg // delivered in the transitional configuration
}

// Log is everything one start of one client saw.
type Log struct {
	Name     string // for messages: node and start
	Address  string // of the node
	Segments []Segment
	Final    bool // ended in peace: everything that was sent had been delivered
	Sum      [sha256.Size]byte
	Messages int
}

// progress is how far one start of a sender is known.
type progress struct {
	sender  string
	counter uint64
	left    bool // it was out of this node's configuration since
}

// ReadLog reads and checks one log by itself: the rules of extended virtual
// synchrony that need no second witness. final tells that the client had gone
// quiet when it ended, so that a cut last line is a fault.
func ReadLog(path, name, address string, final bool) (*Log, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseLog(f, name, address, final)
}

func parseLog(r io.Reader, name, address string, final bool) (*Log, error) {
	l := &Log{Name: name, Address: address, Final: final}
	sum := sha256.New()
	in := bufio.NewReaderSize(r, 1<<20)
	seen := map[uint64]*progress{}
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		sum.Write(line)
		if err == io.EOF {
			if len(line) > 0 && final {
				return nil, fmt.Errorf("%s line %d: cut: %q", name, n, line)
			}
			break
		}
		if err != nil {
			return nil, err
		}
		line = line[:len(line)-1]
		if err := l.line(line, seen); err != nil {
			return nil, fmt.Errorf("%s line %d: %w: %q", name, n, err, line)
		}
	}
	sum.Sum(l.Sum[:0])
	return l, nil
}

func (l *Log) line(line []byte, seen map[uint64]*progress) error {
	switch {
	case bytes.HasPrefix(line, []byte("M ")):
		m, err := parseMsg(line)
		if err != nil {
			return err
		}
		return l.message(m, seen)
	case bytes.HasPrefix(line, []byte("C ")):
		c, err := parseConf(string(line[2:]))
		if err != nil {
			return err
		}
		if err := l.configuration(c); err != nil {
			return err
		}
		for _, p := range seen {
			p.left = p.left || !slices.Contains(c.Members, p.sender)
		}
		return nil
	}
	return fmt.Errorf("neither a message nor a configuration")
}

func parseMsg(line []byte) (m Msg, err error) {
	f := strings.Fields(string(line))
	if len(f) != 6 {
		return m, fmt.Errorf("%d fields", len(f))
	}
	sender, err := strconv.ParseUint(f[1], 16, 32)
	if err != nil {
		return m, err
	}
	if m.Incarnation, err = strconv.ParseUint(f[2], 16, 64); err != nil {
		return m, err
	}
	if m.Counter, err = strconv.ParseUint(f[3], 10, 64); err != nil {
		return m, err
	}
	length, err := strconv.ParseUint(f[4], 10, 32)
	if err != nil {
		return m, err
	}
	crc, err := strconv.ParseUint(f[5], 16, 32)
	m.Sender, m.Len, m.CRC = uint32(sender), uint32(length), uint32(crc)
	return m, err
}

func parseConf(text string) (Conf, error) {
	c := Conf{Line: text}
	for i, part := range strings.Fields(text) {
		name, list, ok := strings.Cut(part, "=")
		if !ok || i > 2 || name != [...]string{"m", "l", "j"}[i] {
			return c, fmt.Errorf("unexpected part %q", part)
		}
		var items []string
		if list != "" {
			items = strings.Split(list, ",")
		}
		*[...]*[]string{&c.Members, &c.Left, &c.Joined}[i] = items
	}
	if len(c.Members) == 0 {
		return c, fmt.Errorf("a configuration without members")
	}
	return c, nil
}

func (l *Log) message(m Msg, seen map[uint64]*progress) error {
	if len(l.Segments) == 0 {
		return fmt.Errorf("a message before the first configuration")
	}
	l.Messages++
	// As long as the sender stays in this node's configurations nothing of it is
	// missing (EVS: self-delivery and causal delivery; a sender's messages depend
	// on each other, so what is dropped behind a gap includes all that follows).
	last, ok := seen[m.Incarnation]
	switch {
	case ok && m.Counter <= last.counter:
		return fmt.Errorf("message %v after #%d of the same sender: doubled or out of order", m, last.counter)
	case ok && !last.left && m.Counter != last.counter+1:
		return fmt.Errorf("message %v after #%d of a sender that never left: a gap", m, last.counter)
	}
	s := &l.Segments[len(l.Segments)-1]
	// What a sender that left had sent before may come in the transitional
	// configuration without it; it has left nevertheless, and what it sends
	// elsewhere until it is back is not for this node.
	seen[m.Incarnation] = &progress{
		sender: dotted(m.Sender), counter: m.Counter,
		left: s.Trans != nil && !slices.Contains(s.Trans.Members, dotted(m.Sender)),
	}
	if !slices.Contains(s.Regular.Members, dotted(m.Sender)) {
		return fmt.Errorf("message of %s, which is no member of the configuration %v", dotted(m.Sender), s.Regular.Members)
	}
	list := &s.Msgs
	if s.Trans != nil {
		list = &s.Tail
	}
	*list = append(*list, m)
	return nil
}

func (l *Log) configuration(c Conf) error {
	if !slices.Contains(c.Members, l.Address) {
		return fmt.Errorf("a configuration without this node")
	}
	if len(l.Segments) == 0 {
		if len(c.Left) > 0 {
			return fmt.Errorf("the first configuration is not a regular one")
		}
		l.Segments = append(l.Segments, Segment{Regular: c})
		return nil
	}
	s := &l.Segments[len(l.Segments)-1]
	if s.Trans == nil {
		if len(c.Joined) > 0 {
			return fmt.Errorf("a regular configuration without its transitional one")
		}
		if !within(c.Members, s.Regular.Members) || !same(c.Left, without(s.Regular.Members, c.Members)) {
			return fmt.Errorf("transitional configuration out of %v: members and left do not add up", s.Regular.Members)
		}
		s.Trans = &c
		return nil
	}
	if len(c.Left) > 0 {
		return fmt.Errorf("two transitional configurations in a row")
	}
	// Who came back as another start since is both left and joined.
	if !within(s.Trans.Members, c.Members) || !same(c.Joined, without(c.Members, s.Trans.Members)) {
		return fmt.Errorf("regular configuration after the transitional %v: members and joined do not add up", s.Trans.Members)
	}
	l.Segments = append(l.Segments, Segment{Regular: c})
	return nil
}

func dotted(n uint32) string {
	return fmt.Sprintf("%d.%d.%d.%d", n>>24, n>>16&255, n>>8&255, n&255)
}

func within(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

func without(a, b []string) []string {
	var out []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

func same(a, b []string) bool { return len(a) == len(b) && within(a, b) }
