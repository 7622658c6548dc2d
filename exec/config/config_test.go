// Scenario scripts, one per file of testdata (go test -rewrite writes what
// came out), and the properties that no script can list.

package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// changed prints the fields in which n differs from a file with only the
// required keys, so that a script shows what its lines did.
func changed(n *Network) string {
	base, _ := Parse("", []byte("bindnetaddr:192.168.1.0\nmcastaddr:226.94.1.1\nmcastport:6000\n"))
	var b strings.Builder
	x, y := reflect.ValueOf(*n), reflect.ValueOf(*base)
	for i := range x.NumField() {
		if f := x.Type().Field(i); !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			fmt.Fprintf(&b, "%s=%v\n", f.Name, x.Field(i).Interface())
		}
	}
	if b.Len() == 0 {
		return "as 2004's sample\n"
	}
	return b.String()
}

func TestScenariosOfFiles(t *testing.T) {
	names := Names{
		UID: func(n string) (uint32, bool) { id, ok := map[string]uint32{"backup": 34, "7": 7}[n]; return id, ok },
		GID: func(n string) (uint32, bool) { id, ok := map[string]uint32{"operators": 600}[n]; return id, ok },
	}
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if strings.HasSuffix(path, "fuzz") {
			return
		}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			in := d.Input
			for _, r := range [][2]string{{`\t`, "\t"}, {`\r`, "\r"}, {`\0`, "\x00"}, {"<blank>", ""}, {"<long>", strings.Repeat("x", 2000)}} {
				in = strings.ReplaceAll(in, r[0], r[1])
			}
			switch d.Cmd {
			case "network":
				n, ps := Parse("network.conf", []byte(in))
				if len(ps) > 0 {
					return ps.Error() + "\n"
				}
				return changed(n)
			case "access":
				var a Access
				if ps := ParseAccess("rules", []byte(in), names, &a); len(ps) > 0 {
					return ps.Error() + "\n"
				}
				return fmt.Sprintf("uid %v gid %v\n", a.UIDs, a.GIDs)
			}
			t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
			return ""
		})
	})
}

func TestEveryLineThatIsWrongIsReportedOnce(t *testing.T) {
	// One wrong line for every key of the table at once.
	var in strings.Builder
	for i := range keys {
		v := "\x01"
		fmt.Fprintf(&in, "%s: %s\n", keys[i].name, v)
	}
	_, ps := Parse("f", []byte(in.String()))
	seen := map[int]int{}
	for _, p := range ps {
		seen[p.Line]++
		if p.Rule == "" || p.File != "f" {
			t.Errorf("problem without file or rule: %#v", p)
		}
	}
	for i := range keys {
		if seen[i+1] != 1 {
			t.Errorf("key %s on line %d was reported %d times, want 1", keys[i].name, i+1, seen[i+1])
		}
	}
}

func TestEveryRangeHoldsAtBothEnds(t *testing.T) {
	for i := range keys {
		k := &keys[i]
		var lo, hi int64
		at := strings.LastIndex(k.values, ", ")
		if at < 0 {
			continue
		}
		if _, err := fmt.Sscanf(k.values[at+2:], "%d to %d", &lo, &hi); err != nil {
			continue
		}
		for v, ok := range map[int64]bool{lo: true, hi: true, lo - 1: false, hi + 1: false} {
			if rule := k.set(new(Network), fmt.Sprint(v)); (rule == "") != ok {
				t.Errorf("%s: %d: rule %q, want accepted=%v", k.name, v, rule, ok)
			}
		}
	}
}

