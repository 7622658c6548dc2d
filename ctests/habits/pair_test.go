package habits

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ais/ctests/cprog"
	"ais/ctests/harness"
)

// half is pair.c with the headers of one generation.
func half(generation string, flags ...string) cprog.Program {
	p := cprog.Program{Name: "pair" + generation + strings.Join(flags, ""), Sources: []string{"pair.c"},
		Flags: append([]string{"-DALONE"}, flags...), Libs: []string{"-lais"}}
	if generation == "a" {
		p.Headers = "a.01.01"
		p.Flags = append(p.Flags, "-DGEN_A")
	}
	return p
}

// A program compiled with the headers of A and one compiled with those of B, both
// linked with -lais alone, run side by side and understand each other; also each
// of one word size with one of the other.
func TestProgramsOfBothGenerationsRunSideBySide(t *testing.T) {
	cprog.OnEach(t, func(t *testing.T, a cprog.Arch) {
		n := executive(t)
		key := fmt.Sprintf("pair-%d-%s", os.Getpid(), a.Name)
		one := half("a").Build(t, a)
		for i, other := range []string{half("b").Build(t, a), half("b").Build(t, cprog.Archs[0])} {
			key := fmt.Sprintf("%s-%d", key, i)
			p, err := n.Run(harness.Spec{Name: "pair-b", Path: other, Args: []string{key}})
			if err != nil {
				t.Fatal(err)
			}
			run(t, nil, one, key)
			if err := p.Wait(limit); err != nil {
				t.Fatal(err)
			}
			if a == cprog.Archs[0] {
				break
			}
		}
	})
}

// The parts of a program that use A and those that use B each reach their own
// functions, also when the compiler sees the whole program.
func TestBothGenerationsWorkInOneProgramWithAndWithoutLTO(t *testing.T) {
	cprog.OnEach(t, func(t *testing.T, a cprog.Arch) {
		for _, flags := range [][]string{{"-O2"}, {"-O2", "-flto"}} {
			t.Run(strings.Join(flags, ""), func(t *testing.T) {
				object := filepath.Join(t.TempDir(), "pair_b.o")
				args := append([]string{"-std=c99", "-D_GNU_SOURCE", a.Flag, "-Wall", "-Wextra", "-Werror", "-fexceptions",
					"-I" + filepath.Join(cprog.Root, "include"), "-I" + filepath.Join(cprog.Root, "ctests/cprog/c"),
					"-c", "-o", object, "c/pair.c"}, flags...)
				if text, err := exec.Command(cprog.Compiler(), args...).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				p := cprog.Program{Name: "pairboth" + strings.Join(flags, ""), Sources: []string{"pair.c", object}, Headers: "a.01.01",
					Flags: append([]string{"-DBOTH", "-DGEN_A"}, flags...), Libs: []string{"-lais"}}
				run(t, nil, p.Build(t, a), fmt.Sprintf("both-%d-%s-%d", os.Getpid(), a.Name, len(flags)))
			})
		}
	})
}
