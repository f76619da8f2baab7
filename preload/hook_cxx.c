/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_cxx.c - the twenty forms of operator new and delete.
 *
 * The C++ library's operators end in malloc and free, so the hook leaves a mark for those
 * hooks and jumps on: new handlers, exceptions and replaced operators work as ever. Where
 * the operators belong to an allocator that does not call malloc (tcmalloc, jemalloc),
 * the event is recorded here.  Where the process has no C++ library in its global scope,
 * as when a plugin brought its own, the hook does what that library's operator would do.
 */
#define _GNU_SOURCE
#include "preload/hook.h"

#include <dlfcn.h>
#include <stdlib.h>

enum form {
	NEW,
	NEW_NOTHROW,
	NEW_ALIGNED,
	NEW_ALIGNED_NOTHROW,
	NEW_ARRAY,
	NEW_ARRAY_NOTHROW,
	NEW_ARRAY_ALIGNED,
	NEW_ARRAY_ALIGNED_NOTHROW,
	DELETE,
	DELETE_NOTHROW,
	DELETE_SIZED,
	DELETE_ALIGNED,
	DELETE_ALIGNED_NOTHROW,
	DELETE_SIZED_ALIGNED,
	DELETE_ARRAY,
	DELETE_ARRAY_NOTHROW,
	DELETE_ARRAY_SIZED,
	DELETE_ARRAY_ALIGNED,
	DELETE_ARRAY_ALIGNED_NOTHROW,
	DELETE_ARRAY_SIZED_ALIGNED,
	FORMS
};

#define ROW(form, symbol) [form] = { symbol, MS_EVENT_##form, NULL }
static struct {
	const char *symbol;
	uint8_t kind;
	void *real;
} forms[FORMS] = {
	ROW(NEW, "_Znwm"),
	ROW(NEW_NOTHROW, "_ZnwmRKSt9nothrow_t"),
	ROW(NEW_ALIGNED, "_ZnwmSt11align_val_t"),
	ROW(NEW_ALIGNED_NOTHROW, "_ZnwmSt11align_val_tRKSt9nothrow_t"),
	ROW(NEW_ARRAY, "_Znam"),
	ROW(NEW_ARRAY_NOTHROW, "_ZnamRKSt9nothrow_t"),
	ROW(NEW_ARRAY_ALIGNED, "_ZnamSt11align_val_t"),
	ROW(NEW_ARRAY_ALIGNED_NOTHROW, "_ZnamSt11align_val_tRKSt9nothrow_t"),
	ROW(DELETE, "_ZdlPv"),
	ROW(DELETE_NOTHROW, "_ZdlPvRKSt9nothrow_t"),
	ROW(DELETE_SIZED, "_ZdlPvm"),
	ROW(DELETE_ALIGNED, "_ZdlPvSt11align_val_t"),
	ROW(DELETE_ALIGNED_NOTHROW, "_ZdlPvSt11align_val_tRKSt9nothrow_t"),
	ROW(DELETE_SIZED_ALIGNED, "_ZdlPvmSt11align_val_t"),
	ROW(DELETE_ARRAY, "_ZdaPv"),
	ROW(DELETE_ARRAY_NOTHROW, "_ZdaPvRKSt9nothrow_t"),
	ROW(DELETE_ARRAY_SIZED, "_ZdaPvm"),
	ROW(DELETE_ARRAY_ALIGNED, "_ZdaPvSt11align_val_t"),
	ROW(DELETE_ARRAY_ALIGNED_NOTHROW, "_ZdaPvSt11align_val_tRKSt9nothrow_t"),
	ROW(DELETE_ARRAY_SIZED_ALIGNED, "_ZdaPvmSt11align_val_t"),
};

/* 0: not decided; then how the operators below us work. */
enum way { UNKNOWN, MARK, RECORD, OWN };
static _Atomic unsigned way;

static bool in_allocator(const void *function)
{
	return (uintptr_t)function >= ms_real.own_start &&
	       (uintptr_t)function < ms_real.own_end;
}

static MS_COLD unsigned decide(void)
{
	unsigned w;

	for (unsigned i = 0; i < FORMS; i++)
		forms[i].real = ms_real_next(forms[i].symbol);
	if (!forms[NEW].real)
		w = OWN;
	else
		w = in_allocator(forms[NEW].real) ? RECORD : MARK;
	atomic_store_explicit(&way, w, memory_order_release);
	return w;
}

static inline unsigned the_way(void)
{
	unsigned w = atomic_load_explicit(&way, memory_order_acquire);

	return MS_LIKELY(w) ? w : decide();
}

