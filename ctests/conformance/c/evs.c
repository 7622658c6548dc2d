/*
 * Every documented result of every EVS function, the interface of 2004 (built
 * with GENERATION_A) and of openais 0.80. The rows and what they must give are
 * in ../errors.tsv.
 */
#include "conf.h"

#include <arpa/inet.h>
#include <evs.h>

#ifdef GENERATION_A
#include <ais_types.h>
#include <ais_clm.h>
#define ID(x) "evs.a." x
#define H(h) (&(h))
#define MCAST(h, g, iov, n) evs_mcast_joined(&(h), g, EVS_PRIO_MED, iov, n)
#define MCAST_GROUPS(h, g, gr, gn, iov, n) evs_mcast_groups(&(h), g, EVS_PRIO_MED, gr, gn, iov, n)
#define CLM_OK SA_OK
#else
#include <saAis.h>
#include <saClm.h>
#define ID(x) "evs.b." x
#define H(h) (h)
#define MCAST(h, g, iov, n) evs_mcast_joined(h, g, iov, n)
#define MCAST_GROUPS(h, g, gr, gn, iov, n) evs_mcast_groups(h, g, gr, gn, iov, n)
#define CLM_OK SA_AIS_OK
#endif

#define ARBITRARY ((evs_handle_t)0x12345678)

static int messages, configurations, last_len;
static evs_handle_t *finalize_in_callback;

#ifdef GENERATION_A
static void on_message(struct in_addr from, void *msg, int len)
{
	(void)from;
	(void)msg;
	messages++;
	last_len = len;
}

static void configured(int members)
{
	configurations++;
	if (members < 1)
		wrong("a configuration of %d members", members);
	if (finalize_in_callback) {
		evs_handle_t h = *finalize_in_callback;

		finalize_in_callback = NULL;
		if (evs_finalize(H(h)) != EVS_OK)
			wrong("finalize inside a callback");
	}
}

static void on_configuration(struct in_addr *m, int nm, struct in_addr *l, int nl, struct in_addr *j, int nj)
{
	(void)m; (void)l; (void)nl; (void)j; (void)nj;
	configured(nm);
}
#else
static void on_message(unsigned int from, void *msg, int len)
{
	(void)from;
	(void)msg;
	messages++;
	last_len = len;
}

static void configured(int members)
{
	configurations++;
	if (members < 1)
		wrong("a configuration of %d members", members);
	if (finalize_in_callback) {
		evs_handle_t h = *finalize_in_callback;

		finalize_in_callback = NULL;
		if (evs_finalize(H(h)) != EVS_OK)
			wrong("finalize inside a callback");
	}
}

static void on_configuration(unsigned int *m, int nm, unsigned int *l, int nl, unsigned int *j, int nj)
{
	(void)m; (void)l; (void)nl; (void)j; (void)nj;
	configured(nm);
}
#endif

static evs_callbacks_t callbacks = {on_message, on_configuration};
static struct evs_group groups[51];

static void name_groups(void)
{
	int i;

	memset(groups, 0, sizeof groups);
	for (i = 0; i < 51; i++)
		snprintf(groups[i].key, sizeof groups[i].key, "conformance %d %d", (int)getpid(), i);
}

static int opened(evs_handle_t *h)
{
	name_groups();
	must(evs_initialize(h, &callbacks), EVS_OK);
	return 0;
}

static int joined(evs_handle_t *h)
{
	must(opened(h), 0);
	must(evs_join(H(*h), groups, 1), EVS_OK);
	return 0;
}

static int stale(evs_handle_t *h)
{
	must(joined(h), 0);
	must(evs_finalize(H(*h)), EVS_OK);
	return 0;
}

static int dead(evs_handle_t *h)
{
	must(joined(h), 0);
	ask("KILL");
	return 0;
}

/* A CLM handle, which is no EVS handle. */
static int foreign(evs_handle_t *h)
{
	SaClmHandleT clm;
	SaVersionT v;

	memset(&v, 0, sizeof v);
#ifdef GENERATION_A
	v.releaseCode = 'A';
	v.major = v.minor = 1;
#else
	v.releaseCode = 'B';
	v.majorVersion = v.minorVersion = 1;
#endif
	name_groups();
	must(saClmInitialize(&clm, NULL, &v), CLM_OK);
	*h = (evs_handle_t)clm;
	return 0;
}

