// From files to a model.

package conf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"ais/exec/amf/model"
	"ais/exec/config"
)

// The files, beside network.conf.
const (
	GroupsFile = "groups.conf"
	AMFFile    = "amf.conf"
)

// Load reads dir/amf.conf or dir/groups.conf. Without either the model is nil: the
// framework is off. The error is config.Problems when a content is wrong.
func Load(dir string) (*model.Cluster, error) {
	groups, groupsErr := readFile(filepath.Join(dir, GroupsFile))
	amf, amfErr := readFile(filepath.Join(dir, AMFFile))
	for _, err := range []error{groupsErr, amfErr} {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	var c *model.Cluster
	var problems config.Problems
	switch {
	case groupsErr == nil && amfErr == nil:
		return nil, fmt.Errorf("%s: there is %s beside it: one configuration of AMF can hold at a time, remove the other", filepath.Join(dir, AMFFile), GroupsFile)
	case amfErr == nil:
		c, problems = ParseAMF(filepath.Join(dir, AMFFile), amf)
	case groupsErr == nil:
		c, problems = ParseGroups(filepath.Join(dir, GroupsFile), groups)
	default:
		return nil, nil
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return c, nil
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
