/*
 * account.c: the uid of the account that the executive may run as. Read from
 * /etc/passwd itself: a system account is there, and the C library's own look-up
 * may load other libraries into the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capi/front/front.h"

static const char account[] = "ais:";

/* One line of the file without its end, as far as the buffer went. */
static uint32_t uid_of_line(const char *line)
{
	const char *p;
	char *end;
	unsigned long uid;

	if (strncmp(line, account, sizeof(account) - 1) != 0)
		return 0;
	p = strchr(line + sizeof(account) - 1, ':');
	if (p == NULL || p[1] < '0' || p[1] > '9')
		return 0;
	errno = 0;
	uid = strtoul(p + 1, &end, 10);
	return *end == ':' && errno == 0 && uid < 0xffffffffUL ? (uint32_t)uid : 0;
}

uint32_t aisf_service_uid(void)
{
	char line[128], block[512];
	size_t length = 0;
	uint32_t uid = 0;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	ssize_t n, i;

	if (fd < 0)
		return 0;
	while (uid == 0 && (n = read(fd, block, sizeof(block))) > 0)
		for (i = 0; i < n && uid == 0; i++) {
			if (block[i] == '\n') {
				line[length] = '\0';
				uid = uid_of_line(line);
				length = 0;
			} else if (length < sizeof(line) - 1) {
				line[length++] = block[i];
			}
		}
	close(fd);
	return uid;
}
