/*
 * evs_send: multicasts a numbered line to the group "demo" through extended
 * virtual synchrony, A.01.01 interface, until it is stopped:
 *
 *   evs_send NAME [MILLISECONDS between lines, default 20]
 *
 * Agreed and safe messages take turns. A message that is refused with TRY_AGAIN
 * is sent again; so every number that was accepted was accepted once. Build:
 *
 *   cc -std=c99 -I/usr/local/include/a.01.01 evs_send.c -lais
 */
#define _POSIX_C_SOURCE 200809L

#include <evs.h>
#include <stdlib.h>

#include "sample.h"

int main(int argc, char **argv)
{
	static const evs_callbacks_t none;
	struct evs_group group = { "demo" };
	const char *name = argc > 1 ? argv[1] : "sender";
	int every = argc > 2 ? atoi(argv[2]) : 20;
	evs_callbacks_t callbacks = none;
	evs_handle_t handle;
	evs_error_t err;
	long number = 0;

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
		while (!sample_stop) {
			char text[64];
			struct iovec part;

			part.iov_base = text;
			part.iov_len = (size_t)snprintf(text, sizeof text, "%.40s %ld", name, number + 1);
			err = evs_mcast_groups(&handle, number % 2 ? EVS_TYPE_SAFE : EVS_TYPE_AGREED,
					       EVS_PRIO_MED, &group, 1, &part, 1);
			if (err == EVS_OK) {
				number++;
				say("sent %ld", number);
			} else if (err != EVS_ERR_TRY_AGAIN) {
				break;
			}
			sample_pause(err == EVS_OK ? every : 1);
		}
		evs_finalize(&handle);
		if (sample_stop)
			break;
		if (err != EVS_ERR_LIBRARY) {
			say("error=%d", (int)err);
			return 1;
		}
		say("executive gone");
	}
	say("end %ld", number);
	return 0;
}
