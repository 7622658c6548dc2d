/* both_b.c: the half of a program that uses generation B; see both_a.c. */
#include <saClm.h>
#include <evs.h>

#include "test.h"

void use_b(void);

void use_b(void)
{
	SaVersionT v = {'B', 1, 1};
	SaClmHandleT h;
	SaClmClusterNodeT n;
	evs_handle_t e;

	CHECK_IS(saClmInitialize(&h, NULL, &v), SA_AIS_OK);
	CHECK_IS(saClmClusterNodeGet(h, 2, SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
	CHECK_IS(n.initialViewNumber, 12);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	CHECK_IS(evs_initialize(&e, NULL), EVS_OK);
	CHECK(e >> 32 != 0);
	CHECK_IS(evs_finalize(e), EVS_OK);
}
