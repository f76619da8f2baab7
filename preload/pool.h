/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - lock-free stacks of things that live forever.
 *
 * Treiber's stack.  Items are 16-byte aligned and never unmapped, so a pop may read the
 * next pointer of an item that another thread has just taken; a 20-bit tag beside the
 * 44 significant address bits makes the compare-and-swap fail then.
 */
#ifndef MS_POOL_H
#define MS_POOL_H

#include <stdatomic.h>
#include <stdint.h>

#define MS_POOL_TAG_BITS 20

static inline void *ms_pool_pointer(uint64_t tagged)
{
	return (void *)(uintptr_t)((tagged >> MS_POOL_TAG_BITS) << 4);
}

static inline uint64_t ms_pool_tagged(const void *item, uint64_t old)
{
	uint64_t tag = (old + 1) & ((1ULL << MS_POOL_TAG_BITS) - 1);

	return ((uint64_t)(uintptr_t)item >> 4) << MS_POOL_TAG_BITS | tag;
}

/* type has a member `next` that points to a type. */
#define MS_POOL_PUSH(pool, item)                                                       \
	do {                                                                           \
		uint64_t old_ = atomic_load_explicit(pool, memory_order_relaxed);      \
		do                                                                     \
			__atomic_store_n(&(item)->next, ms_pool_pointer(old_),         \
					 __ATOMIC_RELAXED);                            \
		while (!atomic_compare_exchange_weak_explicit(                         \
			pool, &old_, ms_pool_tagged(item, old_), memory_order_release, \
			memory_order_relaxed)); /* pairs with the pop's acquire */     \
	} while (0)

#define MS_POOL_POP(pool, type)                                                         \
	({                                                                              \
		uint64_t old_ = atomic_load_explicit(pool, memory_order_acquire);       \
		type *item_, *next_;                                                    \
		do {                                                                    \
			item_ = ms_pool_pointer(old_);                                  \
			next_ = item_ ? __atomic_load_n(&item_->next, __ATOMIC_RELAXED) \
				      : NULL;                                           \
		} while (item_ && !atomic_compare_exchange_weak_explicit(               \
					  pool, &old_, ms_pool_tagged(next_, old_),     \
					  memory_order_acquire, memory_order_acquire)); \
		item_;                                                                  \
	})

#endif
