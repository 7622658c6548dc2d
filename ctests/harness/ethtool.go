package harness

import (
	"bytes"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Switching one named feature of an interface, which the ethtool program does
// where it is installed. The numbers are those of linux/ethtool.h.
const (
	ethGetSetInfo  = 0x37
	ethGetStrings  = 0x1b
	ethGetFeatures = 0x3a
	ethSetFeatures = 0x3b
	ethSetOfNames  = 4  // ETH_SS_FEATURES
	ethNameLen     = 32 // ETH_GSTRING_LEN
	maxFeatures    = 1024
)

type ethRequest struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [16]byte // the rest of the kernel's union
}

// setFeature turns one feature of an interface of the calling thread's
// namespace on or off and checks that the kernel did it.
func setFeature(iface, feature string, on bool) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	call := func(data unsafe.Pointer) error {
		req := ethRequest{data: data}
		copy(req.name[:unix.IFNAMSIZ-1], iface)
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); errno != 0 {
			return fmt.Errorf("feature %s of %s: %w", feature, iface, errno)
		}
		return nil
	}
	info := struct {
		cmd, reserved uint32
		mask          uint64
		count         uint32
	}{cmd: ethGetSetInfo, mask: 1 << ethSetOfNames}
	if err := call(unsafe.Pointer(&info)); err != nil {
		return err
	}
	count := int(info.count)
	if count == 0 || count > maxFeatures {
		return fmt.Errorf("feature %s of %s: the kernel names %d features", feature, iface, count)
	}
	names := struct {
		cmd, set, n uint32
		text        [maxFeatures * ethNameLen]byte
	}{cmd: ethGetStrings, set: ethSetOfNames, n: uint32(count)}
	if err := call(unsafe.Pointer(&names)); err != nil {
		return err
	}
	index := -1
	for i := range count {
		s, _, _ := bytes.Cut(names.text[i*ethNameLen:(i+1)*ethNameLen], []byte{0})
		if string(s) == feature {
			index = i
		}
	}
	if index < 0 {
		return fmt.Errorf("feature %s of %s: the kernel has no feature of that name", feature, iface)
	}
	set := struct {
		cmd, size uint32
		block     [maxFeatures / 32]struct{ valid, requested uint32 }
	}{cmd: ethSetFeatures, size: uint32(count+31) / 32}
	bit := uint32(1) << (index % 32)
	set.block[index/32].valid = bit
	if on {
		set.block[index/32].requested = bit
	}
	if err := call(unsafe.Pointer(&set)); err != nil {
		return err
	}
	get := struct {
		cmd, size uint32
		block     [maxFeatures / 32]struct{ available, requested, active, never uint32 }
	}{cmd: ethGetFeatures, size: uint32(count+31) / 32}
	if err := call(unsafe.Pointer(&get)); err != nil {
		return err
	}
	if active := get.block[index/32].active&bit != 0; active != on {
		return fmt.Errorf("feature %s of %s: asked for %v, the kernel has it %v", feature, iface, on, active)
	}
	return nil
}