/* One thing that is tried with handles of every kind. */
#define EVERY_BAD_HANDLE(name, call)                       \
	static int name##_arbitrary(void)                  \
	{                                                  \
		evs_handle_t h = ARBITRARY;                \
		name_groups();                             \
		return (int)(call);                        \
	}                                                  \
	static int name##_stale(void)                      \
	{                                                  \
		evs_handle_t h;                            \
		must(stale(&h), 0);                        \
		return (int)(call);                        \
	}                                                  \
	static int name##_foreign(void)                    \
	{                                                  \
		evs_handle_t h;                            \
		must(foreign(&h), 0);                      \
		return (int)(call);                        \
	}                                                  \
	static int name##_dead(void)                       \
	{                                                  \
		evs_handle_t h;                            \
		must(dead(&h), 0);                         \
		return (int)(call);                        \
	}

static struct iovec small = {"sixteen bytes..", 16};
static int some_fd;

EVERY_BAD_HANDLE(finalize, evs_finalize(H(h)))
EVERY_BAD_HANDLE(fd, evs_fd_get(H(h), &some_fd))
EVERY_BAD_HANDLE(dispatch, evs_dispatch(H(h), EVS_DISPATCH_ALL))
EVERY_BAD_HANDLE(join, evs_join(H(h), groups, 1))
EVERY_BAD_HANDLE(leave, evs_leave(H(h), groups, 1))
EVERY_BAD_HANDLE(joinedcast, MCAST(h, EVS_TYPE_AGREED, &small, 1))
EVERY_BAD_HANDLE(groupcast, MCAST_GROUPS(h, EVS_TYPE_AGREED, groups, 1, &small, 1))
#ifndef GENERATION_A
EVERY_BAD_HANDLE(membership, evs_membership_get(h, NULL, NULL, NULL))
#endif

/* --- evs_initialize --- */

static int init_ok(void)
{
	evs_handle_t h;

	return (int)evs_initialize(&h, &callbacks);
}

static int init_handle_null(void) { return (int)evs_initialize(NULL, &callbacks); }

static int init_callbacks_null(void)
{
	evs_handle_t h;

	return (int)evs_initialize(&h, NULL);
}

static int init_callbacks_empty(void)
{
	evs_callbacks_t none = {NULL, NULL};
	evs_handle_t h;
	int e = (int)evs_initialize(&h, &none), fd;

	/* What nobody is told is dropped, and the descriptor quiet again. */
	name_groups();
	must(evs_fd_get(H(h), &fd), EVS_OK);
	must(evs_join(H(h), groups, 1), EVS_OK);
	must(MCAST(h, EVS_TYPE_AGREED, &small, 1), EVS_OK);
	usleep(200000);
	must(evs_dispatch(H(h), EVS_DISPATCH_ALL), EVS_OK);
	check(!readable(fd, 50));
	return e;
}

static int init_repeated(void)
{
	evs_handle_t h[20];
	int i, j, e = EVS_OK;

	for (i = 0; i < 20 && e == EVS_OK; i++)
		e = (int)evs_initialize(&h[i], &callbacks);
	if (e != EVS_OK)
		return e;
	for (i = 0; i < 20; i++)
		for (j = 0; j < i; j++)
			check(h[i] != h[j]);
	for (i = 0; i < 20 && e == EVS_OK; i++)
		e = (int)evs_finalize(H(h[i]));
	return e;
}

static int init_no_executive(void) { return init_ok(); }
static int init_refused(void) { return init_ok(); }

static int init_rude_server(void)
{
	must(start_rude_server(0), 0);
	return init_ok();
}

static int init_garbage(void)
{
	must(start_rude_server(1), 0);
	return init_ok();
}

static int init_no_room(void)
{
	small_address_space();
	return init_ok();
}

/* --- evs_finalize --- */

static int finalize_ok(void)
{
	evs_handle_t h;

	must(joined(&h), 0);
	return (int)evs_finalize(H(h));
}

static int finalize_descriptor(void)
{
	evs_handle_t h;
	struct pollfd p;
	int e;

	must(joined(&h), 0);
	must(evs_fd_get(H(h), &p.fd), EVS_OK);
	e = (int)evs_finalize(H(h));
	p.events = POLLIN;
	p.revents = 0;
	check(poll(&p, 1, 0) == 1 && (p.revents & POLLNVAL));
	return e;
}

