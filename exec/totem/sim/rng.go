// The pseudo random numbers of a world. Integers only: the same on every
// machine and in every release of the language.

package sim

// rng is SplitMix64.
type rng struct{ s uint64 }

func (r *rng) next() uint64 {
	r.s += 0x9e3779b97f4a7c15
	z := r.s
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// n returns a number in [0, n). The bias of 2^-32 does not matter here.
func (r *rng) n(n int) int {
	return int(r.next() >> 32 * uint64(n) >> 32)
}

// in returns a number in [lo, hi].
func (r *rng) in(lo, hi int64) int64 {
	if hi <= lo {
		return lo
	}
	return lo + int64(r.next()>>1%uint64(hi-lo+1))
}

// percent is true p times of 100.
func (r *rng) percent(p int) bool { return r.n(100) < p }

// around returns a number in [1, 2*mean): a renewal time with that mean.
func (r *rng) around(mean int64) int64 { return r.in(1, 2*mean-1) }
