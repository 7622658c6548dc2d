package ckpt

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every row of the documented table is a scenario of its name, and every scenario of
// a merge is a row, or is about how a row comes about.
func TestEveryRowOfTheMergeTableIsAScenario(t *testing.T) {
	doc, err := os.ReadFile("checkpoints.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("merge.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| ([a-z]+(?:-[a-z]+)*) \|.*\| (merge_[a-z_]+) \|$`).FindAllStringSubmatch(string(doc), -1)
	named := map[string]bool{"merge_filling": true, "merge_joiner": true}
	for _, r := range rows {
		if want := "merge_" + strings.ReplaceAll(r[1], "-", "_"); r[2] != want {
			t.Errorf("row %s names %s", r[1], r[2])
		}
		named[r[2]] = true
		if _, err := os.Stat(filepath.Join("testdata", r[2])); err != nil {
			t.Error(err)
		}
		if !strings.Contains(string(source), "\n//\t"+r[1]+" ") {
			t.Errorf("row %s is not in the table of merge.go", r[1])
		}
	}
	if len(rows) < 20 {
		t.Errorf("%d rows", len(rows))
	}
	files, err := filepath.Glob("testdata/merge_*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !named[filepath.Base(f)] {
			t.Errorf("%s is of no row", f)
		}
	}
}
