// Package campaign holds the long trials of whole executives: order, failover,
// stability, security, overload and idle cost. Each trial is a function with
// options and a report, so that the short form that runs with the tests, the
// long form of `make campaign-...` and aisbench are the same code.
//
// A trial returns an error when a promise was broken or nothing could be
// observed, and figures otherwise. It starts only what it ends itself.
package campaign