static int finalize_in_a_callback(void)
{
	evs_handle_t h;
	int fd;

	must(joined(&h), 0);
	must(evs_fd_get(H(h), &fd), EVS_OK);
	check(readable(fd, 2000));
	finalize_in_callback = &h;
	must(evs_dispatch(H(h), EVS_DISPATCH_ALL), EVS_OK);
	check(configurations == 1);
	return (int)evs_finalize(H(h));
}

struct storm {
	evs_handle_t h;
	int bad;
};

static void *storm_calls(void *arg)
{
	struct storm *s = arg;
	int i, k, fd, e[4];

	for (i = 0; i < 200000; i++) {
		e[0] = (int)evs_fd_get(H(s->h), &fd);
		e[1] = (int)evs_dispatch(H(s->h), EVS_DISPATCH_ALL);
		e[2] = (int)MCAST(s->h, EVS_TYPE_AGREED, &small, 1);
		e[3] = (int)evs_join(H(s->h), groups, 2);
		for (k = 0; k < 4; k++)
			if (e[k] != EVS_OK && e[k] != EVS_ERR_BAD_HANDLE && !(k >= 2 && e[k] == EVS_ERR_TRY_AGAIN)) {
				wrong("call %d gave %d", k, e[k]);
				s->bad = 1;
				return NULL;
			}
		if (e[0] == EVS_ERR_BAD_HANDLE)
			return NULL;
	}
	s->bad = 1;
	wrong("the handle never became bad");
	return NULL;
}

static int finalize_storm(void)
{
	struct storm s;
	pthread_t t[4];
	int round, i, e = EVS_OK;

	for (round = 0; round < 20 && e == EVS_OK; round++) {
		s.bad = 0;
		must(joined(&s.h), 0);
		for (i = 0; i < 4; i++)
			must(pthread_create(&t[i], NULL, storm_calls, &s), 0);
		usleep((useconds_t)(round * 500));
		e = (int)evs_finalize(H(s.h));
		for (i = 0; i < 4; i++)
			must(pthread_join(t[i], NULL), 0);
		check(!s.bad);
	}
	return e;
}

/* --- evs_fd_get --- */

static int fd_ok(void)
{
	evs_handle_t h;
	int fd, e;

	must(opened(&h), 0);
	if ((e = (int)evs_fd_get(H(h), &fd)) != EVS_OK)
		return e;
	check(!readable(fd, 50));
	must(evs_join(H(h), groups, 1), EVS_OK);
	check(readable(fd, 2000)); /* the first configuration */
	must(evs_dispatch(H(h), EVS_DISPATCH_ALL), EVS_OK);
	check(configurations == 1 && messages == 0);
	check(!readable(fd, 50));
	return e;
}

static int fd_null(void)
{
	evs_handle_t h;

	must(opened(&h), 0);
	return (int)evs_fd_get(H(h), NULL);
}

static int fd_readable_when_dead(void)
{
	evs_handle_t h;
	int fd;

	must(opened(&h), 0);
	must(evs_fd_get(H(h), &fd), EVS_OK);
	check(!readable(fd, 20));
	ask("KILL");
	check(readable(fd, 2000));
	return (int)evs_dispatch(H(h), EVS_DISPATCH_ONE);
}

/* --- evs_dispatch --- */

static int dispatch_all_nothing(void)
{
	evs_handle_t h;
	double began;
	int e;

	must(opened(&h), 0);
	began = seconds();
	e = (int)evs_dispatch(H(h), EVS_DISPATCH_ALL);
	check(seconds() - began < 5 && messages == 0 && configurations == 0);
	return e;
}

static void *send_later(void *arg)
{
	usleep(300000);
	if (MCAST(*(evs_handle_t *)arg, EVS_TYPE_AGREED, &small, 1) != EVS_OK)
		wrong("the multicast of another thread");
	return NULL;
}

static int dispatch_one_waits(void)
{
	evs_handle_t h;
	pthread_t t;
	double began;
	int e;

	must(joined(&h), 0);
	must(evs_dispatch(H(h), EVS_DISPATCH_ONE), EVS_OK);
	check(configurations == 1 && messages == 0);
	began = seconds();
	must(pthread_create(&t, NULL, send_later, &h), 0);
	e = (int)evs_dispatch(H(h), EVS_DISPATCH_ONE);
	check(seconds() - began > 0.25 && messages == 1 && last_len == 16);
	must(pthread_join(t, NULL), 0);
	return e;
}

