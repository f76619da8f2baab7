/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deaths.c - dies in a given way right after its argv[2]-th marked malloc returned.
 *
 * With a third argument that many threads allocate; each adds to a counter in the file
 * argv[4] after each return, and the process is killed when the sum reaches argv[2].
 * Marked blocks have 800 bytes, those of threads 800000 + thread.
 *
 * Build with: -O2 -fno-builtin -Wno-array-bounds
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

static _Atomic uint64_t *returned;
static uint64_t goal;

static void die(const char *way)
{
	if (strcmp(way, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(way, "abort") == 0)
		abort();
	if (strcmp(way, "segv") == 0)
		*(volatile int *)8 = 1;
	if (strcmp(way, "term") == 0)
		raise(SIGTERM);
	if (strcmp(way, "_exit") == 0)
		_exit(7);
	if (strcmp(way, "quick_exit") == 0)
		quick_exit(7);
	if (strcmp(way, "exec") == 0)
		execl("/bin/true", "/bin/true", (char *)NULL);
	exit(7);
}

static void *work(void *arg)
{
	size_t n = (size_t)arg;

	for (;;) {
		uint64_t sum = 0;
		void *p = hide(malloc(800000 + n));

		returned[n]++;
		free(p);
		for (size_t i = 0; i < 16; i++)
			sum += returned[i];
		if (sum >= goal)
			kill(getpid(), SIGKILL);
	}
	return NULL;
}

static void threads(size_t count, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	pthread_t id;

	MUST(fd >= 0 && ftruncate(fd, 4096) == 0);
	returned = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(returned != MAP_FAILED);
	for (size_t i = 1; i < count; i++)
		MUST(pthread_create(&id, NULL, work, (void *)i) == 0);
	work(NULL);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	goal = strtoull(argv[2], NULL, 10);
	if (argc > 4)
		threads(strtoul(argv[3], NULL, 10), argv[4]);
	for (uint64_t i = 0; i < goal; i++)
		hide(malloc(800));
	die(argv[1]);
	return 0;
}