/* The outermost operator names the event: new[] calls new, sized delete calls delete. */
static inline void mark(enum form form, uintptr_t value)
{
	if (form >= DELETE && !value)
		return; /* free(NULL) is no event: nothing would take the mark away */
	if (ms_tls.mark_kind && ms_tls.mark_value == value)
		return;
	ms_tls.mark_kind = forms[form].kind;
	ms_tls.mark_value = value;
}

/* The program's operator new failed and there is no C++ library to throw: find one now.
 */
static MS_COLD void *throw_bad_alloc(size_t size)
{
	void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
	void *(*real)(size_t) = library ? dlsym(library, "_Znwm") : NULL;

	if (!real)
		abort(); /* what an uncaught bad_alloc would do */
	return real(size);
}

static void *own_new(enum form form, size_t size, size_t align, bool throws)
{
	void *p;

	mark(form, size);
	p = align ? aligned_alloc(align, (size + align - 1) & ~(align - 1))
		  : malloc(size ? size : 1);
	ms_tls.mark_kind = 0;
	return p || !throws ? p : throw_bad_alloc(size);
}

static unsigned log2_of(size_t align)
{
	return align > 1 ? 63 - (unsigned)__builtin_clzll(align) : 0;
}

/* --- one body a shape; the call of the real operator is the body's last
 * ---------------------- */

#define BODY_NEW(form, align, throws, call)                                \
	const uintptr_t *frame = MS_HOOK_FRAME;                            \
	unsigned w = the_way();                                            \
	struct ms_thread *t;                                               \
	void *p;                                                           \
	if (MS_LIKELY(w == MARK)) {                                        \
		mark(form, size);                                          \
		return call;                                               \
	}                                                                  \
	if (w == OWN)                                                      \
		return own_new(form, size, align, throws);                 \
	t = ms_hook_enter(frame);                                          \
	if (!t) {                                                          \
		ms_plain_count_alloc(size);                                \
		return call;                                               \
	}                                                                  \
	p = call;                                                          \
	ms_hook_made(t, frame, forms[form].kind, p, size, log2_of(align)); \
	ms_hook_leave(t);                                                  \
	return p;

#define BODY_DELETE(form, call)                              \
	const uintptr_t *frame = MS_HOOK_FRAME;              \
	unsigned w = the_way();                              \
	struct ms_thread *t;                                 \
	if (MS_LIKELY(w == MARK)) {                          \
		mark(form, (uintptr_t)p);                    \
		call;                                        \
		return;                                      \
	}                                                    \
	if (w == OWN) {                                      \
		mark(form, (uintptr_t)p);                    \
		free(p);                                     \
		ms_tls.mark_kind = 0;                        \
		return;                                      \
	}                                                    \
	t = p ? ms_hook_enter(frame) : NULL;                 \
	if (t)                                               \
		ms_hook_ends(t, frame, forms[form].kind, p); \
	call;                                                \
	if (t)                                               \
		ms_hook_leave(t);

#define REAL(form, type) ((type)forms[form].real)

typedef void *new_fn(size_t);
typedef void *new_nothrow_fn(size_t, const void *);
typedef void *new_aligned_fn(size_t, size_t);
typedef void *new_aligned_nothrow_fn(size_t, size_t, const void *);
typedef void delete_fn(void *);
typedef void delete_nothrow_fn(void *, const void *);
typedef void delete_size_fn(void *, size_t); /* size or alignment */
typedef void delete_aligned_nothrow_fn(void *, size_t, const void *);
typedef void delete_sized_aligned_fn(void *, size_t, size_t);

#define DEFINE_NEW(symbol, form)                                    \
	MS_EXPORT void *symbol(size_t size);                        \
	void *symbol(size_t size)                                   \
	{                                                           \
		BODY_NEW(form, 0, true, REAL(form, new_fn *)(size)) \
	}
#define DEFINE_NEW_NOTHROW(symbol, form)                                          \
	MS_EXPORT void *symbol(size_t size, const void *tag);                     \
	void *symbol(size_t size, const void *tag)                                \
	{                                                                         \
		BODY_NEW(form, 0, false, REAL(form, new_nothrow_fn *)(size, tag)) \
	}
#define DEFINE_NEW_ALIGNED(symbol, form)                                               \
	MS_EXPORT void *symbol(size_t size, size_t align);                             \
	void *symbol(size_t size, size_t align)                                        \
	{                                                                              \
		BODY_NEW(form, align, true, REAL(form, new_aligned_fn *)(size, align)) \
	}
