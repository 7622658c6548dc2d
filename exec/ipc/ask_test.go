package ipc

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ais/exec/service"
	"ais/libais"
	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
	"ais/libais/wait"
)

// asker is a library that uses memory for its requests, as the front does.
type asker struct {
	t   testing.TB
	c   *libais.Conn
	m   *askShm
	seq uint32
	in  []byte // read from the socket
}

func startAsk(t testing.TB, c *libais.Conn) ipcwire.Error {
	t.Helper()
	if err := c.StartAsk(); err != ipcwire.OK {
		t.Fatal(err)
	}
	err, _ := wait.Finish(c, patience)
	return err
}

func (r *rig) asker() *asker {
	r.t.Helper()
	c := r.dial()
	if err := startAsk(r.t, c); err != ipcwire.OK {
		r.t.Fatalf("no memory: %v", err)
	}
	fd := c.TakeRing()
	if fd < 0 {
		r.t.Fatal("no descriptor came with the answer")
	}
	defer unix.Close(fd)
	m, err := mapAskShm(fd)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(m.close)
	return &asker{t: r.t, c: c, m: m, seq: c.Seq()}
}

// put writes a request into the area without posting it.
func (a *asker) put(op ipcwire.Op, body []byte) {
	a.seq++
	ipcwire.PutHeader(a.m.request[:ipcwire.HeaderSize], op, a.seq, 0, len(body))
	copy(a.m.request[ipcwire.HeaderSize:], body)
}

// post lets the executive see what was put, whether it is awake or not.
func (a *asker) post() {
	a.m.store(ipcwire.AskPosted, a.seq)
	if a.m.load(ipcwire.AskAwake) == 0 {
		a.kick()
	}
}

func (a *asker) kick() {
	_, cb := a.c.FDs()
	usock.Send(int(cb), []byte{0})
}

// write sends a request over the socket.
func (a *asker) write(op ipcwire.Op, body []byte) {
	a.t.Helper()
	a.seq++
	fd, _ := a.c.FDs()
	frame := append(ipcwire.AppendHeader(nil, op, a.seq, 0, len(body)), body...)
	for len(frame) > 0 {
		n, errno := usock.Send(int(fd), frame)
		if errno != 0 && errno != unix.EAGAIN {
			a.t.Fatal(errno)
		}
		frame = frame[n:]
	}
}

// request sends one by the way that the executive's state asks for.
func (a *asker) request(op ipcwire.Op, body []byte) {
	a.t.Helper()
	if a.m.load(ipcwire.AskAwake) == 0 || len(body) > ipcwire.AskArea-ipcwire.HeaderSize {
		a.write(op, body)
		return
	}
	a.put(op, body)
	a.post()
}

// inMemory waits for the answer there.
func (a *asker) inMemory() (ipcwire.Header, []byte) {
	a.t.Helper()
	eventually(a.t, "an answer in memory", func() bool { return a.m.load(ipcwire.AskWatch) == 0 })
	return a.taken()
}

func (a *asker) taken() (ipcwire.Header, []byte) {
	a.t.Helper()
	h, ok := ipcwire.DecodeHeader(a.m.answer[:ipcwire.HeaderSize])
	if !ok || h.Seq != a.seq {
		a.t.Fatalf("in memory is %+v, not the answer to %d", h, a.seq)
	}
	return h, a.m.answer[ipcwire.HeaderSize:h.Size]
}

// onSocket waits for the next answer there.
func (a *asker) onSocket() (ipcwire.Header, []byte) {
	a.t.Helper()
	fd, _ := a.c.FDs()
	for end := time.Now().Add(patience); ; {
		if h, ok := ipcwire.DecodeHeader(a.in); ok && len(a.in) >= int(h.Size) {
			body := a.in[ipcwire.HeaderSize:h.Size]
			a.in = a.in[h.Size:]
			return h, body
		}
		unix.Poll([]unix.PollFd{{Fd: fd, Events: unix.POLLIN}}, 100)
		b := make([]byte, 64<<10)
		n, errno := usock.Recv(int(fd), b)
		if errno == 0 && n == 0 || errno != 0 && errno != unix.EAGAIN || time.Now().After(end) {
			a.t.Fatalf("no answer on the socket: %d bytes, %v", n, errno)
		}
		a.in = append(a.in, b[:n]...)
	}
}

