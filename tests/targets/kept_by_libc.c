/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept_by_libc.c - has the C library keep what it keeps for itself: buffers, libraries,
 * a locale, names, threads.
 *
 * With the argument "mine" the program loses blocks of its own beside these: in functions
 * that are called as the library's, and in what the library calls.
 *
 * Build with: -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <libintl.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile int sink;

static void nothing(void)
{
}

static void *idle(void *p)
{
	return p;
}

/* As the library's, by name. */
__attribute__((noinline)) static void setenv_(size_t size)
{
	sink += malloc(size) != NULL;
}

__attribute__((noinline)) static void *_nl_mine(size_t size)
{
	void *p = calloc(1, size);

	sink += p != NULL;
	return p;
}

static int compare(const void *a, const void *b)
{
	if (!sink++)
		sink += strndup("fifty-four bytes of a text, which are nobody's any more",
				54) != NULL;
	return *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) static void lose(void)
{
	int numbers[] = { 2, 1 };

	sink = -1;
	_nl_mine(77);
	setenv_(66);
	sink = 0;
	qsort(numbers, 2, sizeof(*numbers), compare);
}

__attribute__((noinline)) static void use_library(void)
{
	struct addrinfo *addresses = NULL;
	time_t now = time(NULL);
	void *frames[8], *library = dlopen("libm.so.6", RTLD_NOW);
	pthread_t thread;

	sink += dlsym(library, "there is no such thing") != NULL;
	sink += dlopen("libnowhere.so.1", RTLD_NOW) != NULL;
	sink += setlocale(LC_ALL, "C.UTF-8") != NULL;
	sink += getpwnam("root") != NULL;
	sink += getservbyname("http", "tcp") != NULL;
	if (getaddrinfo("127.0.0.1", "80", NULL, &addresses) == 0)
		freeaddrinfo(addresses);
	if (pthread_create(&thread, NULL, idle, NULL) == 0)
		pthread_join(thread, NULL);
	for (int i = 0; i < 100; i++)
		atexit(nothing);
	sink += localtime(&now) != NULL;
	sink += backtrace(frames, 8);
	setenv("KEPT_BY_LIBC", "this", 1);
	bindtextdomain("nothing", "/nowhere");
	sink += *gettext("text");
	puts("buffered");
}

static __attribute__((noinline)) int clean(int n)
{
	volatile char bytes[65536];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0;
	return bytes[n];
}

int main(int argc, char **argv)
{
	use_library();
	if (argc > 1 && strcmp(argv[1], "mine") == 0)
		lose();
	return clean(argc);
}
