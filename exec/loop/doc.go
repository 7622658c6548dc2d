// Package loop is the reactor that everything of an executive runs on: one
// goroutine, locked to its OS thread, which waits in epoll for descriptors and
// for the next timer, and calls handlers. Ring, group messaging, services and
// library connections are owned by it, so none of them needs a lock, and a
// message walks from socket to socket without changing goroutines (a hop costs
// 14-90 us, a raw system call under one).
//
// The order inside one wake-up is fixed:
//
//  1. the clock is read (Now is constant until the next wake-up or Refresh);
//  2. timers that are due, earliest first. They come before the sockets because
//     a process that was stopped for longer than the token timeout must notice
//     the loss of the token before it reads the token of a ring that has gone on
//     without it;
//  3. functions posted by other goroutines;
//  4. ready descriptors, those added with AddFirst before the others;
//  5. the AfterBatch hooks, in the order of their registration: here outputs
//     that were gathered by the steps before are flushed.
//
// All methods but Post, Stop and New are for the loop's own goroutine, or for
// whoever prepares the loop before Run.
//
// The package knows nothing of what it carries: no protocol, no log.
package loop
