package libais

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// The other end here is a script: what an executive must never send, and what it
// sends in pieces. Real servers are in the tests of exec/ipc.

const op ipcwire.Op = 0x42

// script is a connection whose server ends the test holds.
type script struct {
	c          *Conn
	server, cb int
}

func newScript(t testing.TB) *script {
	t.Helper()
	a, b, errno := usock.Pair()
	x, y, errno2 := usock.Pair()
	if errno != 0 || errno2 != 0 {
		t.Fatal(errno, errno2)
	}
	s := &script{&Conn{fd: a, cbfd: x}, b, y}
	t.Cleanup(func() {
		s.c.Close()
		s.hangUp()
	})
	return s
}

func (s *script) hangUp() {
	for _, fd := range []*int{&s.server, &s.cb} {
		if *fd >= 0 {
			usock.Close(*fd)
			*fd = -1
		}
	}
}

func send(t testing.TB, fd int, b []byte) {
	t.Helper()
	for len(b) > 0 {
		n, errno := usock.Send(fd, b)
		if errno != 0 {
			t.Fatal(errno)
		}
		b = b[n:]
	}
}

func answer(op ipcwire.Op, seq uint32, err ipcwire.Error, body string) []byte {
	return append(ipcwire.AppendHeader(nil, op, seq, err, len(body)), body...)
}

