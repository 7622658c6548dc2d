/*
 * evs_receive: joins the group "demo" through extended virtual synchrony and
 * prints messages and configurations in the order in which they arrive, which is
 * the same on every node. When the executive dies it waits for the next one.
 * The interface of openais 0.80. Build:
 *
 *   cc -std=c99 evs_receive.c -lais
 */
#define _POSIX_C_SOURCE 200809L

#include <evs.h>

#include "sample.h"

static void deliver(unsigned int node, void *msg, int length)
{
	say("message %u.%u.%u.%u %.*s", node >> 24, node >> 16 & 255, node >> 8 & 255,
	    node & 255, length, (const char *)msg);
}

static void configuration(unsigned int *members, int member_count,
			  unsigned int *left, int left_count,
			  unsigned int *joined, int joined_count)
{
	char line[4096] = "";
	size_t used = 0;
	int i;

	(void)left;
	(void)joined;
	for (i = 0; i < member_count && used < sizeof line - 32; i++)
		used += (size_t)snprintf(line + used, sizeof line - used, " %u.%u.%u.%u",
			members[i] >> 24, members[i] >> 16 & 255, members[i] >> 8 & 255,
			members[i] & 255);
	say("configuration members=%d left=%d joined=%d:%s", member_count, left_count,
	    joined_count, line);
}

int main(void)
{
	evs_callbacks_t callbacks = { deliver, configuration };
	struct evs_group group = { "demo" };
	evs_handle_t handle;
	evs_error_t err;
	int fd;

	sample_begin();
	while (!sample_stop) {
		err = evs_initialize(&handle, &callbacks);
		if (err == EVS_ERR_TRY_AGAIN) { /* no executive yet */
			sample_pause(20);
			continue;
		}
		if (err != EVS_OK) {
			say("evs_initialize error=%d", (int)err);
			return 1;
		}
		say("open");
		err = evs_fd_get(handle, &fd);
		while (err == EVS_OK) {
			err = evs_join(handle, &group, 1);
			if (err != EVS_ERR_TRY_AGAIN || sample_stop)
				break;
			sample_pause(20);
			err = EVS_OK;
		}
		while (err == EVS_OK && !sample_stop) {
			struct pollfd p = { fd, POLLIN, 0 };

			if (poll(&p, 1, 1000) == 1)
				err = evs_dispatch(handle, EVS_DISPATCH_ALL);
		}
		evs_finalize(handle);
		if (sample_stop)
			break;
		if (err != EVS_ERR_LIBRARY) {
			say("error=%d", (int)err);
			return 1;
		}
		say("executive gone");
	}
	say("end");
	return 0;
}
