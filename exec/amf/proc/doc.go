// Package proc runs the processes of components and sees to it that none is left
// behind.
//
// Commands are not run by the executive itself but by its keeper: a small process
// that the executive starts once, before it gives root away, and that is connected
// to it by a socket pair. The keeper is the "child subreaper" (prctl(2)) of all that
// it starts, so that a process which put itself into the background is still its
// child. It ends every process of a component when it is told to, and all of them
// when the executive ends, however it ends: the socket's end says so. So components
// of a killed executive are gone before the other nodes have noticed its death, no
// process outlives its executive, and no zombie is left.
//
// Which processes belong to a component is known by a mark in the environment that
// children inherit, by descent, and by session (tree.go).
//
// An executive that stands still (a stopped process, a stalled machine) is as good as
// dead to the others, who take its work over: the keeper ends its components when it
// has not said that it runs for a given time (Client.Alive).
//
// A keeper that was started by root stays root, and runs what the executive asks for
// as one user that was fixed when it was started, never as another. Without root
// everything is the executive's own user. The keeper takes nothing from anybody but
// its executive.
//
// Should the keeper itself be killed, its children die with it (PR_SET_PDEATHSIG),
// and what had put itself into the background falls to the executive, which is a
// subreaper, too: it kills what it may and then ends, because without a keeper it
// could not do what it promises.
package proc