func TestResolveFindsAddressAndNode(t *testing.T) {
	p := netip.MustParsePrefix
	host := host{
		prefixes: func() ([]netip.Prefix, error) {
			return []netip.Prefix{p("127.0.0.1/8"), p("192.168.1.7/24"), p("192.168.1.8/24"), p("10.9.0.1/31"), p("10.8.0.5/32"), p("10.8.1.200/25"), p("fd00::5/64")}, nil
		},
		canBind: func(a netip.Addr) bool { return a.IsLoopback() },
	}
	base := "mcastaddr:226.94.1.1\nmcastport:6000\n"
	uni := "transport:unicast\nmcastport:6000\n"
	for _, c := range []struct{ in, want string }{
		{base + "bindnetaddr:192.168.1.0", "192.168.1.7 3232235783 192.168.1.7"},
		{base + "bindnetaddr:192.168.1.8", "192.168.1.8 3232235784 192.168.1.8"},
		{base + "bindnetaddr:192.168.1.99\nnodename:left", "192.168.1.7 3232235783 left"},
		{base + "bindnetaddr:127.0.0.2\nnodeid:5", "127.0.0.2 5 127.0.0.2"},
		{base + "bindnetaddr:127.0.0.0", "127.0.0.1 2130706433 127.0.0.1"},
		{base + "bindnetaddr:10.9.0.1", "10.9.0.1 168361985 10.9.0.1"},
		{base + "bindnetaddr:10.8.0.0", "10.8.0.5 168296453 10.8.0.5"},
		{base + "bindnetaddr:10.8.1.0", "10.8.1.200 168296904 10.8.1.200"},
		{base + "bindnetaddr:10.8.0.6", "bindnetaddr: 10.8.0.6: is no address of this machine, and none of its interfaces lies in that network"},
		{base + "bindnetaddr:172.16.0.0", "bindnetaddr: 172.16.0.0: is no address of this machine, and none of its interfaces lies in that network"},
		{uni + "bindnetaddr:192.168.1.0\nmember:192.168.1.8\nmember:192.168.1.9", "192.168.1.8 3232235784 192.168.1.8"},
		{uni + "bindnetaddr:192.168.1.0\nmember:4 192.168.1.8", "192.168.1.8 4 192.168.1.8"},
		{uni + "bindnetaddr:192.168.1.0\nnodeid:9\nmember:192.168.1.8", "192.168.1.8 9 192.168.1.8"},
		{uni + "bindnetaddr:192.168.1.0\nnodeid:9\nmember:4 192.168.1.8", "nodeid: 9: the member line of this node's address 192.168.1.8 says 4"},
		{uni + "bindnetaddr:192.168.1.0\nnodeid:9\nmember:192.168.1.8\nmember:9 192.168.1.9", "nodeid: 9: is this node's id and that of member 192.168.1.9"},
		{uni + "bindnetaddr:192.168.1.0\nmember:192.168.1.9", "member: none of the 1 member lines is this node's own address 192.168.1.7"},
		{uni + "bindnetaddr:fd00::\nmember:3 fd00::5\nmember:4 fd00::6", "fd00::5 3 fd00::5"},
	} {
		n, ps := Parse("f", []byte(c.in))
		if len(ps) > 0 {
			t.Fatalf("%q: %v", c.in, ps)
		}
		s, err := n.resolve(host)
		got := fmt.Sprint(s.Address, s.NodeID, " ", s.Name)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestResolveOnThisMachineBindsLoopbackAsItIs(t *testing.T) {
	n, ps := Parse("f", []byte("bindnetaddr:127.0.0.3\nmcastaddr:226.94.1.1\nmcastport:6000\n"))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	s, err := n.Resolve()
	if err != nil || s.Address.String() != "127.0.0.3" || s.NodeID != 0x7f000003 {
		t.Fatalf("got %+v, %v", s, err)
	}
}

func writeKey(t *testing.T, dir, name string, b byte, size int, mode os.FileMode) {
	t.Helper()
	data := make([]byte, size)
	for i := range data {
		data[i] = b + byte(i)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestKeyRingIsReadInTheOrderOfItsFiles(t *testing.T) {
	dir := t.TempDir()
	writeKey(t, dir, "authkey", 1, KeySize, 0o400)
	writeKey(t, dir, "authkey.old", 2, KeySize, 0o600)
	writeKey(t, dir, "authkey.next", 3, KeySize, 0o400)
	ring, err := ReadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for _, k := range ring {
		got = append(got, k.Bytes[0])
	}
	if string(got) != "\x01\x03\x02" {
		t.Errorf("first bytes of the ring are %v, want [1 3 2]", got)
	}
}

func TestWrongKeyFilesAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(dir string)
		want string
	}{
		{"absent", func(string) {}, "does not exist: make one with ais-keygen"},
		{"short", func(d string) { writeKey(t, d, "authkey", 1, 127, 0o400) }, "has 127 bytes: a key has exactly 128"},
		{"long", func(d string) { writeKey(t, d, "authkey", 1, 129, 0o400) }, "has 129 bytes"},
		{"empty", func(d string) { writeKey(t, d, "authkey", 1, 0, 0o400) }, "has 0 bytes"},
		{"readable by the group", func(d string) { writeKey(t, d, "authkey", 1, KeySize, 0o440) }, "has mode 0440"},
		{"readable by all", func(d string) { writeKey(t, d, "authkey", 1, KeySize, 0o604) }, "has mode 0604"},
		{"a directory", func(d string) { os.Mkdir(filepath.Join(d, "authkey"), 0o700) }, "is not a regular file"},
		{"one byte repeated", func(d string) {
			os.WriteFile(filepath.Join(d, "authkey"), make([]byte, KeySize), 0o400)
		}, "not a key"},
		{"the same twice", func(d string) {
			writeKey(t, d, "authkey", 1, KeySize, 0o400)
			writeKey(t, d, "authkey.next", 1, KeySize, 0o400)
		}, "holds the same key"},
		{"a bad second one", func(d string) {
			writeKey(t, d, "authkey", 1, KeySize, 0o400)
			writeKey(t, d, "authkey.next", 2, 12, 0o400)
		}, "authkey.next: has 12 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(dir)
			if _, err := ReadKeys(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want ...%s...", err, c.want)
			}
		})
	}
}

func TestAccessRulesOfADirectoryAddUp(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "uidgid.d")
	if a, err := LoadAccess(dir, SystemNames()); err != nil || len(a.UIDs)+len(a.GIDs) > 0 {
		t.Fatalf("without a directory: %v, %v", a, err)
	}
	files := map[string]string{
		"a":      "uidgid {\nuid: root\n}\n",
		"b":      "uidgid {\n gid: 77 # operators\n uid: 12\n}\n",
		".b.swp": "garbage",
		"b~":     "garbage",
	}
	if err := os.MkdirAll(filepath.Join(sub, "directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(sub, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := LoadAccess(dir, SystemNames())
	if err != nil || fmt.Sprint(a) != "{[0 12] [77]}" {
		t.Fatalf("got %v, %v", a, err)
	}
	if err := os.WriteFile(filepath.Join(sub, "c"), []byte("uidgid {\nuid: 4294967295\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAccess(dir, SystemNames()); err == nil || !strings.Contains(err.Error(), "uidgid.d/c:2: uid:") {
		t.Fatalf("got %v, want the line of file c", err)
	}
}

func TestLoadNamesTheFileThatIsMissing(t *testing.T) {
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "network.conf: does not exist") {
		t.Fatalf("got %v", err)
	}
}

// The reference table of the README is the table of keys.
func TestReadmeHoldsTheReferenceOfEveryKey(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), Reference()) {
		t.Errorf("README.md does not hold the table of keys as it is; it is made with: build/bin/aisexec --reference\n%s", Reference())
	}
}