// ended waits for the end of the connection.
func (a *asker) ended() {
	a.t.Helper()
	fd, _ := a.c.FDs()
	eventually(a.t, "the end of the connection", func() bool {
		var b [4096]byte
		n, errno := usock.Recv(int(fd), b[:])
		return errno == 0 && n == 0 || errno == unix.ECONNRESET
	})
}

// way is how a request is made.
type way int

const (
	asAsked  way = iota // by the way that the executive's state asks for
	inMemory            // whether it is awake or not
	onSocket
)

const asleep = -2 // looks

// call makes a request as the front does, looking for the answer so many times.
func (a *asker) call(op ipcwire.Op, body []byte, looks int) (ipcwire.Header, []byte) {
	a.t.Helper()
	return a.callBy(asAsked, op, body, looks)
}

// callBy makes it the given way; looks below 0: until it is there, asleep: in the
// kernel.
func (a *asker) callBy(by way, op ipcwire.Op, body []byte, looks int) (ipcwire.Header, []byte) {
	a.t.Helper()
	if looks != 0 {
		a.m.store(ipcwire.AskWatch, a.seq+1)
	}
	switch by {
	case inMemory:
		a.put(op, body)
		a.post()
	case onSocket:
		a.write(op, body)
	default:
		a.request(op, body)
	}
	if looks == asleep {
		if errno := a.sleep(a.seq); errno != 0 {
			a.t.Errorf("asleep until answer %d: %v", a.seq, errno)
		}
		return a.taken()
	}
	if looks < 0 {
		for end := time.Now().Add(patience); a.m.load(ipcwire.AskWatch) != 0; runtime.Gosched() {
			if time.Now().After(end) {
				a.t.Fatalf("no answer to %d in memory", a.seq)
			}
		}
		return a.taken()
	}
	for range looks {
		if a.m.load(ipcwire.AskWatch) == 0 {
			return a.taken()
		}
	}
	if looks > 0 && !a.m.change(ipcwire.AskWatch, a.seq, 0) {
		return a.taken()
	}
	h, body := a.onSocket()
	if h.Seq != a.seq {
		a.t.Fatalf("on the socket is the answer to %d, not %d", h.Seq, a.seq)
	}
	return h, body
}

func TestRequestsAndAnswersGoThroughMemory(t *testing.T) {
	r := newRig(t, nil)
	a := r.asker()
	for _, size := range []int{0, 1, 100, 5000, 70000, ipcwire.AskArea - ipcwire.HeaderSize} {
		body := bytes.Repeat([]byte{byte(size), 7, 9}, size/3+1)[:size]
		a.m.store(ipcwire.AskWatch, a.seq+1)
		a.put(opEcho, body)
		a.post()
		h, got := a.inMemory()
		if h.Op != opEcho || h.Error != ipcwire.OK || !bytes.Equal(got, body) {
			t.Fatalf("%d bytes: %+v and %d bytes", size, h, len(got))
		}
	}
	if st := r.stats(); st.Asked != 6 || st.Answered != 6 || st.Asks != 1 {
		t.Errorf("%d asked, %d answered, %d memories", st.Asked, st.Answered, st.Asks)
	}
}