func TestWhatAnExecutiveMustNotAnswerEndsTheConnection(t *testing.T) {
	for name, bytes := range map[string][]byte{
		"another operation":       answer(op+1, 1, ipcwire.OK, ""),
		"a request of the future": answer(op, 2, ipcwire.OK, ""),
		"no result":               answer(op, 1, 0, ""),
		"a size below the header": ipcwire.AppendHeader(nil, op, 1, ipcwire.OK, -1),
		"a size above all":        ipcwire.AppendHeader(nil, op, 1, ipcwire.OK, ipcwire.MaxFrame),
	} {
		s := newScript(t)
		if err := s.c.Start(op, nil); err != ipcwire.OK {
			t.Fatal(err)
		}
		send(t, s.server, bytes)
		if done, _ := s.c.Step(); !done {
			t.Errorf("%s: not done", name)
		}
		if err, body := s.c.Answer(); err != ipcwire.ErrLibrary || body != nil || !s.c.Gone() {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.c.Start(op, nil); err != ipcwire.ErrLibrary {
			t.Errorf("%s: %v", name, err)
		}
		if _, ok, err := s.c.NextCallback(All); ok || err != ipcwire.ErrLibrary {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAnswerInPiecesIsWaitedForAndOneBehindOldAnswersIsFound(t *testing.T) {
	s := newScript(t)
	for range 3 {
		if s.c.Start(op, nil) != ipcwire.OK {
			t.Fatal("start")
		}
		s.c.Step()
		s.c.Abandon()
	}
	if s.c.Start(op, nil) != ipcwire.OK {
		t.Fatal("start")
	}
	if err := s.c.Start(op, nil); err != ipcwire.ErrBusy {
		t.Fatal(err)
	}
	var stream []byte
	for seq := range uint32(3) {
		stream = append(stream, answer(op+7, seq+1, ipcwire.OK, strings.Repeat("late", 2000))...)
	}
	stream = append(stream, answer(op, 4, ipcwire.ErrExist, strings.Repeat("mine", 3000))...)
	for len(stream) > 0 {
		done, w := s.c.Step()
		if done || w.FD != int32(s.c.fd) || w.Events != PollIn {
			t.Fatalf("%v %+v with %d bytes to come", done, w, len(stream))
		}
		n := min(len(stream), 1777)
		send(t, s.server, stream[:n])
		stream = stream[n:]
	}
	if done, _ := s.c.Step(); !done {
		t.Fatal("not done")
	}
	if err, body := s.c.Answer(); err != ipcwire.ErrExist || string(body) != strings.Repeat("mine", 3000) {
		t.Fatal(err, len(body))
	}
}

// The C front sends requests by itself while nothing is under way here. What it
// gives up is discarded here, however much of it had come.
func TestACallerOfItsOwnTakesTurnsWithTheConnection(t *testing.T) {
	late := answer(op, 7, ipcwire.OK, strings.Repeat("late", 2000))
	for _, come := range []int{0, 5, ipcwire.HeaderSize, 1000, len(late) - 1} {
		s := newScript(t)
		if !s.c.Clean() {
			t.Fatal("not clean at the start")
		}
		s.c.Continue(7)
		s.c.Late(late[:come])
		if s.c.Clean() {
			t.Fatal("clean with an answer to come")
		}
		for round := range 2 {
			if err := s.c.Start(op, nil); err != ipcwire.OK || s.c.Seq() != uint32(8+round) {
				t.Fatal(err, s.c.Seq())
			}
			if s.c.Push(); s.c.Clean() {
				t.Fatal("clean during a request")
			}
			if round == 0 {
				send(t, s.server, late[come:])
			}
			send(t, s.server, answer(op, uint32(8+round), ipcwire.ErrExist, "now"))
			if done, _ := s.c.Step(); !done {
				t.Fatalf("%d bytes had come: not done", come)
			}
			if err, body := s.c.Answer(); err != ipcwire.ErrExist || string(body) != "now" || !s.c.Clean() {
				t.Fatalf("%d bytes had come: %v %q, clean: %v", come, err, body, s.c.Clean())
			}
		}
	}
}

func TestACallerOfItsOwnWaitsForWhatWasAbandoned(t *testing.T) {
	s := newScript(t)
	if s.c.Start(op, nil) != ipcwire.OK {
		t.Fatal("start")
	}
	if s.c.Push(); s.c.Clean() {
		t.Fatal("clean during a request")
	}
	if s.c.Abandon(); s.c.Clean() {
		t.Fatal("clean with an answer to come")
	}
	if s.c.Start(op, nil) != ipcwire.OK {
		t.Fatal("start")
	}
	s.c.Abandon() // it was never sent: no answer comes
	send(t, s.server, append(answer(op, 1, ipcwire.OK, "late"), answer(op, 3, ipcwire.OK, "")...))
	if s.c.Start(op, nil) != ipcwire.OK {
		t.Fatal("start")
	}
	if done, _ := s.c.Step(); !done || !s.c.Clean() {
		t.Fatalf("done: %v, clean: %v", done, s.c.Clean())
	}
	if s.c.Shutdown(); s.c.Clean() {
		t.Fatal("clean after the end")
	}
}

func TestTheSequenceNumberSurvivesItsWrap(t *testing.T) {
	s := newScript(t)
	s.c.seq = 1<<32 - 2
	for _, want := range []uint32{1<<32 - 1, 1, 2} {
		s.c.Start(op, nil)
		s.c.Step()
		if want == 1<<32-1 {
			s.c.Abandon()
			continue
		}
		if want == 1 {
			send(t, s.server, answer(op, 1<<32-1, ipcwire.OK, "late"))
		}
		send(t, s.server, answer(op, want, ipcwire.OK, "now"))
		if done, _ := s.c.Step(); !done {
			t.Fatal(want)
		}
		if err, body := s.c.Answer(); err != ipcwire.OK || string(body) != "now" {
			t.Fatal(want, err, body)
		}
	}
}

func TestAnAnswerSentJustBeforeTheEndIsStillDelivered(t *testing.T) {
	s := newScript(t)
	s.c.Start(op, nil)
	send(t, s.server, answer(op, 1, ipcwire.OK, "last words"))
	send(t, s.cb, answer(op, 0, 0, "a callback"))
	s.hangUp()
	if done, _ := s.c.Step(); !done {
		t.Fatal("not done")
	}
	if err, body := s.c.Answer(); err != ipcwire.OK || string(body) != "last words" {
		t.Fatal(err)
	}
	if cb, ok, err := s.c.NextCallback(One); !ok || err != ipcwire.OK || string(cb.Body) != "a callback" {
		t.Fatal(ok, err)
	}
	if _, ok, err := s.c.NextCallback(One); ok || err != ipcwire.ErrLibrary {
		t.Fatal(ok, err)
	}
	if err := s.c.Start(op, nil); err != ipcwire.ErrLibrary {
		t.Fatal(err)
	}
}

func TestAbsurdPayloadLengthsAreTooBigAndDoNotWrap(t *testing.T) {
	s := newScript(t)
	absurd, err := unix.Mmap(-1, 0, 1<<30, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		t.Skip(err)
	}
	defer unix.Munmap(absurd)
	for _, parts := range [][][]byte{{absurd}, {absurd, absurd, absurd, absurd}, {make([]byte, ipcwire.MaxFrame)}} {
		if err := s.c.Start(op, nil, parts...); err != ipcwire.ErrTooBig {
			t.Fatal(err)
		}
	}
	if err := s.c.Start(op, make([]byte, ipcwire.MaxFrame)); err != ipcwire.ErrTooBig {
		t.Fatal(err)
	}
}

func TestAnAnnouncedSizeAloneMakesNoMemory(t *testing.T) {
	s := newScript(t)
	s.c.Start(op, nil)
	s.c.Step()
	send(t, s.server, ipcwire.AppendHeader(nil, op, 1, ipcwire.OK, ipcwire.MaxFrame-ipcwire.HeaderSize))
	send(t, s.cb, ipcwire.AppendHeader(nil, op, 0, 0, ipcwire.MaxFrame-ipcwire.HeaderSize))
	s.c.Step()
	s.c.NextCallback(One)
	if a, b := len(s.c.in.buf), len(s.c.callbacks.in.buf); a > 4096 || b > 4096 {
		t.Fatalf("%d and %d bytes for 16 that arrived", a, b)
	}
	s.c.NextCallback(All)
	if b := len(s.c.callbacks.in.buf); b > bulkMax {
		t.Fatalf("%d bytes", b)
	}
}

func TestLargeBuffersAreGivenBackWhenNothingLargeComesAnyMore(t *testing.T) {
	s := newScript(t)
	big := strings.Repeat("x", 150<<10)
	round := func(body string) {
		s.c.Start(op, nil)
		send(t, s.server, answer(op, s.c.seq, ipcwire.OK, body))
		send(t, s.cb, answer(op, 0, 0, body))
		if done, _ := s.c.Step(); !done {
			t.Fatal("not done")
		}
		if _, ok, _ := s.c.NextCallback(All); !ok {
			t.Fatal("no callback")
		}
	}
	round(big)
	for range 200 {
		round("")
	}
	s.c.Start(op, nil)
	s.c.NextCallback(All)
	if a, b := len(s.c.in.buf), len(s.c.callbacks.in.buf); a > keepRoom || b > keepRoom+bulkFirst {
		t.Fatalf("%d and %d bytes are kept", a, b)
	}
	buf := make([]byte, 1<<16)
	for n := 1; n > 0; {
		n, _ = usock.Recv(s.server, buf)
	}
}

func TestDialSaysWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		o    Options
		want ipcwire.Error
	}{
		"nobody listens, abstract": {Options{Socket: "@ais-nobody-listens-here"}, ipcwire.ErrTryAgain},
		"no such path":             {Options{Socket: "/nowhere/socket"}, ipcwire.ErrTryAgain},
		"a name too long":          {Options{Socket: "/" + strings.Repeat("x", 200)}, ipcwire.ErrInvalidParam},
		"a hello too long":         {Options{Socket: "@x", Hello: make([]byte, ipcwire.MaxHello+1)}, ipcwire.ErrInvalidParam},
	} {
		if c, err := Dial(tc.o); c != nil || err != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASetIDProgramIgnoresTheEnvironment(t *testing.T) {
	for _, tc := range []struct {
		o     Options
		setid bool
		want  string
	}{
		{Options{Socket: "@mine"}, false, "@mine"},
		{Options{}, false, ipcwire.DefaultSocket},
		{Options{Socket: "@mine"}, true, ipcwire.DefaultSocket},
		{Options{Socket: "@mine", Secure: true}, false, ipcwire.DefaultSocket},
	} {
		if got := socketOf(&tc.o, tc.setid); got != tc.want {
			t.Errorf("%+v %v: %s", tc.o, tc.setid, got)
		}
	}
}

func TestWhoIsBelieved(t *testing.T) {
	for _, tc := range []struct {
		server, own, ais uint32
		want             bool
	}{{0, 5, 0, true}, {5, 5, 0, true}, {6, 5, 6, true}, {6, 5, 0, false}, {6, 5, 7, false}, {6, 0, 0, false}} {
		if got := trusted(tc.server, tc.own, tc.ais); got != tc.want {
			t.Errorf("%+v", tc)
		}
	}
}

// FuzzAnswers: whatever bytes come, a request ends as answered, waiting or gone,
// and an abandoned one does not hang the next.
func FuzzAnswers(f *testing.F) {
	f.Add(answer(op, 1, ipcwire.OK, "x"), true)
	f.Add(append(answer(op, 1, ipcwire.OK, "x"), answer(op, 2, ipcwire.OK, "y")...), false)
	f.Fuzz(func(t *testing.T, data []byte, abandon bool) {
		if len(data) > 64<<10 {
			return
		}
		s := newScript(t)
		s.c.Start(op, nil)
		if abandon {
			s.c.Step()
			s.c.Abandon()
			s.c.Start(op, nil)
		}
		send(t, s.server, data)
		done, w := s.c.Step()
		if !done {
			if w.FD != int32(s.c.fd) || w.Events&PollIn == 0 {
				t.Fatalf("waits for %+v", w)
			}
			s.hangUp()
			if done, _ = s.c.Step(); !done {
				t.Fatal("waits for a server that is gone")
			}
			if err, _ := s.c.Answer(); err != ipcwire.ErrLibrary {
				t.Fatal(err)
			}
		}
		if err, _ := s.c.Answer(); err == 0 {
			t.Fatal("no result")
		}
	})
}

// FuzzHandshake: whatever bytes answer the hello.
func FuzzHandshake(f *testing.F) {
	good := ipcwire.AppendWelcome(nil, &ipcwire.Welcome{Protocol: ipcwire.Protocol, NodeID: 1})
	f.Add(answer(ipcwire.OpWelcome, 1, ipcwire.OK, string(good)), true)
	f.Add(answer(ipcwire.OpWelcome, 1, ipcwire.ErrSecurity, string(good)), false)
	f.Fuzz(func(t *testing.T, data []byte, pass bool) {
		if len(data) > 64<<10 || len(data) == 0 {
			return
		}
		a, b, _ := usock.Pair()
		c := &Conn{fd: a, cbfd: -1, handshake: true}
		defer c.Close()
		c.begin(ipcwire.OpHello, nil)
		if pass {
			usock.SendFD(b, data[:1], b)
			data = data[1:]
		}
		send(t, b, data)
		usock.Close(b)
		for i := 0; ; i++ {
			if done, _ := c.Step(); done {
				break
			}
			if pass || i > 0 {
				return // the passed descriptor keeps the other end open
			}
		}
		err, _ := c.Answer()
		if err == ipcwire.OK && c.FD() < 0 {
			t.Fatal("welcome without a selection object")
		}
	})
}

// FuzzCallbacks: both ways of reading take the same callbacks from a stream.
func FuzzCallbacks(f *testing.F) {
	f.Add(append(answer(op, 0, 0, "x"), answer(op, 0, 0, "y")...), uint16(3))
	f.Fuzz(func(t *testing.T, data []byte, cut uint16) {
		if len(data) > 64<<10 {
			return
		}
		var got [2][]byte
		for mode := range got {
			s := newScript(t)
			take := func() ipcwire.Error {
				for {
					cb, ok, err := s.c.NextCallback(Mode(mode))
					if !ok {
						return err
					}
					got[mode] = append(append(got[mode], byte(cb.Op)), cb.Body...)
				}
			}
			n := min(int(cut), len(data))
			send(t, s.cb, data[:n])
			err := take()
			if s.c.Buffered() {
				t.Fatal("a whole callback was left")
			}
			if err == ipcwire.OK {
				send(t, s.cb, data[n:])
			}
			take()
			s.hangUp()
			if err := take(); err != ipcwire.ErrLibrary {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got[0], got[1]) {
			t.Fatalf("one: %x all: %x", got[0], got[1])
		}
	})
}

// The library is loaded into C programs (DESIGN 5): what it must not bring.
func TestNoHeavyPackageComesWithTheLibrary(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	out, err := exec.Command("go", "list", "-deps", "ais/libais", "ais/libais/clm", "ais/libais/evs").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		switch p {
		case "os", "fmt", "net", "log", "os/signal", "encoding/json", "context":
			t.Errorf("%s is linked in", p)
		}
	}
}

func TestNothingWaits(t *testing.T) {
	s := newScript(t)
	s.c.Start(op, nil, make([]byte, 1<<20))
	done, w := s.c.Step()
	if done || w.Events != PollIn|PollOut {
		t.Fatalf("%v %+v", done, w)
	}
	if _, ok, err := s.c.NextCallback(One); ok || err != ipcwire.OK {
		t.Fatal(ok, err)
	}
	if w := s.c.CallbackWait(); w.FD != s.c.FD() || w.Events != unix.POLLIN {
		t.Fatalf("%+v", w)
	}
}
