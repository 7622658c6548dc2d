// Bugs that can be planted, to show that the simulation notices. Only a build with the
// tag plantbugs can switch one on; in any other the compiler removes what they guard.

package engine

type bug uint8

const (
	bugNone           bug = iota
	bugHaste              // a successor becomes active while the one before may still be
	bugBothKeep           // after a merge both sides keep their active assignment
	bugNoBar              // the majority rule does not wait for the lease of a lost node
	bugMiscount           // one restart more than allowed
	bugForgottenTimer     // a callback without an answer is waited for for ever
	bugLostUnit           // a unit that failed over is not repaired
	bugStaleTimer         // timers keep their ids through a merge
	bugs
)