func FuzzParseNetwork(f *testing.F) {
	f.Add([]byte("bindnetaddr:127.0.0.1\nmcastaddr:226.94.1.1\nmcastport:6000\n"))
	f.Add([]byte("\xef\xbb\xbf# c\r\ntoken : 100 # x\nmember:1 fd00::1\ntransport:udpu\ntokenn:1\n:\n::\nx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, ps := Parse("f", data)
		lines := strings.Count(string(data), "\n") + 1
		for _, p := range ps {
			if p.Line < 0 || p.Line > lines || p.Rule == "" {
				t.Fatalf("problem outside the file: %#v", p)
			}
			if strings.ContainsAny(p.String(), "\n\x00\x1b") {
				t.Fatalf("a report may not hold control characters of the file: %q", p.String())
			}
		}
		if len(ps) > 0 {
			return
		}
		// What is accepted keeps the rules that the ring relies on.
		if n.TokenRetransmit >= n.Token || n.Hold > n.TokenRetransmit || n.Join > n.Consensus ||
			n.MaxMessages > n.WindowSize || n.Accelerated > n.MaxMessages || n.MaxMessages < 1 ||
			n.McastPort == 0 || !n.BindNetAddr.IsValid() || n.NodeID == 0xffffffff ||
			n.Transport == Multicast && !n.McastAddr.IsMulticast() || n.Transport == Unicast && len(n.Members) == 0 {
			t.Fatalf("accepted against the rules: %+v", n)
		}
	})
}

func FuzzParseAccess(f *testing.F) {
	f.Add([]byte("uidgid {\nuid: 1\ngid: 2\n}\n"))
	f.Add([]byte("}\nx {\nuidgid {\n"))
	names := Names{UID: parseID, GID: parseID}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a Access
		for _, p := range ParseAccess("f", data, names, &a) {
			if p.Rule == "" || strings.ContainsAny(p.String(), "\n\x00\x1b") {
				t.Fatalf("%q", p.String())
			}
		}
		if len(a.UIDs)+len(a.GIDs) > maxAccess {
			t.Fatal("more entries than the limit")
		}
	})
}
