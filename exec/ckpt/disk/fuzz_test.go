package disk

import (
	"bytes"
	"hash/crc32"
	"testing"

	"ais/exec/ckpt"
)

// resum makes the header's checksum right.
func resum(data []byte) {
	if len(data) >= headerSize {
		le.PutUint32(data[headerSize-4:], crc32.Checksum(data[:headerSize-4], castagnoli))
	}
}

// FuzzRead reads anything as a file. An image that comes of it has to be sound: an
// executive starts with it. Checksums are made right, or nothing would get far.
func FuzzRead(f *testing.F) {
	data, _ := history(f)
	f.Add(data, true)
	f.Add(data[:len(data)/2], false)
	f.Fuzz(func(t *testing.T, data []byte, sums bool) {
		if sums {
			data = bytes.Clone(data)
			if len(data) >= headerSize {
				copy(data, magic)
				le.PutUint32(data[8:], ckpt.CutFormat)
				le.PutUint64(data[16:], 1)
				resum(data)
			}
			for at := headerSize; at+frameHead <= len(data); {
				n := int(le.Uint32(data[at:]))
				if n <= 0 || n > len(data)-at-frameHead {
					break
				}
				le.PutUint32(data[at+4:], crc32.Checksum(data[at+frameHead:at+frameHead+n], castagnoli))
				at += frameHead + n
			}
		}
		img, _ := Read(bytes.NewReader(data), int64(len(data)), 1)
		describe(t, img)
	})
}
