/* both_a.c: a program whose parts use both generations, with one library. */
#include <ais_clm.h>
#include <evs.h>

#include "test.h"

void use_b(void);

static void both(void)
{
	SaVersionT v = {'A', 1, 1};
	SaClmHandleT h;
	SaClmClusterNodeT n;
	evs_handle_t e;
	int i;

	for (i = 0; i < 3; i++) {
		CHECK_IS(saClmInitialize(&h, NULL, &v), SA_OK);
		CHECK_IS(saClmClusterNodeGet(2, 1000000000, &n), SA_OK);
		CHECK(memcmp(n.clusterName.value, "fake", 5) == 0);
		CHECK_IS(evs_initialize(&e, NULL), EVS_OK);
		use_b();
		CHECK_IS(evs_finalize(&e), EVS_OK);
		CHECK_IS(saClmFinalize(&h), SA_OK);
	}
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {{"both", both, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
