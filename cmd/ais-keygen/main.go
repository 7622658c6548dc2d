// Command ais-keygen makes the key that the executives of a cluster share: 128
// random bytes in DIR/authkey, mode 0400, in a directory of mode 0700. It never
// overwrites a key unless told to, and never leaves half a key behind.
package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ais/exec/config"
)

func main() {
	var dir string
	var force bool
	cmd := &cobra.Command{
		Use:   "ais-keygen",
		Short: "Make the key that the executives of a cluster share",
		Long: `ais-keygen writes 128 random bytes to DIR/authkey (mode 0400; a directory
that it makes has mode 0700). Make the key on one node and copy it to the
others, over a way that nobody else can read.

Exit codes: 0 the key is written; 1 it is not.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := generate(dir, force, rand.Reader)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d random bytes, mode 0400. Copy it to every node of the cluster.\n", path, config.KeySize)
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "confdir", "/etc/ais", "directory of the configuration")
	cmd.Flags().BoolVar(&force, "force", false, "replace a key that exists")
	cmd.CompletionOptions.DisableDefaultCmd = true
	if err := cmd.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "ais-keygen:", err)
		os.Exit(1)
	}
}

// generate writes a new key under a name of its own, on disk, and then gives it
// the final name: link refuses to replace, rename replaces.
func generate(dir string, force bool, random io.Reader) (string, error) {
	path := filepath.Join(dir, config.KeyFiles[0])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return path, err
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return path, exists(path)
	}
	var key [config.KeySize]byte
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return path, fmt.Errorf("reading random bytes: %w", err)
	}
	f, err := os.CreateTemp(dir, ".authkey-*") // mode 0600
	if err != nil {
		return path, err
	}
	tmp := f.Name()
	defer os.Remove(tmp)
	_, err = f.Write(key[:])
	err = errors.Join(err, f.Chmod(0o400), f.Sync(), f.Close())
	if err != nil {
		return path, err
	}
	if force {
		err = os.Rename(tmp, path)
	} else if err = os.Link(tmp, path); errors.Is(err, fs.ErrExist) {
		return path, exists(path)
	}
	if err != nil {
		return path, err
	}
	return path, syncDir(dir)
}

func exists(path string) error {
	return fmt.Errorf("%s exists: executives that use it would no longer understand a new one; --force replaces it", path)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
