// What an application programmer is shown compiles: the programs of the README,
// under the warnings of this project.

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestProgramsOfTheReadmeCompileWithoutAWarning(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	programs := regexp.MustCompile("(?s)```c\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(programs) < 2 {
		t.Fatalf("the README shows %d C programs, want one of each generation", len(programs))
	}
	generations := map[string]int{}
	for i, p := range programs {
		include := "../../include"
		if strings.Contains(p[1], "ais_clm.h") {
			include += "/a.01.01"
		}
		generations[include]++
		src := filepath.Join(t.TempDir(), "example.c")
		if err := os.WriteFile(src, []byte(p[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-I"+include, "-c", "-o", os.DevNull, src).CombinedOutput()
		if err != nil {
			t.Errorf("program %d of the README: %v\n%s", i+1, err, out)
		}
	}
	if len(generations) != 2 {
		t.Errorf("the README shows programs of %d generation, want both", len(generations))
	}
}
