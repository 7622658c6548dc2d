/*
 * gone_back.c: the executive dies and comes back; the program goes on. The
 * test's driver starts it again when it has died.
 */
#include "habit.h"

enum { ORDER_DIE = 0xFD300000 };

static void gone_and_back(void)
{
	SaClmHandleT old = start(), h;
	SaClmClusterNodeT n;
	double limit = seconds() + 20;
	SaAisErrorT r;

	use(old);
	CHECK_IS(saClmClusterNodeGet(old, ORDER_DIE, SA_TIME_MAX, &n), SA_AIS_ERR_LIBRARY);
	do {
		r = try_start(&h);
		CHECK(r == SA_AIS_OK || r == SA_AIS_ERR_TRY_AGAIN || r == SA_AIS_ERR_LIBRARY);
		CHECK(seconds() < limit);
		usleep(1000);
	} while (r != SA_AIS_OK);
	use(h);
	CHECK_IS(saClmClusterNodeGet(old, 1, SA_TIME_MAX, &n), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saClmFinalize(old), SA_AIS_OK);
	use(h);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {{"gone_and_back", gone_and_back, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
