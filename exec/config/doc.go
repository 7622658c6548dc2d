// Package config reads what an administrator wrote: network.conf, the key
// files and the access rules of uidgid.d. Parsing is pure (bytes in, values and
// a list of problems out); only Load, ReadKeys and LoadRules touch files, and
// only Resolve looks at interfaces. It never logs, never changes a file and
// never stops at the first mistake: an administrator gets all of them, each
// with file, line, key, value and the rule that was broken.
//
// Start at Parse and at the table of keys in keys.go: everything that is said
// about a key (its range, default, unit, description) is said there once, and
// the reference table of the README is made from it.
package config
