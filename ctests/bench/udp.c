/*
 * What this machine's network can do: UDP multicast from one program to another
 * with the system calls that there are, and a ping-pong. The yardsticks of a
 * measurement, to be run beside it in the same namespaces. Results are one line.
 *
 *   udp -m send|mmsg|gso -a ADDRESS -t SECONDS      sender: 1,400 byte packets to the group
 *   udp -m recv|gro      -a ADDRESS -t SECONDS      receiver: what came within its own window
 *   udp -m pong          -a ADDRESS                 answers until it is ended
 *   udp -m ping          -a ADDRESS -d PEER -n N    p50 of the round trip, microseconds
 *
 *   -c CPU  bound to it      -r  scheduled round robin at the highest priority
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { PACKET = 1400, BATCH = 40, PORT = 5999, BUFFER = 8 << 20, PING = 64 };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in a;

	memset(&a, 0, sizeof a);
	a.sin_family = AF_INET;
	a.sin_port = htons(PORT);
	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		die(text);
	return a;
}

static int udp(const char *local, const char *group)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = BUFFER, one = 1;
	struct sockaddr_in a = address(group != NULL ? group : local);
	struct timeval patience = {0, 200000};

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0)
		die("bind");
	if (group != NULL) {
		struct ip_mreqn m;

		memset(&m, 0, sizeof m);
		m.imr_multiaddr = a.sin_addr;
		m.imr_address = address(local).sin_addr;
		if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m) != 0)
			die("join");
	}
	return fd;
}

static const char *const GROUP = "226.94.7.7";

static void send_all(const char *how, const char *local, double seconds)
{
	static char data[PACKET * BATCH];
	struct sockaddr_in to = address(GROUP);
	struct mmsghdr list[BATCH];
	struct iovec iov[BATCH];
	int fd = udp(local, NULL), i, segment = PACKET;
	uint64_t began = now_ns(), until = began + (uint64_t)(seconds * 1e9), packets = 0, errors = 0;
	struct in_addr from = address(local).sin_addr;

	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &from, sizeof from);
	memset(list, 0, sizeof list);
	for (i = 0; i < BATCH; i++) {
		iov[i].iov_base = data + i * PACKET;
		iov[i].iov_len = PACKET;
		list[i].msg_hdr.msg_name = &to;
		list[i].msg_hdr.msg_namelen = sizeof to;
		list[i].msg_hdr.msg_iov = &iov[i];
		list[i].msg_hdr.msg_iovlen = 1;
	}
	if (strcmp(how, "gso") == 0 && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) != 0)
		die("UDP_SEGMENT");
	while (now_ns() < until) {
		for (i = 0; i < 16; i++) {
			ssize_t n;

			if (strcmp(how, "mmsg") == 0) {
				n = sendmmsg(fd, list, BATCH, 0);
				packets += n > 0 ? (uint64_t)n : 0;
			} else if (strcmp(how, "gso") == 0) {
				n = sendto(fd, data, sizeof data, 0, (struct sockaddr *)&to, sizeof to);
				packets += n > 0 ? BATCH : 0;
			} else {
				n = sendto(fd, data, PACKET, 0, (struct sockaddr *)&to, sizeof to);
				packets += n > 0;
			}
			errors += n <= 0;
		}
	}
	printf("sent packets=%llu errors=%llu mbps=%.1f\n", (unsigned long long)packets, (unsigned long long)errors,
		(double)packets * PACKET * 1e3 / (double)(now_ns() - began));
}

static void receive_all(const char *how, const char *local, double seconds)
{
	enum { LIST = 32, ROOM = 65536 };
	static char data[LIST][ROOM];
	struct mmsghdr list[LIST];
	struct iovec iov[LIST];
	int fd = udp(local, GROUP), i, one = 1;
	uint64_t first = 0, until = now_ns() + (uint64_t)(seconds * 1e9), end = 0, bytes = 0;

	if (strcmp(how, "gro") == 0 && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) != 0)
		die("UDP_GRO");
	memset(list, 0, sizeof list);
	for (i = 0; i < LIST; i++) {
		iov[i].iov_base = data[i];
		iov[i].iov_len = ROOM;
		list[i].msg_hdr.msg_iov = &iov[i];
		list[i].msg_hdr.msg_iovlen = 1;
	}
	while (now_ns() < until) {
		int n = recvmmsg(fd, list, LIST, MSG_WAITFORONE, NULL);

		if (n <= 0)
			continue;
		end = now_ns();
		if (first == 0) {
			first = end;
			continue;
		}
		for (i = 0; i < n; i++)
			bytes += list[i].msg_len;
	}
	printf("received bytes=%llu mbps=%.1f\n", (unsigned long long)bytes,
		end > first ? (double)bytes * 1e3 / (double)(end - first) : 0.0);
}

static void pong(const char *local)
{
	int fd = udp(local, NULL);
	char data[PING];

	for (;;) {
		struct sockaddr_in from;
		socklen_t n = sizeof from;

		if (recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &n) == PING)
			sendto(fd, data, PING, 0, (struct sockaddr *)&from, n);
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void ping(const char *local, const char *peer, unsigned count)
{
	int fd = udp(local, NULL);
	struct sockaddr_in to = address(peer);
	uint32_t *samples = calloc(count, sizeof *samples);
	char data[PING] = {0};
	unsigned i, n = 0;

	if (samples == NULL)
		die("memory");
	for (i = 0; i < count; i++) {
		uint64_t began = now_ns();

		sendto(fd, data, PING, 0, (struct sockaddr *)&to, sizeof to);
		if (recv(fd, data, sizeof data, 0) == PING)
			samples[n++] = (uint32_t)((now_ns() - began) / 10);
	}
	if (n == 0)
		die("no answer");
	qsort(samples, n, sizeof *samples, compare);
	printf("ping n=%u p50=%.2f p99=%.2f\n", n, samples[n / 2] / 100.0, samples[(size_t)n * 99 / 100] / 100.0);
}

int main(int argc, char **argv)
{
	const char *mode = "", *local = NULL, *peer = NULL;
	double seconds = 1;
	unsigned count = 2000;
	int opt, cpu = -1, robin = 0;

	while ((opt = getopt(argc, argv, "m:a:d:t:n:c:r")) != -1) {
		switch (opt) {
		case 'm': mode = optarg; break;
		case 'a': local = optarg; break;
		case 'd': peer = optarg; break;
		case 't': seconds = atof(optarg); break;
		case 'n': count = (unsigned)strtoul(optarg, NULL, 0); break;
		case 'c': cpu = atoi(optarg); break;
		case 'r': robin = 1; break;
		default: return 64;
		}
	}
	if (local == NULL || count < 1 || count > 1000000)
		return 64;
	if (cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof set, &set) != 0)
			die("affinity");
	}
	if (robin) {
		struct sched_param top;

		memset(&top, 0, sizeof top);
		top.sched_priority = sched_get_priority_max(SCHED_RR);
		if (sched_setscheduler(0, SCHED_RR, &top) != 0)
			die("round robin");
	}
	if (strcmp(mode, "ping") == 0 && peer != NULL)
		ping(local, peer, count);
	else if (strcmp(mode, "pong") == 0)
		pong(local);
	else if (strcmp(mode, "recv") == 0 || strcmp(mode, "gro") == 0)
		receive_all(mode, local, seconds);
	else
		send_all(mode, local, seconds);
	return 0;
}
