package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ais/exec/config"
)

func TestKeyIsPrivateAndAcceptedByTheExecutive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "etc", "ais")
	path, err := generate(dir, false, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o400 || st.Size() != 128 {
		t.Errorf("key file: %v %v", st, err)
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v %v", st, err)
	}
	if ring, err := config.ReadKeys(dir); err != nil || len(ring) != 1 {
		t.Errorf("executive's view of the key: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".authkey-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestKeyIsReplacedOnlyByForce(t *testing.T) {
	dir := t.TempDir()
	path, err := generate(dir, false, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(path)
	if _, err := generate(dir, false, rand.Reader); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("second key without force: %v", err)
	}
	if again, _ := os.ReadFile(path); !bytes.Equal(first, again) {
		t.Error("the refused call changed the key")
	}
	if _, err := generate(dir, true, rand.Reader); err != nil {
		t.Errorf("with force: %v", err)
	}
	if again, _ := os.ReadFile(path); bytes.Equal(first, again) || len(again) != 128 {
		t.Error("force did not make a new key")
	}
}

func TestShortRandomnessLeavesNoKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := generate(dir, false, bytes.NewReader(make([]byte, 100))); err == nil {
		t.Error("a key was made of 100 random bytes")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
