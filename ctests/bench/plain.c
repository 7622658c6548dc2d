/*
 * What a link carries of plain UDP with packets of one size: the yardstick of a
 * measurement through the same link. The sender waits while the socket's buffer is
 * full, as a program does that has a slow link.
 *
 *   plain -m send -a ADDRESS -s BYTES -t SECONDS    to the multicast group
 *   plain -m recv -a ADDRESS -s BYTES -t SECONDS    payload that came, first to last packet
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 5998, ROOM = 65536 };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	static char data[ROOM];
	struct timeval patience = {0, 200000};
	struct sockaddr_in a;
	struct in_addr local = {0};
	struct ip_mreqn m;
	const char *mode = "";
	uint64_t until, first = 0, last = 0, bytes = 0;
	size_t size = 1400;
	double seconds = 1;
	int fd, opt, one = 1, buffer = 4 << 20;
	ssize_t n;

	while ((opt = getopt(argc, argv, "m:a:s:t:")) != -1) {
		switch (opt) {
		case 'm': mode = optarg; break;
		case 'a':
			if (inet_pton(AF_INET, optarg, &local) != 1)
				return 64;
			break;
		case 's': size = strtoul(optarg, NULL, 10); break;
		case 't': seconds = atof(optarg); break;
		default: return 64;
		}
	}
	if (!local.s_addr || size < 1 || size > ROOM)
		return 64;
	memset(&a, 0, sizeof a);
	a.sin_family = AF_INET;
	a.sin_port = htons(PORT);
	inet_pton(AF_INET, "226.94.7.8", &a.sin_addr);
	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) < 0)
		die("socket");
	until = now_ns() + (uint64_t)(seconds * 1e9);
	if (strcmp(mode, "send") == 0) {
		if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &local, sizeof local) != 0)
			die("interface");
		while (now_ns() < until)
			if (sendto(fd, data, size, 0, (struct sockaddr *)&a, sizeof a) == (ssize_t)size)
				bytes += size;
		printf("sent bytes=%llu\n", (unsigned long long)bytes);
		return 0;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	memset(&m, 0, sizeof m);
	m.imr_multiaddr = a.sin_addr;
	m.imr_address = local;
	if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m) != 0)
		die("group");
	printf("listening\n");
	fflush(stdout);
	while (now_ns() < until) {
		if ((n = recv(fd, data, sizeof data, 0)) <= 0)
			continue;
		last = now_ns();
		if (!first) {
			first = last;
			continue; /* its time began before */
		}
		bytes += (uint64_t)n;
	}
	printf("received bytes=%llu mbps=%.4f\n", (unsigned long long)bytes,
	       last > first ? (double)bytes * 1e3 / (double)(last - first) : 0.0);
	return 0;
}
