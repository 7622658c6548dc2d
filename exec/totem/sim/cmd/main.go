// Command cmd runs the simulator: many seeds, one seed in every detail, or the
// planted bugs. It exits with 1 when a seed fails (or a planted bug is not
// caught), after printing the seed and the command that repeats it.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"

	"ais/exec/totem/plant"
	"ais/exec/totem/sim"
)

func main() { os.Exit(run()) }

func run() int {
	var (
		seeds    = flag.Uint64("seeds", 1000, "how many seeds to run")
		first    = flag.Uint64("first", 1, "the first seed")
		workers  = flag.Int("workers", runtime.NumCPU(), "seeds to run at the same time")
		nodes    = flag.Int("nodes", 0, "number of nodes; 0: as each seed draws (3 to 16, some 64 and 128)")
		seed     = flag.Uint64("seed", 0, "run this seed only")
		verbose  = flag.Bool("v", false, "with -seed: print every event")
		minimize = flag.Bool("minimize", false, "with -seed: look for the fewest faults that still break the property")
		bugName  = flag.String("plant", "", "plant this bug, or \"all\" in turn (needs the build tag plantbugs)")
		failures = flag.Int("failures", 1, "stop after so many failing seeds")
		profile  = flag.String("cpuprofile", "", "write a CPU profile to this file")
	)
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "sim: unexpected argument %q\n", flag.Arg(0))
		return 2
	}
	// A world lives for milliseconds: collecting rarely pays.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(512 << 20)
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			fmt.Fprintln(os.Stderr, "sim:", err)
			return 2
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			fmt.Fprintln(os.Stderr, "sim:", err)
			return 2
		}
		defer pprof.StopCPUProfile()
	}
	bug := plant.None
	if *bugName != "" {
		if !plant.Possible {
			fmt.Fprintln(os.Stderr, "sim: -plant needs a build with -tags plantbugs")
			return 2
		}
		if *bugName == "all" {
			return plantAll(*first, *workers)
		}
		var ok bool
		if bug, ok = plant.Parse(*bugName); !ok {
			fmt.Fprintf(os.Stderr, "sim: no bug %q; there are: all %v\n", *bugName, plant.All())
			return 2
		}
		plant.Set(bug)
	}
	if *seed != 0 {
		return one(sim.Options{Seed: *seed, Nodes: *nodes}, bug, *verbose, *minimize)
	}
	c := sim.Campaign{First: *first, Seeds: *seeds, Nodes: *nodes, Workers: *workers, Failures: *failures, Progress: os.Stdout}
	totals, failed := c.Run()
	fmt.Println(totals)
	for _, f := range failed {
		report(sim.Options{Seed: f.Seed, Nodes: *nodes}, f.Violation, bug, len(failed) == 1)
	}
	if len(failed) > 0 {
		return 1
	}
	fmt.Println("no violation")
	return 0
}

// report prints what is known of a failing seed.
func report(opt sim.Options, v *sim.Violation, bug plant.Bug, events bool) {
	if events {
		fmt.Printf("\nthe events before:\n%s", sim.Explain(opt, 60))
	}
	fmt.Printf("\nVIOLATION, seed %d: %v\nreplay: %s\n", opt.Seed, v, sim.Replay(opt.Seed, opt.Nodes, bug))
}

func one(opt sim.Options, bug plant.Bug, verbose, minimize bool) int {
	if minimize {
		_, v := sim.NewWorld().Run(opt)
		if v != nil {
			var kept, total int
			opt, kept, total = sim.Minimize(opt, v.Property)
			fmt.Printf("with %d of %d faults:\n", kept, total)
		}
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if verbose {
		opt.Trace = out
	}
	stats, v := sim.NewWorld().Run(opt)
	opt.Trace = nil
	out.Flush()
	if v != nil {
		report(opt, v, bug, !verbose)
		return 1
	}
	fmt.Printf("seed %d: no violation; %+v\n", opt.Seed, stats)
	return 0
}

// plantAll shows that the oracle bites.
func plantAll(first uint64, workers int) int {
	const limit = 2000
	missed := 0
	fmt.Printf("%-26s %-8s %-10s %s\n", "planted bug", "seed", "after", "violated")
	for _, bug := range plant.All() {
		row := sim.CatchPlanted([]plant.Bug{bug}, first, limit, workers)[0]
		if row.Failure == nil {
			missed++
			fmt.Printf("%-26s NOT CAUGHT in %d seeds, %.1f s\n", bug, limit, row.Elapsed.Seconds())
			continue
		}
		fmt.Printf("%-26s %-8d %-10s %s\n", bug, row.Failure.Seed, fmt.Sprintf("%.1f s", row.Elapsed.Seconds()), row.Failure.Violation.Property)
	}
	if missed > 0 {
		return 1
	}
	return 0
}
