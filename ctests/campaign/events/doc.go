// Package events holds the long trials of the event service with whole executives
// and C programs: publishers and subscribers through kills, splits and heals, with
// an account of every event that did not arrive; a subscriber that is stopped under
// full load; what retained events cost a join. Each trial is a function with options
// and a report, so that the short form that runs with the tests and the long form of
// `make campaign-evt...` are the same code. It starts only what it ends itself.
package events
