package campaign

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// The long forms, each run by its own make target: AIS_CAMPAIGN names the one
// that is wanted. AIS_SCALE, a number, stretches or shortens the durations.

func campaign(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("AIS_CAMPAIGN") != name {
		t.Skipf("a long trial: make campaign-%s", name)
	}
}

func scaled(t *testing.T, d time.Duration) time.Duration {
	t.Helper()
	s := os.Getenv("AIS_SCALE")
	if s == "" {
		return d
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f <= 0 {
		t.Fatalf("AIS_SCALE=%q", s)
	}
	return time.Duration(float64(d) * f)
}

func count(t *testing.T, n int) int {
	t.Helper()
	return max(4, int(scaled(t, time.Duration(n))))
}

func TestCampaignOrder(t *testing.T) {
	campaign(t, "order")
	minute := scaled(t, time.Minute)
	for _, x := range []struct {
		name string
		o    OrderOptions
	}{
		{"3 on loopback", OrderOptions{Nodes: 3, Rate: 1500, Sizes: "64:8000", Stable: true}},
		{"8 on loopback", OrderOptions{Nodes: 8, Rate: 200, Stable: true}},
		{"16 on loopback", OrderOptions{Nodes: 16, Rate: 50, Stable: true}},
		{"8 with kills", OrderOptions{Nodes: 8, Rate: 100, KillEvery: 4 * time.Second, Seed: 3}},
		{"3 with large messages", OrderOptions{Nodes: 3, Rate: 30, Sizes: "1000:1000000", Stable: true}},
		{"3 in IPv6, unicast, at 5 percent", OrderOptions{Nodes: 3, Namespaces: true, IPv6: true, Unicast: true, Loss: 5, Rate: 300, Stable: true}},
		{"64 on loopback", OrderOptions{Nodes: 64, Rate: 2, Sizes: "64:256"}},
		{"3 at 1 percent", OrderOptions{Nodes: 3, Namespaces: true, Loss: 1, Rate: 500, Sizes: "64:8000", Segmentation: "off", Stable: true}},
		{"3 at 10 percent", OrderOptions{Nodes: 3, Namespaces: true, Loss: 10, Rate: 300, Segmentation: "off", Stable: true}},
		{"3 at 30 percent", OrderOptions{Nodes: 3, Namespaces: true, Loss: 30, Rate: 100, Segmentation: "off"}},
		{"8 at 10 percent", OrderOptions{Nodes: 8, Namespaces: true, Loss: 10, Rate: 100, Segmentation: "off"}},
		{"8 at 10 percent, batches", OrderOptions{Nodes: 8, Namespaces: true, Loss: 10, Rate: 100, Segmentation: "on"}},
		{"16 at 1 percent", OrderOptions{Nodes: 16, Namespaces: true, Loss: 1, Rate: 30, Segmentation: "off"}},
		{"16 at 10 percent", OrderOptions{Nodes: 16, Namespaces: true, Loss: 10, Rate: 30, Segmentation: "off"}},
		{"16 at 30 percent", OrderOptions{Nodes: 16, Namespaces: true, Loss: 30, Rate: 5, Segmentation: "off", Stable: true}},
		{"16 at 30 percent, batches", OrderOptions{Nodes: 16, Namespaces: true, Loss: 30, Rate: 5, Segmentation: "on"}},
		{"3 with cut links", OrderOptions{Nodes: 3, Namespaces: true, Rate: 300, CutEvery: 5 * time.Second, CutFor: 2 * time.Second, Seed: 4}},
		{"8 with cut links and loss", OrderOptions{Nodes: 8, Namespaces: true, Rate: 100, Loss: 1, CutEvery: 5 * time.Second, CutFor: 2 * time.Second, Seed: 5}},
		{"16 with cut links", OrderOptions{Nodes: 16, Namespaces: true, Rate: 30, CutEvery: 6 * time.Second, CutFor: 2 * time.Second, Seed: 6}},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.o.Namespaces {
				needNamespaces(t)
			}
			x.o.Duration = minute
			order(t, x.o)
		})
	}
}

func failoverTable(t *testing.T, nodes, reps int, namespaces bool) {
	if namespaces {
		needNamespaces(t)
	}
	if _, err := FailoverTable(nodes, reps, namespaces, t.Logf); err != nil {
		t.Error(err)
	}
}

func TestCampaignFailover(t *testing.T) {
	campaign(t, "failover")
	reps := count(t, 20)
	t.Run("3 on loopback", func(t *testing.T) { failoverTable(t, 3, reps, false) })
	t.Run("3 in namespaces", func(t *testing.T) { failoverTable(t, 3, reps, true) })
	t.Run("16 on loopback", func(t *testing.T) { failoverTable(t, 16, reps, false) })
}

func TestCampaignStability(t *testing.T) {
	campaign(t, "stability")
	r, err := Stability(StabilityOptions{Nodes: 3, Duration: scaled(t, 10*time.Minute), Rate: 300, Spinners: 4, Logf: t.Logf})
	if r != nil {
		t.Log(r)
	}
	if err != nil {
		t.Error(err)
	}
}

func TestCampaignSecurity(t *testing.T) {
	campaign(t, "security")
	needNamespaces(t)
	for _, x := range []struct {
		name string
		run  func() (string, error)
	}{
		{"intruders on loopback", func() (string, error) { return Intruders(false, scaled(t, 20*time.Second)) }},
		{"intruders in namespaces", func() (string, error) { return Intruders(true, scaled(t, 20*time.Second)) }},
		{"damage", func() (string, error) { return Damage(3) }},
		{"replay", func() (string, error) { return Replay(scaled(t, 10*time.Second), 8000, 0, t.Logf) }},
		{"forged errors and resets", func() (string, error) { return Forge(scaled(t, time.Minute), 1000) }},
	} {
		t.Run(x.name, func(t *testing.T) {
			said, err := x.run()
			account(t, said, err)
		})
	}
}

func TestCampaignOverload(t *testing.T) {
	campaign(t, "overload")
	for _, sizes := range []string{"64:1024", "64:16384", "64:65536"} {
		t.Run(sizes, func(t *testing.T) {
			r, err := Overload(OverloadOptions{Nodes: 3, Clients: 8, Duration: scaled(t, time.Minute), Sizes: sizes, Mild: sizes == "64:1024", Logf: t.Logf})
			if r != nil {
				t.Log(r)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCampaignIdle(t *testing.T) {
	campaign(t, "idle")
	for _, nodes := range []int{1, 3} {
		r, err := Idle(nodes, 3*time.Second, scaled(t, time.Minute), 0.01)
		if r != nil {
			t.Log(r)
		}
		if err != nil {
			t.Error(err)
		}
	}
}