func TestAnAnswerThatNobodyLooksForOrThatIsTooLargeComesOverTheSocket(t *testing.T) {
	r := newRig(t, nil)
	a := r.asker()
	a.put(opEcho, []byte("nobody looks"))
	a.post()
	if h, body := a.onSocket(); h.Seq != a.seq || string(body) != "nobody looks" {
		t.Fatalf("%+v %q", h, body)
	}
	a.m.store(ipcwire.AskWatch, a.seq+1)
	a.put(opBig, u32s(ipcwire.AskArea))
	a.post()
	if h, body := a.onSocket(); h.Seq != a.seq || len(body) != ipcwire.AskArea {
		t.Fatalf("%+v", h)
	}
	if w, aside := a.m.load(ipcwire.AskWatch), a.m.load(ipcwire.AskAside); w != 0 || aside != a.seq {
		t.Errorf("looked for is %d, not in memory %d, of %d", w, aside, a.seq)
	}
	// One that came over the socket is answered in memory as well.
	a.m.store(ipcwire.AskWatch, a.seq+1)
	a.write(opEcho, []byte("sent"))
	if _, body := a.inMemory(); string(body) != "sent" {
		t.Fatalf("%q", body)
	}
}

// Nothing is lost and nothing comes twice, at whatever moment the executive goes to
// sleep and the library stops looking.
func TestNoRequestAndNoAnswerIsMissedBetweenWakingAndSleeping(t *testing.T) {
	r := newRig(t, nil)
	n := 20000
	if testing.Short() {
		n = 2000
	}
	var askers sync.WaitGroup
	for k := range uint64(2) {
		a := r.asker()
		askers.Go(func() {
			random := rand.New(rand.NewPCG(k, 5))
			body := make([]byte, 64)
			for i := range n {
				binary.LittleEndian.PutUint32(body, uint32(i))
				// Where there is one processor the executive is never seen awake, and few
				// answers come while they are looked for: some ways are prescribed.
				by := []way{asAsked, asAsked, asAsked, asAsked, asAsked, asAsked, inMemory, onSocket}[random.IntN(8)]
				h, got := a.callBy(by, opEcho, body, []int{0, 1, 20, 200, 2000, 1 << 20, -1, asleep, asleep}[random.IntN(9)])
				if h.Error != ipcwire.OK || !bytes.Equal(got, body) {
					t.Errorf("request %d: %+v", i, h)
					return
				}
				for end := time.Now().Add(time.Duration(random.IntN(30)) * time.Microsecond); time.Now().Before(end); {
				}
			}
		})
	}
	askers.Wait()
	st := r.stats()
	if st.Requests < uint64(2*n) || st.Asked == 0 || st.Answered == 0 || st.Asked == uint64(2*n) {
		t.Errorf("%d requests, %d through memory, %d answers", st.Requests, st.Asked, st.Answered)
	}
}

// ordered takes note of what requests begin with.
type ordered struct {
	*fake
	mu  sync.Mutex
	got []uint32
}

func (o *ordered) Request(c service.Conn, seq uint32, op ipcwire.Op, body []byte) {
	if len(body) >= 4 {
		o.mu.Lock()
		o.got = append(o.got, binary.LittleEndian.Uint32(body))
		o.mu.Unlock()
	}
	o.fake.Request(c, seq, op, body)
}

