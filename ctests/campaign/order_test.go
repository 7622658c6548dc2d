package campaign

import (
	"fmt"
	"strings"
	"testing"
)

// logOf writes a log from a short form: "C m=1,2 l= j=" stays, and "3#7" is
// message 7 of node 3. Numbers of nodes become 10.0.0.N.
func logOf(t *testing.T, node int, final bool, events ...string) *Log {
	t.Helper()
	l, err := parseShort(node, final, events...)
	if err != nil {
		t.Fatalf("log of node %d: %v", node, err)
	}
	return l
}

func parseShort(node int, final bool, events ...string) (*Log, error) {
	var b strings.Builder
	for _, e := range events {
		var s, k int
		if n, _ := fmt.Sscanf(e, "%d#%d", &s, &k); n == 2 {
			fmt.Fprintf(&b, "M %08x %x %d 64 %08x\n", 10<<24|s, 100+s, k, k)
			continue
		}
		parts := strings.Fields(e)
		for i, p := range parts {
			name, list, _ := strings.Cut(p, "=")
			var items []string
			for _, x := range strings.Split(list, ",") {
				if x != "" {
					items = append(items, "10.0.0."+x)
				}
			}
			parts[i] = name + "=" + strings.Join(items, ",")
		}
		fmt.Fprintf(&b, "C %s\n", strings.Join(parts, " "))
	}
	return parseLog(strings.NewReader(b.String()), fmt.Sprintf("node%d", node), fmt.Sprintf("10.0.0.%d", node), final)
}

func TestLogsThatMovedTogetherAreComparedThroughEveryConfiguration(t *testing.T) {
	three := []string{"m=1,2,3 l= j=1,2,3", "1#1", "2#1", "3#1", "m=1,2 l=3 j=", "3#2", "m=1,2 l= j=", "m=1,2 l= j=", "m=1,2,3 l= j=3", "2#2"}
	a, b := logOf(t, 1, true, three...), logOf(t, 2, true, three...)
	c := logOf(t, 3, false, "m=1,2,3 l= j=1,2,3", "1#1", "2#1")
	r, err := CheckOrder([]*Log{a, b, c})
	if err != nil {
		t.Fatal(err)
	}
	// Nodes 1 and 2 share three configurations, the second one without any
	// message; node 3 shares the first with each and ended in it.
	if r.Pairs != 3 || r.Shared != 5 || r.Together != 3 || r.Parted != 2 || r.Distinct != 2 || r.Compared != 5+2*2 {
		t.Fatalf("compared %+v", *r)
	}
}

func TestEveryBrokenPromiseBetweenTwoLogsIsFound(t *testing.T) {
	base := "m=1,2,3 l= j=1,2,3|1#1|2#1|3#1|m=1,2 l=3 j=|3#2|m=1,2 l= j=|1#2|2#2"
	for _, x := range []struct{ name, other, want string }{
		{"two messages swapped", "m=1,2,3 l= j=1,2,3|2#1|1#1|3#1|m=1,2 l=3 j=|3#2|m=1,2 l= j=|1#2|2#2", "is before"},
		{"a message missing", "m=1,2,3 l= j=1,2,3|1#1|2#1|m=1,2 l=3 j=|m=1,2 l= j=|1#2|2#2", "messages"},
		{"a message moved behind the transitional configuration", "m=1,2,3 l= j=1,2,3|1#1|2#1|m=1,2 l=3 j=|3#1|3#2|m=1,2 l= j=|1#2|2#2", "messages"},
		{"a message moved into the next configuration", "m=1,2,3 l= j=1,2,3|1#1|3#1|m=1,2 l=3 j=|3#2|m=1,2 l= j=|2#1|1#2|2#2", "configuration"},
		{"the transitional message missing", "m=1,2,3 l= j=1,2,3|1#1|2#1|3#1|m=1,2 l=3 j=|m=1,2 l= j=|1#2|2#2", "transitional"},
		{"the last message missing in peace", "m=1,2,3 l= j=1,2,3|1#1|2#1|3#1|m=1,2 l=3 j=|3#2|m=1,2 l= j=|1#2", "last configuration"},
		{"a configuration more in between", "m=1,2,3 l= j=1,2,3|1#1|2#1|3#1|m=1,2 l=3 j=|3#2|m=1,2 l= j=|m=1,2 l= j=|m=1,2 l= j=|1#2|2#2", "moved on together"},
		{"different members", "m=1,2,3,4 l= j=1,2,3,4|1#1|2#1|3#1|m=1,2 l=3,4 j=|3#2|m=1,2 l= j=|1#2|2#2", "different members"},
		{"another next configuration", "m=1,2,3 l= j=1,2,3|1#1|2#1|3#1|m=1,2 l=3 j=|3#2|m=1,2,3 l= j=3|1#2|2#2", "into different"},
	} {
		a := logOf(t, 1, true, strings.Split(base, "|")...)
		b := logOf(t, 2, true, strings.Split(x.other, "|")...)
		if _, err := CheckOrder([]*Log{a, b}); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v (expected %q)", x.name, err, x.want)
		}
	}
}

