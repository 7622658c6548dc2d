// Package harness starts real executives and C programs for tests and
// campaigns: clusters on 127.0.0.1..N without root, or in network namespaces
// with packet loss and links that can be cut.
//
// What it owns: the processes it started (by pid, each dies with its parent),
// the namespaces it made (deleted also when the parent is killed), and one
// private directory per cluster with keys, configuration and state. It never
// touches an executive, an interface or a namespace that it did not make.
//
// A Cluster is closed by Close; in tests ForTest does it. Everything that waits
// has a deadline and says what it saw instead.
package harness
