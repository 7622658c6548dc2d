package net

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func h2p(v *unix.Iovec) unsafe.Pointer { return unsafe.Pointer(v) }
func b2p(b *byte) unsafe.Pointer       { return unsafe.Pointer(b) }
