package campaign

import (
	"errors"
	"os"
	"strconv"
	"strings"
)

// cpuTimes is the first line of /proc/stat: all cores together, in ticks.
type cpuTimes struct{ idle, total int64 }

func readCPU() (cpuTimes, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return cpuTimes{}, err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return cpuTimes{}, errors.New("/proc/stat: unexpected form")
	}
	var t cpuTimes
	for i, s := range f[1:9] { // user nice system idle iowait irq softirq steal
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return t, err
		}
		t.total += n
		if i == 3 || i == 4 {
			t.idle += n
		}
	}
	return t, nil
}

// busySince is the share of all cores that was used since t.
func (t cpuTimes) busySince() (float64, error) {
	now, err := readCPU()
	if err != nil {
		return 0, err
	}
	total := now.total - t.total
	if total <= 0 {
		return 0, errors.New("/proc/stat: no time passed")
	}
	return 1 - float64(now.idle-t.idle)/float64(total), nil
}