static int dispatch_flag(int flag)
{
	evs_handle_t h;

	must(opened(&h), 0);
	return (int)evs_dispatch(H(h), (evs_dispatch_t)flag);
}

static int dispatch_flag_next(void) { return dispatch_flag(3); }
static int dispatch_flag_large(void) { return dispatch_flag(0x7fffffff); }

struct blocked {
	evs_handle_t h;
	evs_dispatch_t how;
	int result;
};

static void *block(void *arg)
{
	struct blocked *b = arg;

	b->result = (int)evs_dispatch(H(b->h), b->how);
	return NULL;
}

static int blocked_with(evs_dispatch_t how, int die)
{
	struct blocked b;
	pthread_t t;
	double began;

	b.how = how;
	must(opened(&b.h), 0);
	must(pthread_create(&t, NULL, block, &b), 0);
	usleep(200000);
	began = seconds();
	if (die)
		ask("KILL");
	else
		must(evs_finalize(H(b.h)), EVS_OK);
	must(pthread_join(t, NULL), 0);
	check(seconds() - began < 10);
	return b.result;
}

static int dispatch_blocking_finalize(void) { return blocked_with(EVS_DISPATCH_BLOCKING, 0); }
static int dispatch_one_finalize(void) { return blocked_with(EVS_DISPATCH_ONE, 0); }
static int dispatch_blocking_dead(void) { return blocked_with(EVS_DISPATCH_BLOCKING, 1); }
static int dispatch_one_dead(void) { return blocked_with(EVS_DISPATCH_ONE, 1); }

/* --- evs_join, evs_leave --- */

static int join_with(struct evs_group *g, int n)
{
	evs_handle_t h;

	must(opened(&h), 0);
	return (int)evs_join(H(h), g, n);
}

static int join_ok(void) { return join_with(groups, 1); }
static int join_fifty(void) { return join_with(groups, 50); }
static int join_too_many(void) { return join_with(groups, 51); }
static int join_absurd(void) { return join_with(groups, 0x7fffffff); }
static int join_null(void) { return join_with(NULL, 1); }
static int join_zero(void) { return join_with(groups, 0); }
static int join_negative(void) { return join_with(groups, -1); }

static int join_again(void)
{
	evs_handle_t h;

	must(joined(&h), 0);
	return (int)evs_join(H(h), groups, 1);
}

static int leave_with(struct evs_group *g, int n)
{
	evs_handle_t h;

	must(joined(&h), 0);
	return (int)evs_leave(H(h), g, n);
}

static int leave_ok(void) { return leave_with(groups, 1); }
static int leave_not_joined(void) { return leave_with(groups + 7, 1); }
static int leave_too_many(void) { return leave_with(groups, 51); }
static int leave_null(void) { return leave_with(NULL, 1); }
static int leave_zero(void) { return leave_with(groups, 0); }
static int leave_negative(void) { return leave_with(groups, -1); }

/* --- evs_mcast_joined, evs_mcast_groups --- */

enum { BY_GROUPS, BY_JOINED };

static int cast_once(evs_handle_t h, int by, evs_guarantee_t g, struct iovec *iov, int n)
{
	if (by == BY_JOINED)
		return (int)MCAST(h, g, iov, n);
	return (int)MCAST_GROUPS(h, g, groups, 1, iov, n);
}

/* What an earlier row sent may still be under way: TRY_AGAIN is tried again. */
static int cast_on(evs_handle_t h, int by, evs_guarantee_t g, struct iovec *iov, int n)
{
	double end = seconds() + 10;
	int e;

	while ((e = cast_once(h, by, g, iov, n)) == EVS_ERR_TRY_AGAIN && seconds() < end)
		usleep(1000);
	return e;
}

static int cast(int by, int g, struct iovec *iov, int n)
{
	evs_handle_t h;

	must(joined(&h), 0);
	return cast_on(h, by, (evs_guarantee_t)g, iov, n);
}

/* Sends and waits for the message of this length. */
static int cast_and_see(int by, int g, struct iovec *iov, int n, int want)
{
	evs_handle_t h;
	int e;
	double end;

	must(joined(&h), 0);
	e = cast_on(h, by, (evs_guarantee_t)g, iov, n);
	if (e != EVS_OK)
		return e;
	for (end = seconds() + 5; !messages && seconds() < end; usleep(1000))
		must(evs_dispatch(H(h), EVS_DISPATCH_ALL), EVS_OK);
	check(messages == 1 && last_len == want);
	return e;
}

