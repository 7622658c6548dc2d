// From files to values.

package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Load reads dir/network.conf. The error is Problems when the content is wrong.
func Load(dir string) (*Network, error) {
	name := filepath.Join(dir, "network.conf")
	data, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: does not exist: it holds at least bindnetaddr, mcastaddr and mcastport", name)
	}
	if err != nil {
		return nil, err
	}
	n, problems := Parse(name, data)
	return n, problems.Err()
}

// readFile reads at most a little more than a parser takes.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}
