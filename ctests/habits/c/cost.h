/*
 * cost.h: how cost.c tells trace.c what it is about to do: a system call that does
 * nothing, with arguments that nobody else gives it. SIGTRAP comes before the one
 * at the beginning: only from there on system calls are looked at.
 */
#ifndef HABITS_COST_H
#define HABITS_COST_H

enum { MARK = 0x41495321, BEGIN = 1, END = 2 };

#define SECTIONS(X) \
	X(evs_mcast) X(evs_mcast_awake) X(evs_dispatch) X(evs_dispatch_none) \
	X(ckpt_overwrite) X(ckpt_read) X(ckpt_dispatch_none) \
	X(clm_node_get) X(clm_dispatch_none) X(clm_selection_object) \
	X(evt_publish) X(evt_dispatch) X(evt_dispatch_none) \
	X(clm_second) X(ckpt_second) X(evt_second) X(evs_second)

enum section {
#define X(name) OF_##name,
	SECTIONS(X)
#undef X
	SECTION_COUNT
};

#endif /* HABITS_COST_H */
