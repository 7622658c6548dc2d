// Bugs that can be planted, to show that the simulation's checks bite. In a normal
// build planted is constantly false and the compiler removes what it guards; only a
// build with the tag plantbugs can switch one on.

package evt

type bug uint32

const (
	noBug          bug = iota
	bugTwoLanes        // one priority's events go by two priorities of the ring
	bugTwice           // a merge delivers what was known before, too
	bugRevived         // a merge brings back what a partition let go of
	bugStaysOpen       // who left keeps its channels open
	bugSilent          // what a slow client loses is not announced
	bugOwnTime         // each node ends a retention by its own clock
	bugStartNumber     // a start is named by its number only
	bugNotSent         // a publication is accepted and not sent
	bugWrongPlace      // a subscription is looked for where it is not any more
	bugGhosts          // what waits for an ended subscription is still delivered
	bugStray           // openings do not follow a channel that became another
	bugNotRetained     // who subscribes does not get what is retained
	bugs
)

var bugNames = [bugs]string{"none", "two-lanes", "twice", "revived", "stays-open", "silent", "own-time", "start-number",
	"not-sent", "wrong-place", "ghosts", "stray", "not-retained"}

func (b bug) String() string { return bugNames[b] }
