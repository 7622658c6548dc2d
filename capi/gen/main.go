// Command gen makes everything that follows from the lists in capi: the front's
// entry points and prototypes, the linker's version scripts and the compile-time
// proof of the headers, what a test needs to call every function, and the index of
// the functions. It owns capi/front/gen, ctests/abi/*.c, ctests/habits/c/gen and
// capi/functions.md and writes nothing else.
//
// Lists:
//
//	capi/api.tsv      every function: generation, service, name, signature, and
//	                  under which name and version which library exports it
//	capi/libs.tsv     every library
//	capi/abi/*.tsv    what the original headers and libraries hold
//
// Usage: go run ./capi/gen [-root DIR] [-check]. With -check nothing is written;
// the exit status tells whether the files on disk are what would be written.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
)

func main() {
	root := flag.String("root", ".", "top of the source tree")
	check := flag.Bool("check", false, "compare instead of writing")
	flag.Parse()
	files, err := Generate(*root)
	if err == nil {
		err = apply(*root, files, *check)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// Generate returns every generated file by its path below root.
func Generate(root string) (map[string][]byte, error) {
	api, err := readAPI(root)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	if err := generateFront(api, files); err != nil {
		return nil, err
	}
	generateCalls(api, files)
	if err := generateIndex(root, api, files); err != nil {
		return nil, err
	}
	if err := generateProof(root, files); err != nil {
		return nil, err
	}
	return files, nil
}

// apply writes files, or compares them with what is there.
func apply(root string, files map[string][]byte, check bool) error {
	var paths []string
	for p := range files {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	for _, p := range paths {
		full := filepath.Join(root, p)
		old, err := os.ReadFile(full)
		if err == nil && bytes.Equal(old, files[p]) {
			continue
		}
		if check {
			return fmt.Errorf("%s is not what the lists say: run go run ./capi/gen", p)
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(full, files[p], 0o644); err != nil {
			return err
		}
	}
	return nil
}
