package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b, b ^ 0x5a}, KeySize/2) }

func member(id wire.NodeID, start byte) wire.Member {
	m := wire.Member{ID: id, Start: uint64(start)}
	for i := range m.Nonce {
		m.Nonce[i] = byte(id)*16 + start + byte(i)*3
	}
	return m
}

func newSealer(t testing.TB, c Config) *Sealer {
	t.Helper()
	if c.Keys == nil && !c.Unsealed {
		c.Keys = [][]byte{key(1)}
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ringOf(seq uint64, ms ...wire.Member) srp.Ring {
	return srp.Ring{ID: wire.RingID{Rep: ms[0].ID, Seq: seq}, Members: ms}
}

func install(t testing.TB, r srp.Ring, ss ...*Sealer) {
	t.Helper()
	for _, s := range ss {
		if err := s.InstallRing(r); err != nil {
			t.Fatal(err)
		}
	}
}

func overhead(id wire.RingID) int {
	if id.IsZero() {
		return SessionOverhead
	}
	return RingOverhead
}

func sealed(t testing.TB, s *Sealer, id wire.RingID, payload string) []byte {
	t.Helper()
	dst := make([]byte, len(payload)+overhead(id))
	n, err := s.Seal(dst, id, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return dst[:n]
}

// expect opens a copy, so that the packet can be used again.
func expect(t testing.TB, s *Sealer, pkt []byte, want Reason) (srp.Origin, string) {
	t.Helper()
	before := s.stats.Opened[want]
	o, p, why := s.Open(bytes.Clone(pkt))
	if why != want {
		t.Fatalf("opened as %v, want %v", why, want)
	}
	if s.stats.Opened[want] != before+1 {
		t.Fatalf("%v was not counted", want)
	}
	if why != Accepted && (p != nil || o != srp.Origin{}) {
		t.Fatalf("%v, yet it returned something", why)
	}
	return o, string(p)
}

var none wire.RingID

func TestHKDFAndAEADsGiveTheirPublishedValues(t *testing.T) {
	un := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	// RFC 5869, test case 1.
	prk := extract(un("000102030405060708090a0b0c"), bytes.Repeat([]byte{0x0b}, 22))
	if hex.EncodeToString(prk[:]) != "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5" {
		t.Errorf("extract: %x", prk)
	}
	okm := prk.expand(un("f0f1f2f3f4f5f6f7f8f9"), nil, nil)
	if hex.EncodeToString(okm[:]) != "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf" {
		t.Errorf("expand: %x", okm)
	}
	// GCM specification, test case 16.
	var k secret
	copy(k[:], un("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"))
	got := newAEAD(AES256GCM, k).Seal(nil, un("cafebabefacedbaddecaf888"),
		un("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"),
		un("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
	if hex.EncodeToString(got) != "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"+
		"76fc6ece0f4e1768cddf8853bb2d551b" {
		t.Errorf("aes-256-gcm: %x", got)
	}
	// RFC 8439, 2.8.2.
	copy(k[:], un("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"))
	got = newAEAD(ChaCha20Poly1305, k).Seal(nil, un("070000004041424344454647"),
		[]byte("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."),
		un("50515253c0c1c2c3c4c5c6c7"))
	if n := len(got) - TagSize; hex.EncodeToString(got[n:]) != "1ae10b594f09e26a7e902ecbd0600691" || !bytes.HasPrefix(got, un("d31a8d34648e60db7b86afbc53ef7ec2")) {
		t.Errorf("chacha20-poly1305: %x", got)
	}
}

func TestDerivationAgreesWithTheStandardLibrary(t *testing.T) {
	rnd := rand.New(rand.NewSource(3))
	for i := 0; i < 200; i++ {
		k := make([]byte, 1+rnd.Intn(KeySize))
		salt := make([]byte, rnd.Intn(100))
		info := make([]byte, rnd.Intn(120))
		rnd.Read(k)
		rnd.Read(salt)
		rnd.Read(info)
		prk, err := hkdf.Extract(sha256.New, k, salt)
		if err != nil {
			t.Fatal(err)
		}
		mine := extract(salt, k)
		if !bytes.Equal(mine[:], prk) {
			t.Fatal("extract differs")
		}
		want, err := hkdf.Expand(sha256.New, prk, string(info), 32)
		if err != nil {
			t.Fatal(err)
		}
		cut := rnd.Intn(len(info) + 1)
		if okm := mine.expand(info[:cut/2], info[cut/2:cut], info[cut:]); !bytes.Equal(okm[:], want) {
			t.Fatal("expand differs")
		}
	}
}

// The format of the package comment, built by other means.
func TestPacketsAreExactlyAsDocumented(t *testing.T) {
	self := member(7, 1)
	peer := member(9, 4)
	std := func(secret []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	cl := sha256.Sum256([]byte("prod"))
	root := std(hkdf.Extract(sha256.New, key(1), []byte("ais ring v1 root")))
	root = std(hkdf.Expand(sha256.New, root, "ais ring v1 cluster "+string(cl[:]), 32))
	name := std(hkdf.Extract(sha256.New, key(1), []byte("ais ring v1 name")))[:4]
	tag := sha256.Sum256([]byte("ais ring v1 cluster prod"))

	for _, suite := range []Suite{AES256GCM, ChaCha20Poly1305} {
		s := newSealer(t, Config{Self: self, Cluster: "prod", Suite: suite})
		r := ringOf(300, self, peer)
		install(t, r, s)
		who := append([]byte{byte(suite)}, 7, 0, 0, 0)

		desc := binary.LittleEndian.AppendUint32(nil, 7)
		desc = binary.LittleEndian.AppendUint64(desc, 300)
		desc = binary.LittleEndian.AppendUint64(desc, 2)
		for _, m := range r.Members {
			desc = binary.LittleEndian.AppendUint32(desc, uint32(m.ID))
			desc = append(desc, m.Nonce[:]...)
		}
		sum := sha256.Sum256(desc)
		ringKey := std(hkdf.Expand(sha256.New, root, "ais ring v1 ring "+string(sum[:]), 32))
		sel := std(hkdf.Expand(sha256.New, ringKey, "ais ring v1 select ", 16))
		senderKey := std(hkdf.Expand(sha256.New, ringKey, "ais ring v1 sender "+string(who), 32))
		sessKey := std(hkdf.Expand(sha256.New, root, "ais ring v1 session "+string(who)+string(self.Nonce[:]), 32))

		session := []byte{'a', 'E', 2, byte(suite)<<4 | 1}
		session = append(append(append(session, tag[:4]...), name...), 7, 0, 0, 0)
		session = append(binary.LittleEndian.AppendUint64(session, 1), self.Nonce[:]...)
		ring := []byte{0xa8 | byte(suite), 0, sel[0], sel[1], sel[2], 2, 0, 0, 0, 0, 1}
		for i, c := range []struct {
			header  []byte
			key     []byte
			counter uint64
			id      wire.RingID
		}{{session, sessKey, 1, none}, {ring, senderKey, 1<<40 + 2, r.ID}} {
			s.counter = c.counter - 1
			got := sealed(t, s, c.id, "payload")
			var a cipher.AEAD
			if suite == AES256GCM {
				b, _ := aes.NewCipher(c.key)
				a, _ = cipher.NewGCM(b)
			} else {
				a, _ = chacha20poly1305.New(c.key)
			}
			nonce := binary.LittleEndian.AppendUint64(make([]byte, 4), c.counter)
			if want := a.Seal(bytes.Clone(c.header), nonce, []byte("payload"), c.header); !bytes.Equal(got, want) {
				t.Errorf("%v packet %d:\n got %x\nwant %x", suite, i, got, want)
			}
		}
	}

	s := newSealer(t, Config{Self: self, Cluster: "prod", Unsealed: true})
	r := ringOf(300, self, peer)
	install(t, r, s)
	whole := s.rings[0].keys[0].name
	want := append([]byte{0xa8, 0, whole[0], whole[1], whole[2], 1, 0, 0, 0, 0, 0}, "payload"...)
	if got := sealed(t, s, r.ID, "payload"); !bytes.Equal(got, append(want, whole[:]...)) {
		t.Errorf("plain:\n got %x\nwant %x", got, want)
	}
}

func TestSealedIsOpenedByTheOthersAndNamesItsSender(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for _, suite := range []Suite{AES256GCM, ChaCha20Poly1305} {
			a := newSealer(t, Config{Self: member(1, 1), Suite: suite, Unsealed: plain})
			b := newSealer(t, Config{Self: member(2, 1), Unsealed: plain})
			r := ringOf(8, member(1, 1), member(2, 1))
			install(t, srp.Ring{ID: r.ID, Members: []wire.Member{r.Members[1], r.Members[0]}}, a) // any order
			o, p := expect(t, b, sealed(t, a, none, "join"), Accepted)
			if p != "join" || o.Member.ID != 1 || o.Member.Nonce != member(1, 1).Nonce || !o.Ring.IsZero() || o.Member.Start != 0 {
				t.Fatalf("%+v %q", o, p)
			}
			expect(t, b, sealed(t, a, r.ID, "data"), UnknownRing)
			install(t, r, b)
			o, p = expect(t, b, sealed(t, a, r.ID, "data"), Accepted)
			if p != "data" || o.Member != member(1, 1) || o.Ring != r.ID {
				t.Fatalf("%+v %q", o, p)
			}
			if o, _ = expect(t, b, sealed(t, a, none, ""), Accepted); o.Member.Start != 1 {
				t.Fatal("the start number of a member of the ring is known")
			}
			expect(t, a, sealed(t, a, r.ID, "x"), Self)
			expect(t, a, sealed(t, a, none, "x"), Self)
			if plain != bytes.Contains(sealed(t, a, r.ID, "secret words"), []byte("secret words")) {
				t.Fatal("plain and sealed are mixed up")
			}
		}
	}
}

func TestEveryFlippedBitAndEveryTruncationIsRefused(t *testing.T) {
	for _, suite := range []Suite{AES256GCM, ChaCha20Poly1305} {
		a := newSealer(t, Config{Self: member(1, 1), Suite: suite})
		b := newSealer(t, Config{Self: member(2, 1)})
		r := ringOf(8, member(1, 1), member(2, 1), member(3, 1))
		install(t, r, a, b)
		for _, id := range []wire.RingID{none, r.ID} {
			pkt := sealed(t, a, id, "some payload of a few blocks, so that all parts of the packet are long enough")
			refused := uint64(0)
			for bit := 0; bit < len(pkt)*8; bit++ {
				bad := bytes.Clone(pkt)
				bad[bit/8] ^= 1 << (bit % 8)
				if _, p, why := b.Open(bad); why == Accepted || p != nil {
					t.Fatalf("%v: bit %d of byte %d flipped: accepted", suite, bit%8, bit/8)
				}
				refused++
			}
			for n := 0; n < len(pkt); n++ {
				if _, _, why := b.Open(bytes.Clone(pkt[:n])); why == Accepted {
					t.Fatalf("%v: %d bytes of %d: accepted", suite, n, len(pkt))
				}
				refused++
			}
			if _, _, why := b.Open(append(bytes.Clone(pkt), 0)); why != AuthFailed {
				t.Fatalf("%v: one byte more: %v", suite, why)
			}
			expect(t, b, pkt, Accepted) // none of the damaged ones spoilt the window
			counted := uint64(0)
			for why, n := range b.Stats().Opened {
				if Reason(why) != Accepted {
					counted += n
				}
			}
			if counted != refused+1 {
				t.Fatalf("%d refused, %d counted", refused+1, counted)
			}
			b.stats.Opened = [Reasons]uint64{}
		}
	}
}

func TestEachFieldOfTheHeaderHasItsReason(t *testing.T) {
	a := newSealer(t, Config{Self: member(1, 1)})
	b := newSealer(t, Config{Self: member(2, 1)})
	r := ringOf(8, member(1, 1), member(2, 1))
	install(t, r, a, b)
	for _, c := range []struct {
		name string
		at   int
		val  byte
		want Reason
	}{
		{"magic", 0, 'b', BadMagic},
		{"version", 2, 1, BadVersion},
		{"a later version", 2, 3, BadVersion},
		{"class", 3, 0x12, BadHeader},
		{"suite", 3, 0x32, BadHeader},
		{"plain", 3, 0x01, PlaintextRefused},
		{"cluster", 4, 99, WrongCluster},
		{"key", 8, 99, UnknownKey},
		{"sender", 12, 3, AuthFailed},
		{"counter", 16, 77, AuthFailed},
		{"nonce", 24, 0xff, AuthFailed},
		{"ring form", 0, 0x88, BadMagic},
		{"ring version", 0, 0xa4 | byte(AES256GCM), BadVersion},
		{"a later ring version", 0, 0xac | byte(AES256GCM), BadVersion},
		{"ring suite", 0, 0xab, BadHeader},
		{"ring plain", 0, 0xa8, PlaintextRefused},
		{"ring sender behind the last", 1, 2, NotMember},
		{"ring sender beyond any", 1, 255, NotMember},
		{"ring sender this node", 1, 1, Self},
		{"ring name", 2, 0xff, UnknownRing},
		{"end of the ring name", 4, 0xff, UnknownRing},
		{"ring counter", 5, 77, AuthFailed},
		{"end of the ring counter", 10, 1, AuthFailed},
		{"ring payload", 11, 1, AuthFailed},
	} {
		pkt := sealed(t, a, none, "x")
		if strings.Contains(c.name, "ring") {
			pkt = sealed(t, a, r.ID, "x")
		}
		if pkt[c.at] == c.val {
			pkt[c.at]++
		} else {
			pkt[c.at] = c.val
		}
		o, _, why := b.Open(pkt)
		if why != c.want || o.Member.ID != 0 {
			t.Errorf("%s: %v, want %v", c.name, why, c.want)
		}
	}
	zero := sealed(t, a, none, "x")
	copy(zero[12:16], []byte{0, 0, 0, 0})
	expect(t, b, zero, BadHeader)
}

func TestOtherKeysClustersAndModesAreToldApart(t *testing.T) {
	a := newSealer(t, Config{Self: member(1, 1), Cluster: "one"})
	pkt := sealed(t, a, none, "join")
	expect(t, newSealer(t, Config{Self: member(2, 1), Cluster: "two"}), pkt, WrongCluster)
	expect(t, newSealer(t, Config{Self: member(2, 1), Cluster: "one", Keys: [][]byte{key(2)}}), pkt, UnknownKey)
	plain := newSealer(t, Config{Self: member(2, 1), Cluster: "one", Unsealed: true})
	expect(t, plain, pkt, SealedRefused)
	expect(t, a, sealed(t, plain, none, "join"), PlaintextRefused)

	// The cluster's name is in the keys, not only in the header's tag.
	other := newSealer(t, Config{Self: member(2, 1), Cluster: "two"})
	other.tag = a.tag
	expect(t, other, pkt, AuthFailed)
	// And so is the shared key: its public name alone opens nothing.
	other = newSealer(t, Config{Self: member(2, 1), Cluster: "one", Keys: [][]byte{key(2)}})
	other.keys[0].name = a.keys[0].name
	expect(t, other, pkt, AuthFailed)
}

func TestAPacketIsAcceptedOnceAndOldOnesNever(t *testing.T) {
	a := newSealer(t, Config{Self: member(1, 1)})
	b := newSealer(t, Config{Self: member(2, 1)})
	r := ringOf(8, member(1, 1), member(2, 1))
	install(t, r, a, b)
	for _, id := range []wire.RingID{none, r.ID} {
		var pkts [][]byte
		for i := 0; i < 500; i++ {
			pkts = append(pkts, sealed(t, a, id, "x"))
		}
		rand.New(rand.NewSource(1)).Shuffle(len(pkts), func(i, j int) { pkts[i], pkts[j] = pkts[j], pkts[i] })
		for _, p := range pkts {
			expect(t, b, p, Accepted)
			expect(t, b, p, Replayed)
		}
		for _, p := range pkts {
			expect(t, b, p, Replayed)
		}
		late := sealed(t, a, id, "late")
		for i := 0; i < WindowSize; i++ {
			expect(t, b, sealed(t, a, id, "x"), Accepted)
		}
		expect(t, b, late, Replayed)
	}
}

func TestWindowAgreesWithASetOfCounters(t *testing.T) {
	rnd := rand.New(rand.NewSource(5))
	for round := 0; round < 30; round++ {
		var w window
		seen := map[uint64]bool{}
		base := uint64(rnd.Int63n(3)) * (1<<63 - 1)
		top := uint64(0)
		for i := 0; i < 20000; i++ {
			var c uint64
			switch rnd.Intn(10) {
			case 0:
				c = top + uint64(rnd.Intn(2*WindowSize))
			case 1:
				c = base + uint64(rnd.Intn(100))
			default:
				c = top + uint64(rnd.Intn(64)) - uint64(rnd.Intn(WindowSize+128))
			}
			if c > top+1<<40 && top != 0 {
				continue // the subtraction wrapped
			}
			want := c != 0 && !seen[c] && (c > top || top-c < WindowSize)
			if got := w.fresh(c); got != want {
				t.Fatalf("round %d: fresh(%d) is %v with top %d", round, c, got, top)
			}
			if want {
				w.add(c)
				seen[c] = true
				top = max(top, c)
			}
		}
	}
}

func TestRecordingsOfAnotherStartOpenNothingOfTheRing(t *testing.T) {
	a1 := newSealer(t, Config{Self: member(1, 1)})
	b1 := newSealer(t, Config{Self: member(2, 1)})
	r1 := ringOf(8, member(1, 1), member(2, 1))
	install(t, r1, a1, b1)
	oldRing, oldSession := sealed(t, a1, r1.ID, "data"), sealed(t, a1, none, "join")
	expect(t, b1, oldRing, Accepted)
	expect(t, b1, oldSession, Accepted)

	// The sender restarted: same ids, same ring number even, other nonce.
	r2 := ringOf(8, member(1, 2), member(2, 1))
	install(t, r2, b1)
	a2 := newSealer(t, Config{Self: member(1, 2)})
	install(t, r2, a2)
	expect(t, b1, oldRing, Replayed) // the ring before is still known
	expect(t, b1, oldSession, Replayed)
	expect(t, b1, sealed(t, a2, r2.ID, "data"), Accepted)
	if o, _ := expect(t, b1, sealed(t, a2, none, "join"), Accepted); o.Member != member(1, 2) {
		t.Fatalf("session of the new start: %+v", o)
	}

	// The receiver restarted: the ring traffic cannot be opened, and the session
	// packet opens but carries the old nonce, which the ring protocol refuses.
	b2 := newSealer(t, Config{Self: member(2, 2)})
	r3 := ringOf(8, member(1, 1), member(2, 2))
	install(t, r3, b2)
	expect(t, b2, oldRing, UnknownRing)
	if o, _ := expect(t, b2, oldSession, Accepted); o.Member.Nonce != member(1, 1).Nonce {
		t.Fatal("a recorded session must show its nonce")
	}
	expect(t, b2, oldSession, Replayed)

	// The sender itself, started anew, hears its former self.
	expect(t, a2, oldSession, SameID)
	expect(t, a2, oldRing, UnknownRing)
}

func TestAKeyIsRotatedWithoutAStop(t *testing.T) {
	old, next := key(1), key(2)
	a := newSealer(t, Config{Self: member(1, 1), Keys: [][]byte{old}})
	b := newSealer(t, Config{Self: member(2, 1), Keys: [][]byte{old}})
	r := ringOf(8, member(1, 1), member(2, 1))
	install(t, r, a, b)
	talk := func() {
		t.Helper()
		for _, id := range []wire.RingID{none, r.ID} {
			expect(t, b, sealed(t, a, id, "x"), Accepted)
			expect(t, a, sealed(t, b, id, "x"), Accepted)
		}
	}
	set := func(s *Sealer, keys ...[]byte) {
		t.Helper()
		if err := s.SetKeys(keys); err != nil {
			t.Fatal(err)
		}
		talk()
	}
	talk()
	before := sealed(t, a, r.ID, "x")
	expect(t, b, before, Accepted)
	set(a, old, next)
	set(b, old, next)
	set(a, next, old)
	expect(t, b, before, Replayed) // windows outlive a change of keys
	set(b, next, old)
	last := sealed(t, a, none, "x")
	set(a, next)
	set(b, next)
	expect(t, b, before, UnknownRing)
	expect(t, b, last, Accepted)
	for id := range b.sessions.byID {
		if id.key != b.keys[0].name {
			t.Fatal("a session under a key that is gone is remembered")
		}
	}
	for _, bad := range [][][]byte{nil, {old[:127]}, {old, old}, make([][]byte, MaxKeys+1)} {
		if a.SetKeys(bad) == nil {
			t.Fatalf("a key ring of %d keys was taken", len(bad))
		}
	}
	talk()
}

func TestTheRingInForceAndTheNewestInstalledStayOpen(t *testing.T) {
	a := newSealer(t, Config{Self: member(1, 1)})
	b := newSealer(t, Config{Self: member(2, 1)})
	var rings []srp.Ring
	for seq := uint64(1); seq <= 9; seq++ {
		r := ringOf(seq, member(1, 1), member(2, 1))
		rings = append(rings, r)
		install(t, r, a, b)
		install(t, r, a, b) // again: changes nothing
		if seq == 3 {
			a.InForce(r.ID)
			b.InForce(r.ID)
		}
		for _, o := range rings {
			newest := seq - o.ID.Seq
			open := newest < keptRings-1 || newest < keptRings && seq < 7 || o.ID.Seq == 3 && seq >= 3
			if open {
				expect(t, b, sealed(t, a, o.ID, "x"), Accepted)
			} else if _, err := a.Seal(make([]byte, 100), o.ID, nil); err != ErrUnknownRing {
				t.Fatalf("ring %d when %d is the newest: %v", o.ID.Seq, seq, err)
			}
		}
	}
	for _, bad := range []srp.Ring{
		{Members: rings[0].Members},
		{ID: rings[0].ID},
		ringOf(9, member(2, 1), member(3, 1)),
		ringOf(9, member(1, 2), member(3, 1)),
		ringOf(9, member(1, 1), member(3, 1), member(3, 2)),
	} {
		if a.InstallRing(bad) == nil {
			t.Fatalf("installed %+v", bad)
		}
	}
}

func TestForgedNoncesEvictNothingAndRecordingsDoNotEvictTheRing(t *testing.T) {
	b := newSealer(t, Config{Self: member(2, 1), Sessions: 8})
	a := newSealer(t, Config{Self: member(1, 1)})
	c := newSealer(t, Config{Self: member(3, 1)})
	install(t, ringOf(8, member(1, 1), member(2, 1)), a, b)
	mine, others := sealed(t, a, none, "x"), sealed(t, c, none, "x")
	expect(t, b, mine, Accepted)
	expect(t, b, others, Accepted)
	rnd := rand.New(rand.NewSource(1))
	for i := 0; i < 2000; i++ {
		forged := bytes.Clone(mine)
		rnd.Read(forged[24:40])
		binary.LittleEndian.PutUint32(forged[12:], 5+rnd.Uint32()%100)
		expect(t, b, forged, AuthFailed)
	}
	if n := len(b.sessions.byID); n != 2 || b.stats.Evicted != 0 || b.stats.Derived != 2002 {
		t.Fatalf("%d sessions, %+v", n, b.stats)
	}
	for i := 0; i < 100; i++ { // genuine ones of many starts
		old := newSealer(t, Config{Self: member(wire.NodeID(4+i), byte(i))})
		expect(t, b, sealed(t, old, none, "x"), Accepted)
		if len(b.sessions.byID) > 8 {
			t.Fatal("the table grows beyond its bound")
		}
	}
	expect(t, b, mine, Replayed)   // a member of the ring keeps its window
	expect(t, b, others, Accepted) // a stranger does not
	if b.stats.Evicted == 0 {
		t.Fatal("evictions are not counted")
	}
}

func TestSealRefusesADestinationWithoutRoom(t *testing.T) {
	a := newSealer(t, Config{Self: member(1, 1)})
	b := newSealer(t, Config{Self: member(2, 1)})
	r := ringOf(8, member(1, 1), member(2, 1))
	install(t, r, a, b)
	for _, id := range []wire.RingID{none, r.ID} {
		room, header := overhead(id)+10, overhead(id)-TagSize
		for n := 0; n < room; n++ {
			if _, err := a.Seal(make([]byte, n), id, make([]byte, 10)); err != ErrNoRoom {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
		buf := make([]byte, room)
		copy(buf[header:], "in place!!")
		if _, err := a.Seal(buf, id, buf[header:header+10]); err != nil {
			t.Fatal(err)
		}
		if _, p := expect(t, b, buf, Accepted); p != "in place!!" {
			t.Fatalf("%q", p)
		}
	}
}

// A counter that came round would be a nonce used twice.
func TestNothingIsSealedWhenTheCounterIsUsedUp(t *testing.T) {
	a := newSealer(t, Config{Self: member(1, 1)})
	b := newSealer(t, Config{Self: member(2, 1)})
	r := ringOf(8, member(1, 1), member(2, 1))
	install(t, r, a, b)
	a.Advance(MaxCounter - 2)
	a.Advance(5)
	expect(t, b, sealed(t, a, none, "last but one"), Accepted)
	last := sealed(t, a, r.ID, "last")
	expect(t, b, last, Accepted)
	for range 3 {
		for _, id := range []wire.RingID{none, r.ID} {
			if n, err := a.Seal(make([]byte, 100), id, []byte("one more")); err != ErrUsedUp || n != 0 {
				t.Fatalf("%d bytes, %v", n, err)
			}
		}
	}
	expect(t, b, last, Replayed)
}

func TestEveryPlaceOfTheLargestRingIsTold(t *testing.T) {
	var ms []wire.Member
	for i := range wire.MaxMembers {
		ms = append(ms, member(wire.NodeID(i+1), 1))
	}
	r := ringOf(8, ms...)
	b := newSealer(t, Config{Self: ms[5]})
	install(t, r, b)
	for _, m := range ms {
		a := newSealer(t, Config{Self: m})
		install(t, r, a)
		if m == ms[5] {
			expect(t, b, sealed(t, a, r.ID, "x"), Self)
		} else if o, _ := expect(t, b, sealed(t, a, r.ID, "x"), Accepted); o.Member != m {
			t.Fatalf("%d taken for %d", m.ID, o.Member.ID)
		}
	}
	ms = append(ms, member(wire.MaxMembers+1, 1))
	if err := b.InstallRing(ringOf(12, ms...)); err == nil {
		t.Fatalf("a ring of %d members was installed", len(ms))
	}
}

// Three bytes of a ring's name may be another's too: no packet is taken for one of
// the wrong ring, and the newer one is always served.
func TestRingsWhoseNamesBeginAlikeAreNotMixedUp(t *testing.T) {
	for _, plain := range []bool{false, true} {
		a := newSealer(t, Config{Self: member(1, 1), Unsealed: plain})
		b := newSealer(t, Config{Self: member(2, 1), Unsealed: plain})
		former := ringOf(8, member(1, 1), member(2, 1))
		later := ringOf(12, member(1, 1), member(2, 1))
		install(t, former, a, b)
		install(t, later, a, b)
		for _, s := range []*Sealer{a, b} { // newest first
			copy(s.rings[1].keys[0].name[:headLength], s.rings[0].keys[0].name[:headLength])
		}
		if o, _ := expect(t, b, sealed(t, a, later.ID, "x"), Accepted); o.Ring != later.ID {
			t.Fatalf("plain %v: taken for %v", plain, o.Ring)
		}
		if !plain {
			expect(t, b, sealed(t, a, former.ID, "x"), AuthFailed)
			continue
		}
		if o, _ := expect(t, b, sealed(t, a, former.ID, "x"), Accepted); o.Ring != former.ID {
			t.Fatalf("plain: taken for %v", o.Ring)
		}
		foreign := sealed(t, a, later.ID, "x")
		foreign[len(foreign)-1]++
		expect(t, b, foreign, UnknownRing)
	}
}

// What an executive of before sent, or one of a later version will: never misread,
// whatever follows.
func TestPacketsOfAnotherVersionAreRefusedAsSuch(t *testing.T) {
	a := newSealer(t, Config{Self: member(1, 1)})
	b := newSealer(t, Config{Self: member(2, 1)})
	r := ringOf(8, member(1, 1), member(2, 1))
	install(t, r, a, b)
	for _, class := range []byte{1, 2} { // the former header, both of its classes
		old := make([]byte, 40+100+16)
		copy(old, []byte{'a', 'E', 1, byte(AES256GCM)<<4 | class})
		binary.LittleEndian.PutUint32(old[4:], b.tag)
		binary.LittleEndian.PutUint32(old[8:], b.keys[0].name)
		old[12], old[16] = 1, 1
		copy(old[24:], b.rings[0].keys[0].name[:])
		for n := 4; n <= len(old); n++ {
			expect(t, b, old[:n], BadVersion)
		}
	}
	for form := 0; form < 256; form++ {
		pkt := sealed(t, a, r.ID, "payload")
		pkt[0] = byte(form)
		want := BadMagic
		switch {
		case byte(form)&^formSuite == formByte:
			continue
		case byte(form)&formMask == formRing:
			want = BadVersion
		}
		expect(t, b, pkt, want)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for _, c := range []Config{
		{Self: member(0, 1), Keys: [][]byte{key(1)}},
		{Self: member(1, 1)},
		{Self: member(1, 1), Keys: [][]byte{key(1)[:64]}},
		{Self: member(1, 1), Keys: [][]byte{key(1)}, Suite: suites},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("taken: %+v", c)
		}
	}
	if Reasons.String() != "invalid_reason" || suites.String() != "invalid" {
		t.Error("names beyond the enum")
	}
	for r := Accepted; r < Reasons; r++ {
		if r.String() == "" {
			t.Errorf("reason %d has no name", r)
		}
	}
}

func TestSealingAndOpeningDoNotAllocate(t *testing.T) {
	for _, suite := range []Suite{AES256GCM, ChaCha20Poly1305} {
		a := newSealer(t, Config{Self: member(1, 1), Suite: suite})
		b := newSealer(t, Config{Self: member(2, 1)})
		r := ringOf(8, member(1, 1), member(2, 1))
		install(t, r, a, b)
		payload := make([]byte, 1400)
		buf := make([]byte, len(payload)+SessionOverhead)
		for _, id := range []wire.RingID{none, r.ID} {
			if n := testing.AllocsPerRun(1000, func() {
				n, err := a.Seal(buf, id, payload)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, why := b.Open(buf[:n]); why != Accepted {
					t.Fatal(why)
				}
			}); n != 0 {
				t.Errorf("%v: %v allocations", suite, n)
			}
		}
	}
}

func TestDerivingAKeyAllocatesNothingButItsAEAD(t *testing.T) {
	k := newSharedKey(key(1), "c")
	var n wire.Nonce
	var sink secret
	if a := testing.AllocsPerRun(100, func() { n[0]++; sink = k.sessionKey(AES256GCM, 5, &n) }); a != 0 {
		t.Fatalf("%v allocations", a)
	}
	_ = sink
}

func FuzzOpen(f *testing.F) {
	a := newSealer(f, Config{Self: member(1, 1), Keys: [][]byte{key(1), key(2)}})
	b := newSealer(f, Config{Self: member(2, 1), Keys: [][]byte{key(1), key(2)}, Sessions: 4})
	p := newSealer(f, Config{Self: member(3, 1), Unsealed: true})
	r := ringOf(8, member(1, 1), member(2, 1), member(3, 1))
	install(f, r, a, b, p)
	for _, s := range []*Sealer{a, b, p} {
		f.Add(sealed(f, s, none, "join"))
		f.Add(sealed(f, s, r.ID, "data"))
	}
	f.Fuzz(func(t *testing.T, pkt []byte) {
		genuine := len(pkt) >= SessionOverhead && binary.LittleEndian.Uint32(pkt[12:]) == 1 ||
			len(pkt) >= RingOverhead && pkt[1] == 0
		for _, s := range []*Sealer{b, p} {
			in := bytes.Clone(pkt)
			o, payload, why := s.Open(in)
			if why >= Reasons {
				t.Fatalf("reason %d", why)
			}
			if why != Accepted {
				continue
			}
			if len(payload) > len(pkt)-RingHeader || o.Member.ID == 0 {
				t.Fatalf("%+v, %d of %d bytes", o, len(payload), len(pkt))
			}
			if s == b && !genuine {
				t.Fatal("accepted what nobody sealed")
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) { benchmark(b, true) }

func BenchmarkOpen(b *testing.B) { benchmark(b, false) }

func benchmark(b *testing.B, sealing bool) {
	for _, suite := range []Suite{AES256GCM, ChaCha20Poly1305} {
		for _, size := range []int{100, 1400} {
			b.Run(suite.String()+"/"+map[int]string{100: "100", 1400: "1400"}[size], func(b *testing.B) {
				x := newSealer(b, Config{Self: member(1, 1), Suite: suite})
				y := newSealer(b, Config{Self: member(2, 1)})
				r := ringOf(8, member(1, 1), member(2, 1))
				install(b, r, x, y)
				payload := make([]byte, size)
				buf := make([]byte, size+RingOverhead)
				n, _ := x.Seal(buf, r.ID, payload)
				pristine := bytes.Clone(buf[:n])
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if sealing {
						x.Seal(buf, r.ID, payload)
						continue
					}
					copy(buf, pristine)
					y.rings[0].windows[0] = window{}
					if _, _, why := y.Open(buf[:n]); why != Accepted {
						b.Fatal(why)
					}
				}
			})
		}
	}
}

// What a packet with a nonce nobody uses costs its receiver.
func BenchmarkForgedSession(b *testing.B) {
	x := newSealer(b, Config{Self: member(1, 1)})
	y := newSealer(b, Config{Self: member(2, 1)})
	pkt := make([]byte, 300)
	n, _ := x.Seal(pkt, none, make([]byte, 200))
	b.ReportAllocs()
	for b.Loop() {
		binary.LittleEndian.PutUint64(pkt[24:], uint64(b.N)^y.stats.Derived<<8)
		if _, _, why := y.Open(pkt[:n]); why != AuthFailed {
			b.Fatal(why)
		}
	}
}