func TestWhatWasPostedIsTakenBeforeWhatWasSentLater(t *testing.T) {
	var o *ordered
	r := newRig(t, func(c *Config, f *fake) {
		o = &ordered{fake: f}
		c.Manager = o
	})
	a := r.asker()
	for i := range uint32(200) {
		// Nothing wakes the executive for it but what is sent.
		a.put(opEcho, u32s(2*i))
		a.m.store(ipcwire.AskPosted, a.seq)
		a.write(opEcho, u32s(2*i+1))
		for range 2 {
			a.onSocket()
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.got) != 400 {
		t.Fatalf("%d requests", len(o.got))
	}
	for i, v := range o.got {
		if v != uint32(i) {
			t.Fatalf("request %d came at place %d", v, i)
		}
	}
}

func TestCallbacksAreThereBeforeTheAnswerThatIsLookedFor(t *testing.T) {
	r := newRig(t, nil)
	a := r.asker()
	for range 200 {
		a.m.store(ipcwire.AskWatch, a.seq+1)
		a.put(opNotify, u32s(1, 8))
		a.post()
		for a.m.load(ipcwire.AskWatch) != 0 {
		}
		if _, ok, err := a.c.NextCallback(libais.One); !ok || err != ipcwire.OK {
			t.Fatalf("the answer came before the callback: %v", err)
		}
	}
}

func TestTurnsOfMemoryGoOnHoweverManyThereWere(t *testing.T) {
	r := newRig(t, nil)
	a, b := r.asker(), r.asker()
	r.on(func() {
		r.s.askNext = math.MaxInt - 1
		for _, c := range r.s.conns {
			c.watch()
		}
		for range 4 {
			r.s.pumpAsks()
		}
	})
	for _, k := range []*asker{a, b} {
		if h, body := k.call(opEcho, []byte("again"), 0); h.Error != ipcwire.OK || string(body) != "again" {
			t.Errorf("%+v %q", h, body)
		}
	}
}

func TestMemoryForRequestsIsRefusedWhereItCannotBe(t *testing.T) {
	r := newRig(t, func(c *Config, _ *fake) { c.Asks = 1 })
	a := r.asker()
	if err := startAsk(t, a.c); err != ipcwire.ErrBusy {
		t.Errorf("a second time: %v", err)
	}
	other := r.dial()
	if err := startAsk(t, other); err != ipcwire.ErrNoResources {
		t.Errorf("beyond the limit: %v", err)
	}
	if err, body := wait.Call(other, patience, opEcho, []byte("still here")); err != ipcwire.OK || string(body) != "still here" {
		t.Errorf("%v %q", err, body)
	}
	a.c.Close()
	eventually(t, "the memory is given back", func() bool { return r.stats().Asks == 0 })
	if err := startAsk(t, other); err != ipcwire.OK {
		t.Errorf("after another gave it back: %v", err)
	}
	none := newRig(t, func(c *Config, _ *fake) { c.Asks = -1 })
	if err := startAsk(t, none.dial()); err != ipcwire.ErrNoResources {
		t.Errorf("not configured: %v", err)
	}
	t.Setenv("AIS_NO_SHARED_MEMORY", "1")
	denied := newRig(t, nil)
	if err := startAsk(t, denied.dial()); err != ipcwire.ErrNoResources {
		t.Errorf("denied by the environment: %v", err)
	}
	if st := denied.stats(); st.AsksOffered || st.AsksRefused != 1 {
		t.Errorf("offered: %v, refused: %d", st.AsksOffered, st.AsksRefused)
	}
}

func TestALibraryThatPostsNonsenseLosesItsConnectionOnly(t *testing.T) {
	header := func(size uint32, flags uint16, seq, err uint32) []byte {
		b := make([]byte, ipcwire.HeaderSize)
		binary.LittleEndian.PutUint32(b, size)
		binary.LittleEndian.PutUint16(b[4:], uint16(opEcho))
		binary.LittleEndian.PutUint16(b[6:], flags)
		binary.LittleEndian.PutUint32(b[8:], seq)
		binary.LittleEndian.PutUint32(b[12:], err)
		return b
	}
	r := newRig(t, nil)
	good := r.asker()
	for _, row := range []struct {
		what   string
		header []byte
		reason Reason
	}{
		{"a size below the header", header(15, 0, 9, 0), EndHeader},
		{"a size beyond the area", header(ipcwire.AskArea+1, 0, 9, 0), EndHeader},
		{"a size beyond everything", header(1<<32-1, 0, 9, 0), EndHeader},
		{"flags", header(16, 1, 9, 0), EndHeader},
		{"another number", header(16, 0, 8, 0), EndHeader},
		{"an error number", header(16, 0, 9, 1), EndSequence},
		{"nothing at all", make([]byte, ipcwire.HeaderSize), EndHeader},
	} {
		before := r.stats().ByReason[row.reason]
		a := r.asker()
		copy(a.m.request, row.header)
		a.m.store(ipcwire.AskPosted, 9)
		a.kick()
		a.ended()
		eventually(t, row.what, func() bool { return r.stats().ByReason[row.reason] == before+1 })
	}
	// A number that is still unanswered.
	a := r.asker()
	holds := func(n int) func() bool {
		return func() (is bool) {
			r.on(func() { is = len(r.f.held) == n })
			return is
		}
	}
	a.put(opHold, nil)
	a.post()
	eventually(t, "one is held", holds(1))
	a.put(opHold, nil)
	a.post()
	eventually(t, "two are held", holds(2))
	a.seq -= 2
	a.put(opHold, nil)
	a.post()
	a.ended()
	if h, body := good.call(opEcho, []byte("alive"), 1<<20); h.Error != ipcwire.OK || string(body) != "alive" {
		t.Errorf("%+v %q", h, body)
	}
}

// What the library changes while the executive reads it was judged after it was
// copied.
func TestMemoryThatChangesWhileItIsReadDoesNoHarm(t *testing.T) {
	r := newRig(t, nil)
	good := r.asker()
	for round := range uint64(20) {
		a := r.asker()
		random := rand.New(rand.NewPCG(round, 3))
		ended := false
		fd, _ := a.c.FDs()
		for range 2000 {
			a.put(opSum, bytes.Repeat([]byte{1}, random.IntN(3000)))
			a.post()
			for range random.IntN(200) {
				binary.LittleEndian.PutUint32(a.m.request, random.Uint32N(2*ipcwire.AskArea))
				a.m.store(ipcwire.AskWatch, random.Uint32())
				a.m.store(ipcwire.AskAwake, random.Uint32N(2))
				a.m.store(ipcwire.AskPosted, a.seq+random.Uint32N(2))
			}
			var b [8192]byte
			if n, errno := usock.Recv(int(fd), b[:]); errno == 0 && n == 0 || errno == unix.ECONNRESET {
				ended = true
				break
			}
		}
		if !ended {
			a.c.Shutdown()
		}
	}
	if h, body := good.call(opEcho, []byte("alive"), 1<<20); h.Error != ipcwire.OK || string(body) != "alive" {
		t.Errorf("%+v %q", h, body)
	}
}

// One library posts again and again without reading answers or waiting for them
// (and may lose its connection for it), others do work that takes its time:
// everybody gets turns.
func TestAFloodThroughMemoryIsBoundedAndOthersAreServed(t *testing.T) {
	r := newRig(t, nil)
	flood, stop := r.asker(), make(chan struct{})
	var askers sync.WaitGroup
	askers.Go(func() {
		big := u32s(60000)
		for {
			select {
			case <-stop:
				return
			default:
			}
			flood.put(opBig, big)
			flood.m.store(ipcwire.AskPosted, flood.seq)
			flood.kick()
		}
	})
	for range 2 {
		slow := r.asker()
		askers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				slow.call(opSlow, u32s(900), 100)
			}
		})
	}
	// How long one takes depends on the machine, too; half of them are not unlucky.
	quiet := r.dial()
	var took []time.Duration
	for range 100 {
		began := time.Now()
		call(t, quiet, opEcho, []byte("me too"))
		took = append(took, time.Since(began))
	}
	st := r.stats()
	close(stop)
	askers.Wait()
	slices.Sort(took)
	if took[50] > time.Second {
		t.Errorf("a request took %v, the worst %v", took[50], took[99])
	}
	if st.OutputMemory > 1<<20 {
		t.Errorf("answers that nobody reads take %d bytes", st.OutputMemory)
	}
}

