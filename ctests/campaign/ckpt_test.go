package campaign

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ais/ctests/harness"
)

// setting is a number from the environment, as the make targets pass it on.
func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q", name, s)
	}
	return n
}

func TestNoAcknowledgedWriteIsLostAndWhatAMergeDiscardsIsReported(t *testing.T) {
	r, err := Ckpt(CkptOptions{Cycles: 4, Namespaces: harness.CanNamespaces() == nil, Seed: 3, Logf: t.Logf})
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
}

func TestCampaignCkpt(t *testing.T) {
	campaign(t, "ckpt")
	o := CkptOptions{Cycles: setting(t, "CYCLES", 200), Namespaces: harness.CanNamespaces() == nil, Seed: uint64(setting(t, "SEED", 1)), Logf: t.Logf}
	if !o.Namespaces {
		t.Log("executives are only killed: ", harness.CanNamespaces())
	}
	r, err := Ckpt(o)
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
	if o.Cycles >= 50 && o.Namespaces && (r.Lost == 0 || r.Conflicts == 0 || r.AtRisk == 0) {
		t.Fatalf("too little was tried: %v", r)
	}
}

// The executive that answers too early is caught within a few cycles.
func TestCampaignCkptPlanted(t *testing.T) {
	campaign(t, "ckpt-planted")
	if err := harness.CanNamespaces(); err != nil {
		t.Skip(err)
	}
	path, err := filepath.Abs(os.Getenv("AIS_PLANTED"))
	if err != nil || os.Getenv("AIS_PLANTED") == "" {
		t.Fatalf("AIS_PLANTED names no executive: %v", err)
	}
	r, err := Ckpt(CkptOptions{Cycles: setting(t, "CYCLES", 40), Namespaces: true, Seed: uint64(setting(t, "SEED", 1)), Executive: path, Logf: t.Logf})
	t.Log(r)
	if err == nil {
		t.Fatal("an executive that acknowledges at agreed delivery passed")
	}
	if !strings.Contains(err.Error(), ": lost: ") {
		t.Fatalf("it failed for another reason: %v", err)
	}
	t.Logf("caught: %v", err)
}

func TestANodeThatJoinsUnderLoadGetsEverySection(t *testing.T) {
	r, err := CkptJoin(CkptJoinOptions{Sections: 2000, Size: 5000, Writers: 1, Logf: t.Logf})
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
}

func TestCampaignCkptJoin(t *testing.T) {
	campaign(t, "ckpt-join")
	r, err := CkptJoin(CkptJoinOptions{Sections: setting(t, "SECTIONS", 100_000), Size: setting(t, "SIZE", 10_738), Namespaces: harness.CanNamespaces() == nil,
		Writers: setting(t, "WRITERS", 2), RoundRobin: os.Geteuid() == 0, Wait: 200 * time.Millisecond, Memory: 0.30, Logf: t.Logf})
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
}