static int cast_parts(int by)
{
	struct iovec v[3];

	v[0].iov_base = "one";
	v[0].iov_len = 3;
	v[1].iov_base = NULL;
	v[1].iov_len = 0;
	v[2].iov_base = "three";
	v[2].iov_len = 5;
	return cast_and_see(by, EVS_TYPE_AGREED, v, 3, 8);
}

static int cast_size(int by, size_t size, int see)
{
	struct iovec v;
	int e;

	v.iov_base = calloc(1, size);
	v.iov_len = size;
	if (!v.iov_base)
		return -1;
	e = see ? cast_and_see(by, EVS_TYPE_AGREED, &v, 1, (int)size) : cast(by, EVS_TYPE_AGREED, &v, 1);
	free(v.iov_base);
	return e;
}

static int cast_many_parts(int by, int n)
{
	static struct iovec v[1025];
	int i;

	for (i = 0; i < 1025; i++)
		v[i] = small;
	return n <= 1024 ? cast_and_see(by, EVS_TYPE_AGREED, v, n, 16 * n) : cast(by, EVS_TYPE_AGREED, v, n);
}

/* An absurd length behind a valid pointer must be refused before it is read. */
static int cast_absurd_length(int by)
{
	struct iovec v[2];

	v[0] = small;
	v[1].iov_base = small.iov_base;
	v[1].iov_len = (size_t)-8;
	return cast(by, EVS_TYPE_AGREED, v, 2);
}

/* Fills the ring's queue without taking anything from it. */
static int cast_overload(int by)
{
	static char big[1 << 20];
	struct iovec v;
	evs_handle_t h;
	int i, e = EVS_OK;

	must(joined(&h), 0);
	v.iov_base = big;
	v.iov_len = sizeof big;
	for (i = 0; i < 20000 && e == EVS_OK; i++)
		e = cast_once(h, by, EVS_TYPE_AGREED, &v, 1);
	return e;
}

#define BOTH(name, expression)                                                \
	static int joined_##name(void) { const int by = BY_JOINED; return expression; } \
	static int groups_##name(void) { const int by = BY_GROUPS; return expression; }

BOTH(unordered, cast_and_see(by, EVS_TYPE_UNORDERED, &small, 1, 16))
BOTH(fifo, cast_and_see(by, EVS_TYPE_FIFO, &small, 1, 16))
BOTH(agreed, cast_and_see(by, EVS_TYPE_AGREED, &small, 1, 16))
BOTH(safe, cast_and_see(by, EVS_TYPE_SAFE, &small, 1, 16))
BOTH(parts, cast_parts(by))
BOTH(empty, cast_and_see(by, EVS_TYPE_AGREED, NULL, 0, 0))
BOTH(largest, cast_size(by, 1 << 20, 1))
BOTH(too_large, cast_size(by, (1 << 20) + 1, 0))
BOTH(many_parts, cast_many_parts(by, 1024))
BOTH(too_many_parts, cast_many_parts(by, 1025))
BOTH(guarantee_next, cast(by, 4, &small, 1))
BOTH(guarantee_absurd, cast(by, -1, &small, 1))
BOTH(iovec_null, cast(by, EVS_TYPE_AGREED, NULL, 1))
BOTH(iovec_negative, cast(by, EVS_TYPE_AGREED, &small, -1))
BOTH(absurd_length, cast_absurd_length(by))
BOTH(overload, cast_overload(by))

static int joined_none(void)
{
	evs_handle_t h;

	must(opened(&h), 0);
	return (int)MCAST(h, EVS_TYPE_AGREED, &small, 1);
}

static int groups_not_joined(void)
{
	evs_handle_t h;
	int e;

	must(opened(&h), 0);
	e = (int)MCAST_GROUPS(h, EVS_TYPE_AGREED, groups, 1, &small, 1);
	usleep(200000);
	must(evs_dispatch(H(h), EVS_DISPATCH_ALL), EVS_OK);
	check(messages == 0);
	return e;
}

static int groups_with(struct evs_group *g, int n)
{
	evs_handle_t h;

	must(joined(&h), 0);
	return (int)MCAST_GROUPS(h, EVS_TYPE_AGREED, g, n, &small, 1);
}