func TestARequestPostedBehindUnreadAnswersIsTakenWhenTheyAreRead(t *testing.T) {
	r := newRig(t, nil)
	a := r.asker()
	for range 20 {
		a.write(opBig, u32s(60000))
	}
	blocked := func() (is bool) {
		r.on(func() { is = r.s.conns[1].blocked() })
		return is
	}
	eventually(t, "it is blocked", blocked)
	a.put(opEcho, []byte("posted"))
	a.post()
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
		if r.stats().Asked != 0 {
			t.Fatal("it was taken before")
		}
	}
	answers := 0
	for range 21 {
		if h, body := a.onSocket(); h.Seq == a.seq && string(body) == "posted" {
			answers++
		}
	}
	if answers != 1 {
		t.Fatalf("it was answered %d times", answers)
	}
}

func TestALookForTheNextRequestEndsWhenItIsInVain(t *testing.T) {
	var l looking
	now, looked := time.Duration(1), time.Duration(0)
	look := func() {
		for began := now; l.goOn(now); now += time.Microsecond {
			looked = now - began
		}
	}
	l.span = lookMost
	for range 3 {
		look()
	}
	if l.span != 0 {
		t.Fatalf("after three in vain it still looks for %v", l.span)
	}
	looked = 0
	for range lookRetry - 1 {
		if now++; l.goOn(now) {
			t.Fatal("it looks")
		}
	}
	if look(); looked < lookMost-time.Microsecond || l.span != 0 {
		t.Fatalf("tried again for %v, and then for %v", looked, l.span)
	}
	for range lookRetry - 1 {
		l.goOn(now)
	}
	if !l.goOn(now) {
		t.Fatal("it does not look")
	}
	if l.found(); l.span != lookMost || l.trial {
		t.Fatalf("found, and then it looks for %v", l.span)
	}
}

