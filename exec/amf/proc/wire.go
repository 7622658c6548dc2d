// What executive and keeper say to each other: JSON in frames, a length of four
// bytes before each. Both check every length.

package proc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
)

// maxFrame bounds a frame: argument lists and environments are small.
const maxFrame = 1 << 20

// operations of a request.
const (
	opRun     = "run"
	opKeep    = "keep"
	opKill    = "kill"
	opKillAll = "killall"
	opAlive   = "alive"
)

// request is what the executive asks.
type request struct {
	Op        string   `json:"op"`
	ID        uint64   `json:"id"`
	Command   uint64   `json:"command,omitempty"` // of opKeep: the ID of its opRun
	Owner     string   `json:"owner,omitempty"`
	Argv      []string `json:"argv,omitempty"`
	Env       []string `json:"env,omitempty"`
	TimeoutUS int64    `json:"timeout_us,omitempty"`
}

// report is what the keeper tells: the end of a request, or (ID 0) of a process.
type report struct {
	ID      uint64 `json:"id"`
	PID     int    `json:"pid,omitempty"`
	Code    int    `json:"code,omitempty"`
	Signal  int    `json:"signal,omitempty"`
	Timeout bool   `json:"timeout,omitempty"`
	Error   string `json:"error,omitempty"`
}

var errFrame = errors.New("frame of the keeper's socket is too large or no message")

// appendFrame appends v as a frame.
func appendFrame(b []byte, v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return b, err
	}
	if len(body) > maxFrame {
		return b, errFrame
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	return append(b, body...), nil
}

// cutFrame takes the first frame of b into v; ok false: it is not complete yet.
func cutFrame(b []byte, v any) (rest []byte, ok bool, err error) {
	if len(b) < 4 {
		return b, false, nil
	}
	n := binary.LittleEndian.Uint32(b)
	if n > maxFrame {
		return b, false, errFrame
	}
	if uint32(len(b)-4) < n {
		return b, false, nil
	}
	if err := json.Unmarshal(b[4:4+n], v); err != nil {
		return b, false, errors.Join(errFrame, err)
	}
	return b[4+n:], true, nil
}
