// How many packets a receive buffer really holds. Owns the figure and nothing else.

package net

import "math/bits"

// What a packet costs in a receive buffer is not its length: the kernel counts the
// memory that it lies in. Measured on Linux 6.18, packets unread in a socket with
// SO_RCVBUF 425984 (212992 asked for and doubled), between two namespaces and on
// loopback alike, with receive offload (UDP_GRO) and without; bytes of buffer each in
// brackets:
//
//	IP packet  one by one    bursts of 8, no offload  bursts of 8, offload  of 40
//	      500  332 (1283)    326 (1306)               736  (578)            840  (507)
//	     1000  184 (2315)    236 (1805)               392 (1086)            400 (1064)
//	     1500  184 (2315)    184 (2315)               264 (1613)            280 (1521)
//	     2000   97 (4391)    151 (2821)               200 (2129)            210 (2028)
//	     9000   25 (17039)    43 (9906), of 6          42 (10142), of 6
//
// One by one is the worst: headers, the kernel's frame of 320 bytes and the packet in
// memory of a power of two, and 256 bytes that describe it. Packets arrive so when
// they were sent alone, or from a card.
const (
	packetFrame = 14 + 64 + 320
	packetHead  = 256
)

// costOf is what a full packet of mtu bytes takes of a receive buffer.
func costOf(mtu int) int {
	return 1<<bits.Len(uint(mtu+packetFrame-1)) + packetHead
}

// roomIn is how many full packets of mtu bytes a buffer of size bytes (as granted)
// holds, less an eighth for what is not the ring's: Joins, tokens, other rings. What
// was read counts until a quarter of the buffer was (measured: after 45 of 184
// packets were read none more found room, after 47 all 47 did); for the ring that
// makes no difference, as it counts what is sent between two visits, read or not.
func roomIn(size, mtu int) int {
	return max(1, (size-size/8)/costOf(mtu))
}

// ReceiveRoom is how many of the largest packets lie in the receive buffer that the
// ring's messages come to, unread, without a loss. 0: not known.
func (t *Transport) ReceiveRoom() int {
	if t.stats.ReceiveBuffer <= 0 {
		return 0
	}
	return roomIn(t.stats.ReceiveBuffer, min(t.cfg.MTU, 65535))
}
