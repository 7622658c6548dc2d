package capi

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ais/ctests/cprog"
)

func TestAStaticLinkIsRefusedWithAClearText(t *testing.T) {
	onEachArch(t, func(t *testing.T, a arch) {
		for _, l := range []string{"-lais", "-levs"} {
			source := "clm_b01.c"
			if l == "-levs" {
				source = "evs.c"
			}
			out, err := exec.Command(cprog.Compiler(), a.Flag, "-static", "-std=c99", "-D_GNU_SOURCE", "-I"+filepath.Join(root, "include"),
				"-I"+filepath.Join(root, "ctests/cprog/c"),
				"-o", filepath.Join(t.TempDir(), "static"), filepath.Join("c", source), "-L"+a.Libs(t), l, "-lpthread").CombinedOutput()
			if err == nil || !strings.Contains(string(out), "cannot_be_linked_with_static") {
				t.Errorf("%s -static: %v\n%s", l, err, out)
			}
		}
	})
}