static int groups_null(void) { return groups_with(NULL, 1); }
static int groups_zero(void) { return groups_with(groups, 0); }
static int groups_negative(void) { return groups_with(groups, -1); }
static int groups_fifty(void) { return groups_with(groups, 50); }
static int groups_too_many(void) { return groups_with(groups, 51); }

#ifdef GENERATION_A
static int joined_priority(void)
{
	evs_handle_t h;

	must(joined(&h), 0);
	return (int)evs_mcast_joined(&h, EVS_TYPE_AGREED, (evs_priority_t)4, &small, 1);
}

static int groups_priority(void)
{
	evs_handle_t h;

	must(joined(&h), 0);
	return (int)evs_mcast_groups(&h, EVS_TYPE_AGREED, (evs_priority_t)-1, groups, 1, &small, 1);
}

static int every_priority(void)
{
	evs_handle_t h;
	int p, e = EVS_OK;
	double end;

	must(joined(&h), 0);
	for (p = EVS_PRIO_RECOVERY; p <= EVS_PRIO_LOW && e == EVS_OK; p++)
		e = (int)evs_mcast_joined(&h, EVS_TYPE_AGREED, (evs_priority_t)p, &small, 1);
	for (end = seconds() + 5; messages < 4 && seconds() < end; usleep(1000))
		must(evs_dispatch(&h, EVS_DISPATCH_ALL), EVS_OK);
	check(messages == 4);
	return e;
}

static int finalize_handle_null(void) { return (int)evs_finalize(NULL); }
static int fd_handle_null(void) { return (int)evs_fd_get(NULL, &some_fd); }
static int dispatch_handle_null(void) { return (int)evs_dispatch(NULL, EVS_DISPATCH_ALL); }
static int join_handle_null(void) { return (int)evs_join(NULL, groups, 1); }
static int leave_handle_null(void) { return (int)evs_leave(NULL, groups, 1); }
static int joined_handle_null(void) { return (int)evs_mcast_joined(NULL, EVS_TYPE_AGREED, EVS_PRIO_MED, &small, 1); }

static int groups_handle_null(void)
{
	return (int)evs_mcast_groups(NULL, EVS_TYPE_AGREED, EVS_PRIO_MED, groups, 1, &small, 1);
}
#else
static int membership_ok(void)
{
	unsigned int local = 0, list[16], n = 16;
	evs_handle_t h;
	int e;

	memset(list, 0, sizeof list);
	must(opened(&h), 0);
	e = (int)evs_membership_get(h, &local, list, &n);
	/* The driver runs this on node 1 of two, on 127.0.0.1 and 127.0.0.2. */
	check(local == 0x7f000001 && n == 2 && list[0] == 0x7f000001 && list[1] == 0x7f000002);
	return e;
}

static int membership_nulls(void)
{
	evs_handle_t h;

	must(opened(&h), 0);
	return (int)evs_membership_get(h, NULL, NULL, NULL);
}

static int membership_small(void)
{
	unsigned int local, list[2] = {0, 0}, n = 1;
	evs_handle_t h;
	int e;

	must(opened(&h), 0);
	e = (int)evs_membership_get(h, &local, list, &n);
	check(n == 2 && list[0] != 0 && list[1] == 0);
	return e;
}

static int membership_list_alone(void)
{
	unsigned int local, list[2];
	evs_handle_t h;

	must(opened(&h), 0);
	return (int)evs_membership_get(h, &local, list, NULL);
}
#endif

