// Derivation of keys: HKDF-SHA256 (RFC 5869) from the shared keys down to AEADs.
// It never allocates for a derivation itself, because anybody can make us derive
// a session key by sending a packet with a new nonce; only making the AEAD
// allocates.

package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/sys/cpu"

	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// KeySize is the length of a shared key.
const KeySize = 128

// Suite is an AEAD as the packet header names it.
type Suite uint8

const (
	Plain Suite = iota
	AES256GCM
	ChaCha20Poly1305
	suites
)

func (s Suite) String() string {
	if s < suites {
		return [...]string{"plain", "aes256-gcm", "chacha20-poly1305"}[s]
	}
	return "invalid"
}

// BestSuite is what seals faster on this processor.
func BestSuite() Suite {
	switch runtime.GOARCH {
	case "amd64":
		if cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ {
			return AES256GCM
		}
	case "arm64":
		if cpu.ARM64.HasAES && cpu.ARM64.HasPMULL {
			return AES256GCM
		}
	case "s390x":
		if cpu.S390X.HasAES && cpu.S390X.HasAESGCM {
			return AES256GCM
		}
	}
	// Without carry-less multiplication and AES in hardware (or in Go's code for
	// this architecture) GCM is slower and leaks through the cache.
	return ChaCha20Poly1305
}

type secret [sha256.Size]byte

// hmac256 is HMAC-SHA256 of the concatenated parts, which fit into 128 bytes.
func hmac256(key []byte, parts ...[]byte) (out secret) {
	var k [sha256.BlockSize]byte
	if len(key) > len(k) {
		h := sha256.Sum256(key)
		copy(k[:], h[:])
	} else {
		copy(k[:], key)
	}
	var inner [sha256.BlockSize + 128]byte
	for i, b := range k {
		inner[i] = b ^ 0x36
	}
	n := sha256.BlockSize
	for _, p := range parts {
		if copy(inner[n:], p) != len(p) {
			panic("seal: hmac message too long")
		}
		n += len(p)
	}
	h := sha256.Sum256(inner[:n])
	var outer [sha256.BlockSize + sha256.Size]byte
	for i, b := range k {
		outer[i] = b ^ 0x5c
	}
	copy(outer[sha256.BlockSize:], h[:])
	return sha256.Sum256(outer[:])
}

// extract is HKDF-Extract.
func extract(salt, key []byte) secret { return hmac256(salt, key) }

// expand is HKDF-Expand for one block of output, which is all we ever need. The
// info comes in three parts.
func (s *secret) expand(label, a, b []byte) secret { return hmac256(s[:], label, a, b, one) }

// Labels keep the derivations apart. None is a prefix of another.
var (
	one          = []byte{1}
	saltRoot     = []byte("ais ring v1 root")
	saltName     = []byte("ais ring v1 name")
	labelCluster = []byte("ais ring v1 cluster ")
	labelSession = []byte("ais ring v1 session ")
	labelRing    = []byte("ais ring v1 ring ")
	labelSender  = []byte("ais ring v1 sender ")
	labelSelect  = []byte("ais ring v1 select ")
)

// sharedKey is one key of the key ring.
type sharedKey struct {
	name uint32 // as the header carries it
	root secret
}

// newSharedKey binds the key to the cluster's name. The key's own name does not
// depend on the cluster, so that a wrong cluster is told from a wrong key.
func newSharedKey(key []byte, cluster string) sharedKey {
	name := extract(saltName, key)
	h := sha256.Sum256([]byte(cluster))
	root := extract(saltRoot, key)
	return sharedKey{
		name: max(binary.LittleEndian.Uint32(name[:]), 1), // 0 means plain
		root: root.expand(labelCluster, h[:], nil),
	}
}

// clusterTag is what the header carries of the cluster's name.
func clusterTag(cluster string) uint32 {
	h := sha256.Sum256(append(labelCluster[:len(labelCluster):len(labelCluster)], cluster...))
	return binary.LittleEndian.Uint32(h[:])
}

// newKeys checks and derives a key ring.
func newKeys(keys [][]byte, cluster string) ([]sharedKey, error) {
	if len(keys) == 0 {
		return nil, errors.New("seal: no key: sealing needs at least one shared key")
	}
	if len(keys) > MaxKeys {
		return nil, fmt.Errorf("seal: %d keys: a key ring has at most %d", len(keys), MaxKeys)
	}
	out := make([]sharedKey, 0, len(keys))
	for i, k := range keys {
		if len(k) != KeySize {
			return nil, fmt.Errorf("seal: key %d has %d bytes: a shared key has %d", i+1, len(k), KeySize)
		}
		s := newSharedKey(k, cluster)
		for j, o := range out {
			if o.name == s.name {
				return nil, fmt.Errorf("seal: keys %d and %d are the same", j+1, i+1)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// sessionKey is the key of one start of one sender.
func (k *sharedKey) sessionKey(suite Suite, sender wire.NodeID, nonce *wire.Nonce) secret {
	var who [5]byte
	who[0] = byte(suite)
	binary.LittleEndian.PutUint32(who[1:], uint32(sender))
	return k.root.expand(labelSession, who[:], nonce[:])
}

// ringSecret is the key of a ring whose members are sorted by id. Start numbers
// are left out: a nonce says the same, and better.
func (k *sharedKey) ringSecret(r *srp.Ring) secret {
	h := sha256.New()
	var b [20]byte
	binary.LittleEndian.PutUint32(b[0:], uint32(r.ID.Rep))
	binary.LittleEndian.PutUint64(b[4:], r.ID.Seq)
	binary.LittleEndian.PutUint64(b[12:], uint64(len(r.Members)))
	h.Write(b[:])
	for i := range r.Members {
		m := &r.Members[i]
		binary.LittleEndian.PutUint32(b[0:], uint32(m.ID))
		copy(b[4:], m.Nonce[:])
		h.Write(b[:])
	}
	var sum secret
	h.Sum(sum[:0])
	return k.root.expand(labelRing, sum[:], nil)
}

// senderKey is the key of one sender within a ring.
func (s *secret) senderKey(suite Suite, sender wire.NodeID) secret {
	var who [5]byte
	who[0] = byte(suite)
	binary.LittleEndian.PutUint32(who[1:], uint32(sender))
	return s.expand(labelSender, who[:], nil)
}

// name is the public name of a ring under one shared key.
func (s *secret) name() (out [nameLength]byte) {
	h := s.expand(labelSelect, nil, nil)
	copy(out[:], h[:])
	return out
}

func newAEAD(suite Suite, key secret) cipher.AEAD {
	var a cipher.AEAD
	var err error
	switch suite {
	case AES256GCM:
		var b cipher.Block
		if b, err = aes.NewCipher(key[:]); err == nil {
			a, err = cipher.NewGCM(b)
		}
	case ChaCha20Poly1305:
		a, err = chacha20poly1305.New(key[:])
	default:
		err = errors.New("no such suite")
	}
	if err != nil { // only a wrong key length could be the cause
		panic("seal: " + err.Error())
	}
	return a
}
