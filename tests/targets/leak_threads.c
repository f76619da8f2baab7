/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_threads.c - the same as leak_truth.c, with threads.
 *
 * Build with: -O0
 */
#define _GNU_SOURCE
#include "tests/targets/leak_truth.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

static void *global;
static _Thread_local void *local;
static pthread_key_t key, many[40];
static sem_t ready, never;

#define NOINLINE __attribute__((noinline))

static pthread_t start(void *(*run)(void *), void *argument)
{
	pthread_t t;

	sem_init(&ready, 0, 0);
	sem_init(&never, 0, 0);
	pthread_create(&t, NULL, run, argument);
	return t;
}

/* Sleeps in a system call for good. */
static NOINLINE void wait_for_good(void)
{
	sem_post(&ready);
	sem_wait(&never);
}

static NOINLINE void settle(void)
{
	sem_wait(&ready);
	usleep(20000); /* until it sleeps */
}

static void *use_stack(void *unused)
{
	void *volatile p = clean(100);

	(void)unused;
	wait_for_good();
	return p;
}

static void on_stack(void)
{
	start(use_stack, NULL);
	settle();
}

static void *use_local(void *unused)
{
	(void)unused;
	local = clean(100);
	scrub();
	wait_for_good();
	return NULL;
}

static void in_local(void)
{
	start(use_local, NULL);
	settle();
}

static void *use_key(void *unused)
{
	(void)unused;
	pthread_setspecific(key, clean(100));
	scrub();
	wait_for_good();
	return NULL;
}

static void in_key(void)
{
	pthread_key_create(&key, NULL);
	start(use_key, NULL);
	settle();
}

static void *use_many_keys(void *unused)
{
	(void)unused;
	for (int i = 0; i < 40; i++)
		pthread_setspecific(many[i], clean(10));
	scrub();
	wait_for_good();
	return NULL;
}

static void in_many_keys(void)
{
	for (int i = 0; i < 40; i++)
		pthread_key_create(&many[i], NULL);
	start(use_many_keys, NULL);
	settle();
}

static void in_own_keys(void)
{
	pthread_key_create(&key, NULL);
	pthread_setspecific(key, clean(60));
}

static void *use_argument(void *argument)
{
	(void)argument;
	wait_for_good();
	return NULL;
}

static void as_argument(void)
{
	start(use_argument, clean(100));
	settle();
}

static void *lose(void *unused)
{
	(void)unused;
	clean(100);
	return NULL;
}

static void lost_in_joined(void)
{
	pthread_join(start(lose, NULL), NULL);
}

static void *give_result(void *unused)
{
	(void)unused;
	return clean(100);
}

static void result_taken(void)
{
	pthread_join(start(give_result, NULL), &global);
}

static void *use_local_and_end(void *unused)
{
	(void)unused;
	local = clean(100);
	return NULL;
}

static void in_local_of_joined(void)
{
	pthread_join(start(use_local_and_end, NULL), NULL);
}

static void not_joined(void)
{
	start(lose, NULL);
	usleep(20000);
}

static void detached(void)
{
	pthread_detach(start(lose, NULL));
	usleep(20000);
}

static void *leave(void *unused)
{
	clean(30);
	(void)unused;
	exit(0);
}

static void exit_from_thread(void)
{
	void *volatile p = clean(100);

	start(leave, NULL);
	(void)p;
	sem_wait(&never);
}

static void *leave_now(void *unused)
{
	void *volatile p = clean(30);

	(void)unused;
	(void)p;
	_exit(0);
}

static void exit_now_from_thread(void)
{
	void *volatile p = clean(100);

	start(leave_now, NULL);
	(void)p;
	sem_wait(&never);
}

static void free_value(void *p)
{
	free(p);
}

static void *use_key_and_end(void *unused)
{
	(void)unused;
	pthread_setspecific(key, clean(100));
	return NULL;
}

static void key_destroyed(void)
{
	pthread_key_create(&key, free_value);
	pthread_join(start(use_key_and_end, NULL), NULL);
}

static void own_stack(void)
{
	pthread_attr_t a;
	pthread_t t;

	global = clean(131072);
	pthread_attr_init(&a);
	pthread_attr_setstack(&a, global, 131072);
	sem_init(&ready, 0, 0);
	sem_init(&never, 0, 0);
	pthread_create(&t, &a, use_stack, NULL);
	pthread_attr_destroy(&a);
	settle();
}

static void five_threads(void)
{
	for (int i = 0; i < 5; i++) {
		start(use_stack, NULL);
		settle();
	}
}

/* Runs, with a pointer in a register and nowhere else. */
static void *spin(void *unused)
{
	register void *p __asm__("r12") = clean(100);

	(void)unused;
	scrub();
	__asm__ volatile("" : "+r"(p));
	sem_post(&ready);
	for (;;)
		__asm__ volatile("pause" : "+r"(p));
	return NULL;
}

static void in_running_register(void)
{
	start(spin, NULL);
	settle();
}

#define CASE(name)          \
	{                   \
#name, name \
	}

static const struct leak_case cases[] = {
	CASE(on_stack),
	CASE(in_local),
	CASE(in_key),
	CASE(in_many_keys),
	CASE(in_own_keys),
	CASE(as_argument),
	CASE(lost_in_joined),
	CASE(result_taken),
	CASE(in_local_of_joined),
	CASE(not_joined),
	CASE(detached),
	CASE(exit_from_thread),
	CASE(exit_now_from_thread),
	CASE(key_destroyed),
	CASE(own_stack),
	CASE(in_running_register),
	CASE(five_threads),
};

int main(int argc, char **argv)
{
	return run_case(cases, sizeof cases / sizeof *cases, argc, argv);
}
