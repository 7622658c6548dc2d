package ipcwire

// This file is what operators ask of the availability management framework. Bodies
// are JSON, as those of the control service: exec/amf/report has the types.
//
// An operator's connection has an empty hello, and may ask for nothing else. It is
// taken also when the framework is off, to be told why.
const (
	AmfTree    Op = 0x240 // no body; report.Tree
	AmfHistory Op = 0x241 // report.HistoryRequest; report.History
	AmfAdmin   Op = 0x242 // report.AdminRequest; report.AdminAnswer, also with an error
)
