/*
 * room.h: whether the runtime would fit into the process.
 */
#ifndef AISF_ROOM_H
#define AISF_ROOM_H

/* True when address space, data and threads that the runtime needs are there. */
int aisf_room(void);

#endif /* AISF_ROOM_H */