func TestPartedLogsHaveOneOrder(t *testing.T) {
	a := logOf(t, 1, true, "m=1,2 l= j=1,2", "1#1", "2#1", "m=1 l=2 j=", "1#2", "m=1 l= j=")
	good := logOf(t, 2, true, "m=1,2 l= j=1,2", "1#1", "m=2 l=1 j=", "2#1", "2#2", "m=2 l= j=")
	r, err := CheckOrder([]*Log{a, good})
	if err != nil || r.Parted != 1 || r.Together != 0 {
		t.Fatalf("%+v, %v", *r, err)
	}
	bad := logOf(t, 2, true, "m=1,2 l= j=1,2", "2#1", "m=2 l=1 j=", "1#1", "m=2 l= j=")
	if _, err := CheckOrder([]*Log{a, bad}); err == nil {
		t.Fatal("a parted log with another order was accepted")
	}
}

func TestAClientThatJoinedLaterHasTheEndOfTheConfiguration(t *testing.T) {
	a := logOf(t, 1, true, "m=1,2 l= j=1,2", "1#1", "1#2", "1#3")
	b := logOf(t, 2, true, "m=1,2 l= j=1,2", "1#2", "1#3")
	if r, err := CheckOrder([]*Log{a, b}); err != nil || r.Compared != 2 {
		t.Fatalf("%+v, %v", *r, err)
	}
}

func TestALogByItselfIsChecked(t *testing.T) {
	for _, x := range []struct{ name, log, want string }{
		{"message first", "1#1|m=1,2 l= j=", "before the first"},
		{"doubled", "m=1,2 l= j=|1#1|1#1", "doubled"},
		{"a gap", "m=1,2 l= j=|2#1|2#3", "gap"},
		{"a gap over a configuration change of both", "m=1,2,3 l= j=|2#1|m=1,2 l=3 j=|m=1,2 l= j=|2#3", "gap"},
		{"stranger", "m=1,2 l= j=|3#1", "no member"},
		{"without this node", "m=2,3 l= j=", "without this node"},
		{"no transitional", "m=1,2 l= j=|m=1,2,3 l= j=3", "without its transitional"},
		{"left does not add up", "m=1,2,3 l= j=|m=1,2 l= j=", "add up"},
		{"joined does not add up", "m=1,2,3 l= j=|m=1,2 l=3 j=|m=1,2,4 l= j=3", "add up"},
		{"two transitional", "m=1,2,3 l= j=|m=1,2 l=3 j=|m=1 l=2 j=", "in a row"},
	} {
		if _, err := parseShort(1, true, strings.Split(x.log, "|")...); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v (expected %q)", x.name, err, x.want)
		}
	}
	// 3 left; its last message came behind that, and it is back in the next one.
	if _, err := parseShort(1, true, strings.Split("m=1,2,3 l= j=|3#1|m=1,2 l=3 j=|3#2|m=1,2,3 l= j=3|3#9", "|")...); err != nil {
		t.Error(err)
	}
	if _, err := parseShort(1, true, strings.Split("m=1,2,3 l= j=|3#1|m=1,2 l=3 j=|m=1,2 l= j=|m=1,2 l= j=|m=1,2,3 l= j=3|3#9", "|")...); err != nil {
		t.Errorf("a sender that was away has sent to others meanwhile: %v", err)
	}
}
