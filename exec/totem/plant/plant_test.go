package plant

import "testing"

func TestEveryBugHasANameThatParsesBack(t *testing.T) {
	for _, b := range All() {
		got, ok := Parse(b.String())
		if !ok || got != b || b.String() == "" {
			t.Errorf("bug %d: name %q parses to %v, %v", b, b.String(), got, ok)
		}
	}
}

func TestOnFollowsSetOnlyWhereBugsArePossible(t *testing.T) {
	defer Set(None)
	for _, b := range All() {
		Set(b)
		if On(b) != Possible {
			t.Errorf("%v planted: On is %v in a build where Possible is %v", b, On(b), Possible)
		}
	}
	Set(None)
	if On(None) {
		t.Error("None must never be on")
	}
}
