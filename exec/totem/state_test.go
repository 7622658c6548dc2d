package totem

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNumbersAreThereAfterARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when", "missing")
	for i := uint64(1); i < 5; i++ {
		s, err := openState(dir, 7)
		if err != nil {
			t.Fatal(err)
		}
		if s.start != i-1 || s.reserved != (i-1)*1000 {
			t.Fatalf("read %+v at start %d", s.numbers, i)
		}
		if err := s.write(numbers{i, i * 1000}); err != nil {
			t.Fatal(err)
		}
		s.close()
	}
	other, err := openState(dir, 8)
	if err != nil || other.start != 0 {
		t.Fatalf("another node's numbers: %+v, %v", other, err)
	}
	other.close()
}

func TestEveryDamageOfTheStateFileIsAnErrorThatSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	good := encodeState(7, numbers{12, 4096})
	path := filepath.Join(dir, "ring-7")
	try := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openState(dir, 7)
		if err == nil {
			s.close()
			t.Fatalf("%s: taken as %+v", what, s.numbers)
		}
		if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "Restore it") {
			t.Fatalf("%s: %v", what, err)
		}
	}
	for n := range good { // 0 bytes too: a file that was made but never filled
		try("torn", good[:n])
	}
	for bit := 0; bit < len(good)*8; bit++ {
		bad := append([]byte(nil), good...)
		bad[bit/8] ^= 1 << (bit % 8)
		try("a flipped bit", bad)
	}
	try("something behind it", append(append([]byte(nil), good...), '\n'))
	try("too long", append(append([]byte(nil), good...), make([]byte, 600)...))
	try("another node's", encodeState(8, numbers{12, 4096}))
	try("the numbers changed, the sum not", []byte(strings.Replace(string(good), "start 12", "start 13", 1)))

	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openState(dir, 7)
	if err != nil || s.numbers != (numbers{12, 4096}) {
		t.Fatal(err)
	}
	s.close()
}

func TestAStateDirectoryHasOneUser(t *testing.T) {
	dir := t.TempDir()
	s, err := openState(dir, 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range []uint32{7, 8} {
		if o, err := openState(dir, 8); err == nil {
			o.close()
			t.Fatalf("node %d uses the directory too", node)
		} else if !strings.Contains(err.Error(), "in use") {
			t.Fatal(err)
		}
	}
	s.close()
	if s, err = openState(dir, 7); err != nil {
		t.Fatal(err)
	}
	s.close()
}

func TestAnInterruptedWriteLeavesTheFormerNumbers(t *testing.T) {
	dir := t.TempDir()
	s, err := openState(dir, 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.write(numbers{3, 3000}); err != nil {
		t.Fatal(err)
	}
	// A crash between the steps: the new file is there in part, not renamed.
	if err := os.WriteFile(s.path+".new", encodeState(7, numbers{4, 4000})[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	s.close()
	if s, err = openState(dir, 7); err != nil || s.numbers != (numbers{3, 3000}) {
		t.Fatalf("%+v, %v", s, err)
	}
	if err := s.write(numbers{4, 4000}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.write(numbers{5, 5000}); err == nil || s.start != 4 {
		t.Fatalf("written into nowhere: %+v, %v", s.numbers, err)
	}
	s.close()
}
