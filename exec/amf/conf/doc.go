// Package conf reads the configuration of the Availability Management Framework:
// groups.conf in the grammar of openais 2004 and amf.conf in that of openais 0.80.
// Parsing is pure (bytes in, a model and a list of problems out); only Load touches
// files. Every problem has file, line, key, value and the rule that was broken, and
// all of a file are told, not only the first.
//
// The line format is in scan.go, the tables of sections and keys in groups.go and
// amf.go; rules that hold whatever the file is are model.Finish's.
//
// # What is read otherwise than the originals did
//
// They looked for a keyword anywhere in a line, so that "my name of = x" was a name;
// here a line begins with its keyword, and what does not is a problem. groups.conf may
// say nway and nwayactive. In amf.conf saAmfSIProtectedbySG and saAmfSIRank may be
// written with "=" besides the "{" that 0.80 took, saAmfSIPrefStandbyAssignments can be
// set, and true, false, 1 and 0 are understood wherever something is on or off.
package conf
