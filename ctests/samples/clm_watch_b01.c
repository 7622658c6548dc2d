/*
 * clm_watch_b01: watches the cluster membership through the B.01.01 interface and
 * prints every view. When the executive dies it waits for the next one. Build:
 *
 *   cc -std=c99 clm_watch_b01.c -lais
 */
#define _POSIX_C_SOURCE 200809L

#include <saAis.h>
#include <saClm.h>

#include <arpa/inet.h>

#include "sample.h"

static void track(const SaClmClusterNotificationBufferT *view, SaUint32T members,
		  SaAisErrorT error)
{
	char line[4096] = "";
	size_t used = 0;
	SaUint32T i;

	if (error != SA_AIS_OK) {
		say("view error=%d", (int)error);
		return;
	}
	for (i = 0; i < view->numberOfItems && used < sizeof line - 64; i++) {
		const SaClmClusterNotificationT *n = &view->notification[i];
		const SaClmNodeAddressT *a = &n->clusterNode.nodeAddress;
		const char *what = n->clusterChange == SA_CLM_NODE_LEFT ? "-" :
			n->clusterChange == SA_CLM_NODE_JOINED ? "+" : "";

		char text[INET6_ADDRSTRLEN];

		if (inet_ntop(a->family == SA_CLM_AF_INET ? AF_INET : AF_INET6, a->value, text, sizeof text))
			used += (size_t)snprintf(line + used, sizeof line - used, " %s%s", what, text);
	}
	say("view %llu members=%u:%s", (unsigned long long)view->viewNumber, members, line);
}

int main(void)
{
	SaClmCallbacksT callbacks = { NULL, track };
	SaSelectionObjectT fd;
	SaClmHandleT handle;
	SaAisErrorT err;

	sample_begin();
	while (!sample_stop) {
		SaVersionT version = { 'B', 1, 1 };

		err = saClmInitialize(&handle, &callbacks, &version);
		if (err == SA_AIS_ERR_TRY_AGAIN) { /* no executive yet */
			sample_pause(20);
			continue;
		}
		if (err != SA_AIS_OK) {
			say("saClmInitialize error=%d", (int)err);
			return 1;
		}
		say("open");
		err = saClmSelectionObjectGet(handle, &fd);
		while (err == SA_AIS_OK) {
			err = saClmClusterTrack(handle, SA_TRACK_CURRENT | SA_TRACK_CHANGES, NULL);
			if (err != SA_AIS_ERR_TRY_AGAIN || sample_stop)
				break;
			sample_pause(20);
			err = SA_AIS_OK;
		}
		while (err == SA_AIS_OK && !sample_stop) {
			struct pollfd p = { (int)fd, POLLIN, 0 };

			if (poll(&p, 1, 1000) == 1)
				err = saClmDispatch(handle, SA_DISPATCH_ALL);
		}
		saClmFinalize(handle);
		if (sample_stop)
			break;
		if (err != SA_AIS_ERR_LIBRARY) {
			say("error=%d", (int)err);
			return 1;
		}
		say("executive gone");
	}
	say("end");
	return 0;
}