#define ROWS4(name, f)                                                                            \
	{ID(name ".arbitrary"), f##_arbitrary}, {ID(name ".stale"), f##_stale},                   \
		{ID(name ".foreign"), f##_foreign}, {ID(name ".dead"), f##_dead}
#define ROWS2(name, f) {ID("joined." name), joined_##f}, {ID("groups." name), groups_##f}

static const struct row rows[] = {
	{ID("init.ok"), init_ok},
	{ID("init.handle-null"), init_handle_null},
	{ID("init.callbacks-null"), init_callbacks_null},
	{ID("init.callbacks-empty"), init_callbacks_empty},
	{ID("init.repeated"), init_repeated},
	{ID("init.no-executive"), init_no_executive},
	{ID("init.refused"), init_refused},
	{ID("init.rude-server"), init_rude_server},
	{ID("init.garbage"), init_garbage},
	{ID("init.no-room"), init_no_room},
	{ID("finalize.ok"), finalize_ok},
	{ID("finalize.descriptor"), finalize_descriptor},
	{ID("finalize.in-a-callback"), finalize_in_a_callback},
	{ID("finalize.storm"), finalize_storm},
	ROWS4("finalize", finalize),
	{ID("fd.ok"), fd_ok},
	{ID("fd.null"), fd_null},
	{ID("fd.readable-when-dead"), fd_readable_when_dead},
	ROWS4("fd", fd),
	{ID("dispatch.all-nothing"), dispatch_all_nothing},
	{ID("dispatch.one-waits"), dispatch_one_waits},
	{ID("dispatch.flag-next"), dispatch_flag_next},
	{ID("dispatch.flag-large"), dispatch_flag_large},
	{ID("dispatch.blocking-finalize"), dispatch_blocking_finalize},
	{ID("dispatch.one-finalize"), dispatch_one_finalize},
	{ID("dispatch.blocking-dead"), dispatch_blocking_dead},
	{ID("dispatch.one-dead"), dispatch_one_dead},
	ROWS4("dispatch", dispatch),
	{ID("join.ok"), join_ok},
	{ID("join.again"), join_again},
	{ID("join.fifty"), join_fifty},
	{ID("join.too-many"), join_too_many},
	{ID("join.absurd"), join_absurd},
	{ID("join.null"), join_null},
	{ID("join.zero"), join_zero},
	{ID("join.negative"), join_negative},
	ROWS4("join", join),
	{ID("leave.ok"), leave_ok},
	{ID("leave.not-joined"), leave_not_joined},
	{ID("leave.too-many"), leave_too_many},
	{ID("leave.null"), leave_null},
	{ID("leave.zero"), leave_zero},
	{ID("leave.negative"), leave_negative},
	ROWS4("leave", leave),
	ROWS2("unordered", unordered),
	ROWS2("fifo", fifo),
	ROWS2("agreed", agreed),
	ROWS2("safe", safe),
	ROWS2("parts", parts),
	ROWS2("empty", empty),
	ROWS2("largest", largest),
	ROWS2("too-large", too_large),
	ROWS2("many-parts", many_parts),
	ROWS2("too-many-parts", too_many_parts),
	ROWS2("guarantee-next", guarantee_next),
	ROWS2("guarantee-absurd", guarantee_absurd),
	ROWS2("iovec-null", iovec_null),
	ROWS2("iovec-negative", iovec_negative),
	ROWS2("absurd-length", absurd_length),
	ROWS2("overload", overload),
	{ID("joined.none"), joined_none},
	ROWS4("joined", joinedcast),
	{ID("groups.not-joined"), groups_not_joined},
	{ID("groups.null"), groups_null},
	{ID("groups.zero"), groups_zero},
	{ID("groups.negative"), groups_negative},
	{ID("groups.fifty"), groups_fifty},
	{ID("groups.too-many"), groups_too_many},
	ROWS4("groups", groupcast),
#ifdef GENERATION_A
	ROWS2("priority", priority),
	{ID("joined.every-priority"), every_priority},
	{ID("finalize.handle-null"), finalize_handle_null},
	{ID("fd.handle-null"), fd_handle_null},
	{ID("dispatch.handle-null"), dispatch_handle_null},
	{ID("join.handle-null"), join_handle_null},
	{ID("leave.handle-null"), leave_handle_null},
	ROWS2("handle-null", handle_null),
#else
	{ID("membership.ok"), membership_ok},
	{ID("membership.nulls"), membership_nulls},
	{ID("membership.small"), membership_small},
	{ID("membership.list-alone"), membership_list_alone},
	ROWS4("membership", membership),
#endif
};

#define N(x) {#x, x}

static const struct error_name errors[] = {
	N(EVS_OK), N(EVS_ERR_LIBRARY), N(EVS_ERR_TIMEOUT), N(EVS_ERR_TRY_AGAIN), N(EVS_ERR_INVALID_PARAM),
	N(EVS_ERR_NO_MEMORY), N(EVS_ERR_BAD_HANDLE), N(EVS_ERR_ACCESS), N(EVS_ERR_NOT_EXIST),
	N(EVS_ERR_EXIST), N(EVS_ERR_NOT_SUPPORTED), N(EVS_ERR_SECURITY), N(EVS_ERR_TOO_MANY_GROUPS),
};

int main(int argc, char **argv)
{
	return conf_main(argc, argv, rows, (int)(sizeof rows / sizeof *rows), errors,
			 (int)(sizeof errors / sizeof *errors));
}
