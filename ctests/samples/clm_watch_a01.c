/*
 * clm_watch_a01: watches the cluster membership through the A.01.01 interface of
 * 2003-04 and prints every view. When the executive dies it waits for the next
 * one. Build:
 *
 *   cc -std=c99 -I/usr/local/include/a.01.01 clm_watch_a01.c -lais
 */
#define _POSIX_C_SOURCE 200809L

#include <ais_types.h>
#include <ais_clm.h>

#include "sample.h"

#define MOST 64

static void track(SaClmClusterNotificationT *items, SaUint32T count,
		  SaUint32T members, SaUint64T view, SaErrorT error)
{
	char line[MOST * 24 + 1] = "";
	size_t used = 0;
	SaUint32T i;

	if (error != SA_OK) {
		say("view error=%d", (int)error);
		return;
	}
	for (i = 0; i < count && i < MOST; i++) {
		const SaClmNodeAddressT *a = &items[i].clusterNode.nodeAddress;
		const char *what = items[i].clusterChanges == SA_CLM_NODE_LEFT ? "-" :
			items[i].clusterChanges == SA_CLM_NODE_JOINED ? "+" : "";

		if (a->length == 4)
			used += (size_t)snprintf(line + used, sizeof line - used, " %s%d.%d.%d.%d",
				what, a->value[0], a->value[1], a->value[2], a->value[3]);
	}
	say("view %llu members=%lu:%s", (unsigned long long)view, members, line);
}

int main(void)
{
	static SaClmClusterNotificationT buffer[MOST];
	SaClmCallbacksT callbacks = { NULL, track };
	SaVersionT version = { 'A', 1, 1 };
	SaSelectionObjectT fd;
	SaClmHandleT handle;
	SaErrorT err;

	sample_begin();
	while (!sample_stop) {
		err = saClmInitialize(&handle, &callbacks, &version);
		if (err == SA_ERR_TRY_AGAIN) { /* no executive yet */
			sample_pause(20);
			continue;
		}
		if (err != SA_OK) {
			say("saClmInitialize error=%d", (int)err);
			return 1;
		}
		say("open");
		err = saClmSelectionObjectGet(&handle, &fd);
		while (err == SA_OK) {
			err = saClmClusterTrackStart(&handle, SA_TRACK_CURRENT | SA_TRACK_CHANGES,
						     buffer, MOST);
			if (err != SA_ERR_TRY_AGAIN || sample_stop)
				break;
			sample_pause(20);
			err = SA_OK;
		}
		while (err == SA_OK && !sample_stop) {
			struct pollfd p = { fd, POLLIN, 0 };

			if (poll(&p, 1, 1000) == 1)
				err = saClmDispatch(&handle, SA_DISPATCH_ALL);
		}
		saClmFinalize(&handle);
		if (sample_stop)
			break;
		if (err != SA_ERR_LIBRARY) {
			say("error=%d", (int)err);
			return 1;
		}
		say("executive gone");
	}
	say("end");
	return 0;
}
