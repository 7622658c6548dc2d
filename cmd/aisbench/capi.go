package main

// What the C library costs a program: loading it, the first Initialize, a call
// beside the IPC itself. The program is in C, compiled here, since that is whom it
// is about.

import (
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ais/ctests/harness"
)

//go:embed c/costs.c
var costsSource embed.FS

// capiFigures are what the program prints, and the limit of each, 0 where there
// is none.
var capiFigures = []struct {
	name, text string
	limit      float64
}{
	{"load_ms", "loading the library, ms", 1},
	{"threads_before_initialize", "threads it has started then", 0.5},
	{"first_initialize_ms", "the first Initialize, ms", 30},
	{"next_initialize_ms", "Finalize and Initialize again, ms", 0},
	{"call_us", "saClmClusterNodeGet, us", 0},
	{"call_by_hand_us", "the same by hand: send, poll, recv, us", 0},
	{"overhead_us", "what the library adds to a call, us", 1},
	{"overhead_cpu_us", "what it adds in processor time, us", 0},
	{"empty_dispatch_us", "a Dispatch that finds nothing, us", 0},
}

func init() {
	var runs int
	cmd := &cobra.Command{
		Use:   "capi",
		Short: "What the C library costs: load, first Initialize, overhead of a call",
		Long: `capi compiles a C program (gcc or $CC), runs it on an executive of its own and
prints the median and the best of some runs. Each figure of a call is the median of
20,000. A limit is held when the median is within it; on a busy machine the best run
is what says something.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return benchCAPI(cmd.OutOrStdout(), runs) },
	}
	cmd.Flags().IntVar(&runs, "runs", 7, "how often the program is run")
	register(cmd)
}

func benchCAPI(w io.Writer, runs int) error {
	if runs < 1 {
		return fmt.Errorf("--runs %d: at least one", runs)
	}
	flags := ringFlags{nodes: 1}
	c, err := flags.start()
	if err != nil {
		return err
	}
	defer c.Close()
	dir, err := os.MkdirTemp("", "aisbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := compileCosts(c.Build, dir)
	if err != nil {
		return err
	}
	values := map[string][]float64{}
	for range runs {
		p, err := c.Nodes[0].Run(harness.Spec{Name: "costs", Path: path, Env: []string{"LD_LIBRARY_PATH=" + c.Build.Lib()}})
		if err != nil {
			return err
		}
		if err := p.Wait(time.Minute); err != nil {
			return err
		}
		for line := range strings.Lines(p.Stdout.String()) {
			name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return fmt.Errorf("costs said %q", line)
			}
			values[name] = append(values[name], v)
		}
	}
	return printCAPI(w, runs, values)
}

// compileCosts compiles the program against the build or the installation that
// aisbench is a part of.
func compileCosts(b *harness.Build, dir string) (string, error) {
	source, err := costsSource.ReadFile("c/costs.c")
	if err != nil {
		return "", err
	}
	file, path := filepath.Join(dir, "costs.c"), filepath.Join(dir, "costs")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		return "", err
	}
	headers, err := headersOf(b)
	if err != nil {
		return "", err
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	cmd := exec.Command(cc, "-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-I"+headers, "-o", path, file,
		"-L"+b.Lib(), "-lais", "-ldl", "-Wl,-rpath,"+b.Lib())
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("a C compiler is needed for this: %w\n%s", err, out)
	}
	return path, nil
}

// headersOf finds saClm.h: in the tree of the build, in the installation, or in the
// tree one stands in when the build is somewhere else.
func headersOf(b *harness.Build) (string, error) {
	places := []string{filepath.Join(b.Root, "include"), filepath.Join(b.Dir, "include/openais"), "include"}
	for _, dir := range places {
		if _, err := os.Stat(filepath.Join(dir, "saClm.h")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("saClm.h is not in %s", strings.Join(places, ", "))
}

func printCAPI(w io.Writer, runs int, values map[string][]float64) error {
	var missed []string
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%d runs\tmedian\tbest\tlimit\n", runs)
	for _, f := range capiFigures {
		list := values[f.name]
		if len(list) != runs {
			return fmt.Errorf("costs told %s %d times, not %d", f.name, len(list), runs)
		}
		middle, best := median(list), slices.Min(list)
		limit := ""
		if f.limit > 0 {
			limit = strconv.FormatFloat(float64(int(f.limit)), 'f', -1, 64)
			if middle > f.limit {
				missed = append(missed, f.name)
			}
		}
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%s\n", f.text, middle, best, limit)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(missed) > 0 {
		return fmt.Errorf("above the limit: %s", strings.Join(missed, ", "))
	}
	return nil
}