func TestAnIdleExecutiveLooksForNothing(t *testing.T) {
	r := newRig(t, nil)
	a := r.asker()
	a.call(opEcho, nil, 1<<20)
	eventually(t, "it sleeps", func() bool { return a.m.load(ipcwire.AskAwake) == 0 })
	var before, after uint64
	r.on(func() { before = r.l.Stats().Wakeups })
	time.Sleep(50 * time.Millisecond)
	r.on(func() { after = r.l.Stats().Wakeups })
	if n := after - before; n > 5 { // the two of this test, and turns that end a look
		t.Errorf("%d wake-ups in 50 ms of nothing", n)
	}
}

func TestARequestThroughMemoryCostsNoAllocation(t *testing.T) {
	r := newRig(t, nil)
	a := r.asker()
	body := make([]byte, 1024)
	var failed bool
	r.on(func() {
		c := r.s.conns[1]
		turn := func() {
			a.m.store(ipcwire.AskWatch, a.seq+1)
			a.put(opEcho, body)
			a.m.store(ipcwire.AskPosted, a.seq)
			r.s.worked = 0
			r.s.pumpAsks()
			failed = failed || a.m.load(ipcwire.AskWatch) != 0
		}
		c.watch()
		turn()
		if n := testing.AllocsPerRun(100, turn); n > 0 {
			t.Errorf("%v allocations for a request", n)
		}
	})
	if failed {
		t.Error("a request was not answered at once")
	}
}

// FuzzPosted is a library that writes anything into its memory.
func FuzzPosted(f *testing.F) {
	f.Add(uint32(2), uint32(2), append(ipcwire.AppendHeader(nil, opEcho, 2, 0, 4), 1, 2, 3, 4))
	f.Add(uint32(9), uint32(0), ipcwire.AppendHeader(nil, opBig, 9, 0, 0))
	r := newRig(f, nil)
	good := r.asker()
	f.Fuzz(func(t *testing.T, posted, watch uint32, request []byte) {
		a := (&rig{t: t, socket: r.socket}).asker()
		good.t = t
		copy(a.m.request, request)
		a.m.store(ipcwire.AskWatch, watch)
		a.m.store(ipcwire.AskPosted, posted)
		a.kick()
		if h, body := good.call(opEcho, request[:min(len(request), 1000)], 1000); h.Error != ipcwire.OK || len(body) != min(len(request), 1000) {
			t.Fatalf("%+v", h)
		}
		a.c.Close()
	})
}
