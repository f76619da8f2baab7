/* SPDX-License-Identifier: Apache-2.0 */
/*
 * followed.h - the blocks whose end matters: a set of addresses that any thread changes.
 *
 * Buckets of one cache line, so that the free of a block that is not in the set costs one
 * look.  A full bucket says so for good and sends on to a larger table.
 */
#ifndef MS_FOLLOWED_H
#define MS_FOLLOWED_H

#include "preload/recorder.h"

#define MS_FOLLOWED_TAG_BITS 20

/* Make the first table.  false: no memory. */
bool ms_followed_begin(void);

/* Follow the block at p; tag is kept with it.  false: there is no room for it. */
bool ms_followed_put(const void *p, unsigned tag);

/* Follow it no longer.  false: it was not followed. */
bool ms_followed_take(const void *p, unsigned *tag);

/* The same, only if it is followed with that very tag. */
bool ms_followed_drop(const void *p, unsigned tag);

#endif
