package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ais/exec/config"
)

// confDir makes a configuration directory with these files.
func confDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const goodConf = "bindnetaddr: 127.0.0.1\nmcastaddr: 226.94.1.1\nmcastport: 6000\n"

var goodKey = strings.Repeat("key!", 32)

func execute(args ...string) (string, error) {
	c := command()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetArgs(args)
	err := c.Execute()
	return out.String(), err
}

func TestCheckConfigSaysWhoThisNodeWouldBe(t *testing.T) {
	dir := confDir(t, map[string]string{"network.conf": goodConf, "authkey": goodKey})
	out, err := execute("--confdir", dir, "--check-config")
	if err != nil || !strings.Contains(out, "node 2130706433 at 127.0.0.1, multicast, encrypted") {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "state")); err == nil {
		t.Error("--check-config made the state directory")
	}
}

func TestEveryProblemOfEveryFileIsReportedAtOnce(t *testing.T) {
	dir := confDir(t, map[string]string{
		"network.conf":     "bindnetaddr: nowhere\ntokn: 5\n",
		"authkey":          "short",
		"uidgid.d/backups": "uidgid {\nuid: no-such-user-here\n}\n",
	})
	_, err := execute("--confdir", dir)
	if err == nil {
		t.Fatal("started")
	}
	for _, want := range []string{
		"network.conf:1: bindnetaddr: \"nowhere\"",
		"network.conf:2: tokn: \"5\": is no key; the nearest is token",
		"network.conf: mcastport: is missing",
		"authkey: has 5 bytes",
		"uidgid.d/backups:2: uid: \"no-such-user-here\"",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
}

func TestWithoutSecurityNoKeyIsRead(t *testing.T) {
	dir := confDir(t, map[string]string{"network.conf": goodConf + "secauth: off\n"})
	out, err := execute("--confdir", dir, "--check-config")
	if err != nil || !strings.Contains(out, "NOT encrypted") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestReferenceIsTheTableOfKeys(t *testing.T) {
	if out, err := execute("--reference"); err != nil || out != config.Reference() {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestThereIsNoBackgroundMode(t *testing.T) {
	if _, err := execute("--foreground=false"); err == nil || !strings.Contains(err.Error(), "no other mode") {
		t.Errorf("got %v", err)
	}
}

func TestStateDirectoryFollowsTheConfigurationDirectory(t *testing.T) {
	dir := confDir(t, map[string]string{"network.conf": goodConf, "authkey": goodKey})
	for _, c := range []struct {
		o    options
		want string
	}{
		{options{confDir: dir}, filepath.Join(dir, "state")},
		{options{confDir: dir, stateDir: "/elsewhere"}, "/elsewhere"},
	} {
		s, err := read(c.o)
		if err != nil || s.stateDir != c.want {
			t.Errorf("%+v: state directory %q (%v), want %q", c.o, s.stateDir, err, c.want)
		}
	}
	s, _ := read(options{confDir: defaultConfDir + "/"})
	if s != nil && s.stateDir != defaultStateDir {
		t.Errorf("default: %q", s.stateDir)
	}
}
