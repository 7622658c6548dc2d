//go:build planted_ckpt_ack

// A planted bug, for the trials that must notice it: writes that promise
// ALL_REPLICAS are answered at agreed delivery. Never part of an executive that is
// installed.

package ckpt

func init() { plantedAck = true }
