// Command gen makes everything that follows from the lists in capi: the front's
// entry points and prototypes, the linker's version scripts and the compile-time
// proof of the headers, what a test needs to call every function, and the index of
// the functions. It owns capi/front/gen, ctests/abi/*.c, ctests/habits/c/gen and
// capi/functions.md and writes nothing else. With -man DIR it makes the pages of the
// manual there instead.
//
// Lists:
//
//	capi/api.tsv      every function: generation, service, name, signature, and
//	                  under which name and version which library exports it
//	capi/libs.tsv     every library
//	capi/abi/*.tsv    what the original headers and libraries hold
//	include           what the comments say of each function
//
// Usage: go run ./capi/gen [-root DIR] [-check | -man DIR]. With -check nothing is written;
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
	man := flag.String("man", "", "make the pages of the manual there")
	var e edition
	flag.StringVar(&e.version, "version", "0", "what the manual's pages say of the version")
	flag.StringVar(&e.date, "date", "1970-01-01", "the day of that version")
	programs := flag.String("programs", "", "where the programs are, whose pages are made, too")
	flag.Parse()
	if *man != "" {
		if err := writeManual(*root, *man, *programs, e); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
		return
	}
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

// writeManual makes the pages below dir, and takes away what is no page of it.
func writeManual(root, dir, programs string, e edition) error {
	api, err := readAPI(root)
	if err != nil {
		return err
	}
	files, err := generateManual(root, api, e)
	if err != nil {
		return err
	}
	if programs != "" {
		if err := programPages(root, programs, e, files); err != nil {
			return err
		}
	}
	for _, section := range []string{"man1", "man3", "man5", "man8"} {
		old, err := filepath.Glob(filepath.Join(dir, section, "*"))
		if err != nil {
			return err
		}
		for _, f := range old {
			if files[section+"/"+filepath.Base(f)] == nil {
				if err := os.Remove(f); err != nil {
					return err
				}
			}
		}
	}
	return apply(dir, files, false)
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
