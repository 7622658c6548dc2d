// Access rules: the files of the directory uidgid.d beside network.conf, in the
// form openais 0.80 gave them:
//
//	uidgid {
//		uid: backup
//		gid: 1002
//	}
//
// Each uid and each gid named there may connect, besides uid 0, the executive's
// own uid and the group of network.conf. Parsing is pure; names are looked up by
// the function the caller gives.

package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// Access is who else may connect.
type Access struct {
	UIDs, GIDs []uint32
}

// Names looks users and groups up.
type Names struct {
	UID, GID func(name string) (uint32, bool)
}

// maxAccess bounds the entries of all files together.
const maxAccess = 4096

// ParseAccess reads one file of uidgid.d and appends to a.
func ParseAccess(file string, data []byte, names Names, a *Access) Problems {
	var ps Problems
	wrong := func(line int, key, value, rule string) {
		ps = append(ps, Problem{file, line, key, value, rule})
	}
	if len(data) > maxFile {
		wrong(0, "", "", "is larger than 1 MiB: not an access rule")
		return ps
	}
	open := 0 // line of the section's opening brace
	for n := 1; len(data) > 0; n++ {
		raw, rest, _ := bytes.Cut(data, []byte{'\n'})
		data = rest
		if len(raw) > maxLine {
			wrong(n, "", string(raw[:shown]), "a line has at most 1024 bytes")
			continue
		}
		line := string(bytes.Trim(raw, " \t\r"))
		name, brace := strings.CutSuffix(line, "{")
		switch {
		case line == "" || line[0] == '#':
		case brace && strings.TrimSpace(name) != "uidgid":
			wrong(n, "", line, "only sections \"uidgid {\" may stand here")
			open = n
		case brace && open != 0:
			wrong(n, "", line, "the section of line "+itoa(open)+" is not closed")
		case brace:
			open = n
		case line == "}" && open == 0:
			wrong(n, "", line, "closes no section")
		case line == "}":
			open = 0
		case open == 0:
			wrong(n, "", line, "must stand in a section \"uidgid {\"")
		default:
			if p := a.add(line, names); p != nil {
				p.File, p.Line = file, n
				ps = append(ps, *p)
			}
		}
	}
	if open != 0 {
		wrong(open, "", "uidgid {", "is not closed by a line \"}\"")
	}
	return ps
}

func (a *Access) add(line string, names Names) *Problem {
	key, value, found := strings.Cut(line, ":")
	key, value = strings.TrimSpace(key), string(trimComment([]byte(strings.TrimSpace(value))))
	if !found {
		return &Problem{Value: line, Rule: "is not \"uid: NAME\" or \"gid: NAME\""}
	}
	lists := map[string]struct {
		to   *[]uint32
		find func(string) (uint32, bool)
		what string
	}{
		"uid": {&a.UIDs, names.UID, "user"},
		"gid": {&a.GIDs, names.GID, "group"},
	}
	l, known := lists[key]
	if !known {
		return &Problem{Key: key, Value: value, Rule: "is no key here: uid and gid are"}
	}
	id, ok := l.find(value)
	if value == "" || !ok {
		return &Problem{Key: key, Value: value, Rule: "must be the name or the number of a " + l.what + " of this machine"}
	}
	if len(a.UIDs)+len(a.GIDs) >= maxAccess {
		return &Problem{Key: key, Value: value, Rule: "is one too many: at most " + itoa(maxAccess) + " in all files"}
	}
	*l.to = append(*l.to, id)
	return nil
}

// SystemNames looks up in this machine's user database; a number stands for
// itself.
func SystemNames() Names {
	return Names{
		UID: func(name string) (uint32, bool) {
			if id, ok := parseID(name); ok {
				return id, true
			}
			u, err := user.Lookup(name)
			if err != nil {
				return 0, false
			}
			return parseID(u.Uid)
		},
		GID: func(name string) (uint32, bool) {
			if id, ok := parseID(name); ok {
				return id, true
			}
			g, err := user.LookupGroup(name)
			if err != nil {
				return 0, false
			}
			return parseID(g.Gid)
		},
	}
}

// parseID refuses the id that means "no change" to the kernel.
func parseID(s string) (uint32, bool) {
	i, err := strconv.ParseUint(s, 10, 32)
	return uint32(i), err == nil && i != 0xffffffff
}

// LoadAccess reads every regular file of dir/uidgid.d; names that begin with a
// dot or end in '~' are left alone, as editors make them. No directory is no
// rule.
func LoadAccess(dir string, names Names) (Access, error) {
	var a Access
	var ps Problems
	root := filepath.Join(dir, "uidgid.d")
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	for _, e := range entries {
		name := filepath.Join(root, e.Name())
		if e.Name()[0] == '.' || strings.HasSuffix(name, "~") {
			continue
		}
		if st, err := os.Stat(name); err == nil && !st.Mode().IsRegular() {
			continue
		}
		data, err := readFile(name)
		if err != nil {
			return a, err
		}
		ps = append(ps, ParseAccess(name, data, names, &a)...)
	}
	return a, ps.Err()
}
