/*
 * EVS of both generations behind one set of functions, so that each program of
 * this directory tests both. GENERATION_A: openais 2004 (handles by address,
 * priorities, IPv4 addresses as members). GENERATION_B: openais 0.80.
 *
 * A program that includes this defines on_message and on_configuration; node
 * numbers are the IPv4 address with the first byte most significant.
 */
#ifndef EVS_ANY_H
#define EVS_ANY_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <evs.h>

#define MAX_NODES 256

static void on_message(uint32_t node, const unsigned char *msg, int len);
static void on_configuration(const uint32_t *m, int nm, const uint32_t *l, int nl,
			     const uint32_t *j, int nj);



#ifdef GENERATION_A
#define PRIO_MEDIUM EVS_PRIO_MED

static void any_deliver(struct in_addr from, void *msg, int len)
{
	on_message(ntohl(from.s_addr), msg, len);
}

static int any_list(uint32_t *to, struct in_addr *from, int n)
{
	int i;

	for (i = 0; i < n && i < MAX_NODES; i++)
		to[i] = ntohl(from[i].s_addr);
	return i;
}

static void any_confchg(struct in_addr *m, int nm, struct in_addr *l, int nl,
			struct in_addr *j, int nj)
{
	uint32_t mm[MAX_NODES], ll[MAX_NODES], jj[MAX_NODES];

	nm = any_list(mm, m, nm);
	nl = any_list(ll, l, nl);
	nj = any_list(jj, j, nj);
	on_configuration(mm, nm, ll, nl, jj, nj);
}

#define any_finalize(h) evs_finalize(&(h))
#define any_fd(h, fd) evs_fd_get(&(h), fd)
#define any_dispatch(h, how) evs_dispatch(&(h), how)
#define any_join(h, g, n) evs_join(&(h), g, n)
#define any_leave(h, g, n) evs_leave(&(h), g, n)
#define any_mcast(h, gu, prio, iov, n) evs_mcast_joined(&(h), gu, prio, iov, n)
#define any_mcast_groups(h, gu, prio, g, gn, iov, n) evs_mcast_groups(&(h), gu, prio, g, gn, iov, n)
#else
#define PRIO_MEDIUM 2

static void any_deliver(unsigned int from, void *msg, int len)
{
	on_message(from, msg, len);
}

static void any_confchg(unsigned int *m, int nm, unsigned int *l, int nl,
			unsigned int *j, int nj)
{
	on_configuration(m, nm, l, nl, j, nj);
}

#define any_finalize(h) evs_finalize(h)
#define any_fd(h, fd) evs_fd_get(h, fd)
#define any_dispatch(h, how) evs_dispatch(h, how)
#define any_join(h, g, n) evs_join(h, g, n)
#define any_leave(h, g, n) evs_leave(h, g, n)
#define any_mcast(h, gu, prio, iov, n) ((void)(prio), evs_mcast_joined(h, gu, iov, n))
#define any_mcast_groups(h, gu, prio, g, gn, iov, n) ((void)(prio), evs_mcast_groups(h, gu, g, gn, iov, n))
#endif

static evs_error_t any_initialize(evs_handle_t *h)
{
	static evs_callbacks_t callbacks;

	callbacks.evs_deliver_fn = any_deliver;
	callbacks.evs_confchg_fn = any_confchg;
	return evs_initialize(h, &callbacks);
}

static void any_group(struct evs_group *g, const char *name)
{
	memset(g, 0, sizeof *g);
	strncpy(g->key, name, sizeof g->key - 1);
}

#endif
