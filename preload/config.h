/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the settings of a recording, read once from the environment.
 */
#ifndef MS_CONFIG_H
#define MS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ms_stacks { MS_STACKS_FULL, MS_STACKS_FP, MS_STACKS_NONE };

enum ms_follow {
	MS_FOLLOW_FORK = 1,  /* forked children are recorded */
	MS_FOLLOW_EXEC = 2,  /* so are programs that are executed */
	MS_FOLLOW_ASKED = 4, /* and this was asked for, it is not the default */
};

struct ms_config {
	enum ms_stacks stacks;
	unsigned mode;	   /* enum ms_wire_mode */
	uint64_t depth;	   /* frames kept from the leaf; 0: all */
	uint64_t max_size; /* bytes of the log; 0: no limit */
	uint64_t sample;   /* mean bytes from one sample to the next */
	uint64_t cull_ns;  /* pairs that live no longer are folded */
	unsigned follow;   /* enum ms_follow */
	bool free_stacks;
	bool mappings; /* mmap and its relatives */
	bool start_paused;
	bool quiet;
	bool heapmap_exit;  /* a pointer map at the end */
	bool heapmap_api;   /* and where the program asks for one */
	int heapmap_signal; /* and whenever it comes; 0: none */
	int signal;	    /* toggles recording; 0: none */
	char output[4096];  /* absolute pattern; "" when it would be too long */
	char **argv,
		**environ; /* as the kernel laid them out; the program may change both */
	int argc;
	/* their strings, one after the other: these stay where they are */
	const char *arguments, *arguments_end, *environment_end;
};
extern struct ms_config ms_config;

/* Find argv and the environment, read MEMSCOPE_*; a bad value is noted and its default
 * stays. */
void ms_config_read(void);

/*
 * Expand the output pattern (%p pid, %e program name, %t unix seconds, %%) into path,
 * with
 * ".<clash>" put before the extension when clash is not 0.  false: too long.
 */
bool ms_config_path(char *path, size_t size, uint64_t pid, uint64_t unix_seconds,
		    unsigned clash);

#endif
