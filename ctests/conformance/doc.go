// Package conformance runs the table of every documented result of every CLM,
// EVS, EVT, CKPT and AMF function, in both generations (and of AMF as OpenSAF had
// it), against real executives. amf.conf and groups.conf are what AMF's rows run on.
//
// errors.tsv is the table. Its columns:
//
//	id          the row's name, which the C programs know it by
//	generation  A.01.01, B.01.01, B.02.02, B.03.01 and B.04.01 of OpenSAF, EVS-2004 or EVS-0.80
//	function    what is called
//	condition   in which situation
//	expected    the result, by the name the header gives it
//	source      why: assertions (collected facts about what implementations
//	            return), spec (the specification), openais (2004 for A, 0.80 for
//	            B), decided (by this project's issue), header (this project's
//	            headers, where no original checked anything); behind "spec: " the
//	            clause of the service's specification
//	setting     normal; none (no executive); dead (killed at the row's request);
//	            stopped (suspended and continued at the row's request); refused
//	            (by a user without access); never (documented, but there is no
//	            way to bring it about; the condition says why)
//
// A row of the table without a program, and a row of a program that is not in
// the table, are failures. Each row runs in a process of its own, under a
// watchdog: a crash or a hang is that row's failure.
package conformance