#define DEFINE_NEW_ALIGNED_NOTHROW(symbol, form)                                 \
	MS_EXPORT void *symbol(size_t size, size_t align, const void *tag);      \
	void *symbol(size_t size, size_t align, const void *tag)                 \
	{                                                                        \
		BODY_NEW(form, align, false,                                     \
			 REAL(form, new_aligned_nothrow_fn *)(size, align, tag)) \
	}
#define DEFINE_DELETE(symbol, form)                           \
	MS_EXPORT void symbol(void *p);                       \
	void symbol(void *p)                                  \
	{                                                     \
		BODY_DELETE(form, REAL(form, delete_fn *)(p)) \
	}
#define DEFINE_DELETE_NOTHROW(symbol, form)                                \
	MS_EXPORT void symbol(void *p, const void *tag);                   \
	void symbol(void *p, const void *tag)                              \
	{                                                                  \
		BODY_DELETE(form, REAL(form, delete_nothrow_fn *)(p, tag)) \
	}
#define DEFINE_DELETE_SIZE(symbol, form)                              \
	MS_EXPORT void symbol(void *p, size_t n);                     \
	void symbol(void *p, size_t n)                                \
	{                                                             \
		BODY_DELETE(form, REAL(form, delete_size_fn *)(p, n)) \
	}
#define DEFINE_DELETE_ALIGNED_NOTHROW(symbol, form)                                 \
	MS_EXPORT void symbol(void *p, size_t align, const void *tag);              \
	void symbol(void *p, size_t align, const void *tag)                         \
	{                                                                           \
		BODY_DELETE(form,                                                   \
			    REAL(form, delete_aligned_nothrow_fn *)(p, align, tag)) \
	}
#define DEFINE_DELETE_SIZED_ALIGNED(symbol, form)                                     \
	MS_EXPORT void symbol(void *p, size_t n, size_t align);                       \
	void symbol(void *p, size_t n, size_t align)                                  \
	{                                                                             \
		BODY_DELETE(form, REAL(form, delete_sized_aligned_fn *)(p, n, align)) \
	}

DEFINE_NEW(_Znwm, NEW)
DEFINE_NEW_NOTHROW(_ZnwmRKSt9nothrow_t, NEW_NOTHROW)
DEFINE_NEW_ALIGNED(_ZnwmSt11align_val_t, NEW_ALIGNED)
DEFINE_NEW_ALIGNED_NOTHROW(_ZnwmSt11align_val_tRKSt9nothrow_t, NEW_ALIGNED_NOTHROW)
DEFINE_NEW(_Znam, NEW_ARRAY)
DEFINE_NEW_NOTHROW(_ZnamRKSt9nothrow_t, NEW_ARRAY_NOTHROW)
DEFINE_NEW_ALIGNED(_ZnamSt11align_val_t, NEW_ARRAY_ALIGNED)
DEFINE_NEW_ALIGNED_NOTHROW(_ZnamSt11align_val_tRKSt9nothrow_t, NEW_ARRAY_ALIGNED_NOTHROW)
DEFINE_DELETE(_ZdlPv, DELETE)
DEFINE_DELETE_NOTHROW(_ZdlPvRKSt9nothrow_t, DELETE_NOTHROW)
DEFINE_DELETE_SIZE(_ZdlPvm, DELETE_SIZED)
DEFINE_DELETE_SIZE(_ZdlPvSt11align_val_t, DELETE_ALIGNED)
DEFINE_DELETE_ALIGNED_NOTHROW(_ZdlPvSt11align_val_tRKSt9nothrow_t, DELETE_ALIGNED_NOTHROW)
DEFINE_DELETE_SIZED_ALIGNED(_ZdlPvmSt11align_val_t, DELETE_SIZED_ALIGNED)
DEFINE_DELETE(_ZdaPv, DELETE_ARRAY)
DEFINE_DELETE_NOTHROW(_ZdaPvRKSt9nothrow_t, DELETE_ARRAY_NOTHROW)
DEFINE_DELETE_SIZE(_ZdaPvm, DELETE_ARRAY_SIZED)
DEFINE_DELETE_SIZE(_ZdaPvSt11align_val_t, DELETE_ARRAY_ALIGNED)
DEFINE_DELETE_ALIGNED_NOTHROW(_ZdaPvSt11align_val_tRKSt9nothrow_t,
			      DELETE_ARRAY_ALIGNED_NOTHROW)
DEFINE_DELETE_SIZED_ALIGNED(_ZdaPvmSt11align_val_t, DELETE_ARRAY_SIZED_ALIGNED)
