/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site.c - the frame that a stack is filed under.
 *
 * Every allocation comes out of malloc or operator new, most of C++'s through two or
 * three templates that do nothing but pass a size on.  Who wants to know where memory
 * goes wants the first function that had a reason.  What has a reason of its own stays a
 * site: strdup, std::vector::push_back, Box::new.
 */
#define _GNU_SOURCE /* memrchr */
#include "analyzer/metadata/site.h"

#include "analyzer/base/glob.h"
#include "analyzer/metadata/inside.h"
#include "analyzer/metadata/symbols.h"

#include <ctype.h>
#include <string.h>

/* '*' stands for any text; parameters and return types are not looked at. */
struct pattern {
	const char *name;
	const char *module; /* file name begins with it; NULL: any */
};

static const struct pattern plumbing[] = {
	/* the C family, in the C library or in another allocator, and under its aliases
	 */
	{ "malloc", NULL },
	{ "calloc", NULL },
	{ "realloc", NULL },
	{ "reallocarray", NULL },
	{ "memalign", NULL },
	{ "aligned_alloc", NULL },
	{ "posix_memalign", NULL },
	{ "valloc", NULL },
	{ "pvalloc", NULL },
	{ "free", NULL },
	{ "cfree", NULL },
	{ "free_sized", NULL },
	{ "free_aligned_sized", NULL },
	/* glibc behind them */
	{ "__libc_malloc", NULL },
	{ "__libc_calloc", NULL },
	{ "__libc_realloc", NULL },
	{ "__libc_reallocarray", NULL },
	{ "__libc_memalign", NULL },
	{ "__libc_valloc", NULL },
	{ "__libc_pvalloc", NULL },
	{ "__libc_free", NULL },
	{ "__GI___libc_*alloc", NULL },
	{ "__GI___libc_free", NULL },
	{ "__posix_memalign", "libc" },
	{ "__malloc", "libc" },
	{ "__calloc", "libc" },
	{ "__realloc", "libc" },
	{ "_mid_memalign", "libc" },
	{ "_int_malloc", "libc" },
	{ "_int_realloc", "libc" },
	{ "_int_memalign", "libc" },
	{ "_int_free", "libc" },
	{ "sysmalloc", "libc" },
	{ "tcache_init", "libc" },
	/* C++'s own; a class's operator new has a class before it and stays */
	{ "operator new", NULL },
	{ "operator new[]", NULL },
	{ "operator delete", NULL },
	{ "operator delete[]", NULL },
	/* libstdc++: allocators and what only asks them */
	{ "__gnu_cxx::new_allocator<*>::allocate", NULL },
	{ "__gnu_cxx::new_allocator<*>::deallocate", NULL },
	{ "__gnu_cxx::malloc_allocator<*>::allocate", NULL },
	{ "__gnu_cxx::malloc_allocator<*>::deallocate", NULL },
	{ "__gnu_cxx::__alloc_traits<*>::allocate", NULL },
	{ "__gnu_cxx::__alloc_traits<*>::deallocate", NULL },
	{ "std::__new_allocator<*>::allocate", NULL },
	{ "std::__new_allocator<*>::deallocate", NULL },
	{ "std::allocator<*>::allocate", NULL },
	{ "std::allocator<*>::deallocate", NULL },
	{ "std::allocator_traits<*>::allocate", NULL },
	{ "std::allocator_traits<*>::deallocate", NULL },
	{ "std::__allocate_guarded<*>", NULL },
	{ "std::__allocate_guarded_obj<*>", NULL },
	{ "std::_Vector_base<*>::_M_allocate", NULL },
	{ "std::_Vector_base<*>::_M_deallocate", NULL },
	{ "std::_Deque_base<*>::_M_allocate_*", NULL },
	{ "std::_Bvector_base<*>::_M_allocate", NULL },
	{ "std::*::_M_get_node", NULL },
	{ "std::*::_M_put_node", NULL },
	{ "std::*::_M_create_node", NULL },
	{ "std::*::_M_create_node<*>", NULL },
	{ "std::__detail::_Hashtable_alloc<*>::_M_allocate_*", NULL },
	{ "std::__detail::_Hashtable_alloc<*>::_M_deallocate_*", NULL },
	/* libc++ (its inline namespace is __1, elsewhere __ndk1) */
	{ "std::__*::allocator<*>::allocate", NULL },
	{ "std::__*::allocator<*>::deallocate", NULL },
	{ "std::__*::allocator_traits<*>::allocate", NULL },
	{ "std::__*::allocator_traits<*>::deallocate", NULL },
	{ "std::__*::__allocate_at_least<*>", NULL },
	{ "std::__*::__libcpp_allocate", NULL },
	{ "std::__*::__libcpp_deallocate", NULL },
	{ "std::__*::__libcpp_operator_new<*>", NULL },
	/* polymorphic allocators */
	{ "std::pmr::polymorphic_allocator<*>::allocate", NULL },
	{ "std::pmr::memory_resource::allocate", NULL },
	{ "std::pmr::*::do_allocate", NULL },
	/* Rust: the shims of its allocators, alloc::alloc, and the raw tables behind */
	{ "__rust_alloc", NULL },
	{ "__rust_alloc_zeroed", NULL },
	{ "__rust_realloc", NULL },
	{ "__rust_dealloc", NULL },
	{ "__rg_*", NULL },
	{ "__rdl_*", NULL },
	{ "__rustc::__r*", NULL },
	{ "alloc::alloc::*", NULL },
	{ "<alloc::alloc::Global as *", NULL },
	{ "<alloc::alloc::Global>::*", NULL },
	{ "<std::alloc::System as *", NULL },
	{ "std::alloc::__default_lib_allocator::*", NULL },
	{ "std::sys::alloc::*", NULL },
	{ "std::sys::*::alloc::<impl *", NULL },
	{ "alloc::raw_vec::*", NULL },
	{ "<alloc::raw_vec::*", NULL },
	{ "hashbrown::raw::*", NULL },
	{ "<hashbrown::raw::*", NULL },
	/* D */
	{ "_d_allocmemory", NULL },
	{ "_d_newclass", NULL },
	{ "gc_malloc", NULL },
	{ "gc_qalloc", NULL },
	{ "gc_calloc", NULL },
	/* whatever the recorder itself left of its frames */
	{ "*", "libmemscope.so" },
};

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Past "operator" and its sign at p, whose brackets are no brackets. */
static const char *past_operator(const char *p)
{
	p += strlen("operator");
	if (starts(p, "()") || starts(p, "[]"))
		return p + 2;
	if (*p == ' ')
		p++;
	while (*p && strchr("<>=!+-*/%^&|~,", *p))
		p++;
	return p;
}

static bool is_operator(const char *p, const char *begin)
{
	return starts(p, "operator") && !is_word(p[8]) && (p == begin || !is_word(p[-1]));
}

/* len, or less where the name ends with a tag as in allocate[abi:v15000]. */
static size_t without_abi_tag(const char *name, size_t len)
{
	const char *tag = len && name[len - 1] == ']' ? memrchr(name, '[', len) : NULL;

	return tag && starts(tag, "[abi:") ? (size_t)(tag - name) : len;
}

/*
 * The qualified name in a demangled text, without return type and parameters; template
 * arguments stay.  Returns its start and sets *len.
 */
static const char *bare_name(const char *text, size_t *len)
{
	const char *start = text, *p = text;
	int depth = 0;

	while (*p) {
		if (depth == 0 && is_operator(p, text)) {
			p = past_operator(p);
			continue;
		}
		if (depth == 0 && *p == '(' && !starts(p, "(anonymous namespace)"))
			break;
		/* "<alloc::alloc::Global as ...>" has blanks of its own, inside brackets.
		 */
		if (depth == 0 && *p == ' ' && p[1] && p[1] != '[')
			start = p + 1;
		depth += *p == '<' || *p == '(' || *p == '{';
		depth -= *p == '>' || *p == ')' || *p == '}';
		p++;
	}
	*len = without_abi_tag(start, (size_t)(p - start));
	return start;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool ms_site_is_plumbing(const struct ms_frame *frame)
{
	const char *name = frame->function ? frame->function : "";
	const char *module = frame->module ? base_name(frame->module) : "";
	size_t len;

	if (frame->cut)
		return true;
	name = bare_name(name, &len);
	for (size_t i = 0; i < sizeof(plumbing) / sizeof(*plumbing); i++)
		if ((!plumbing[i].module || starts(module, plumbing[i].module)) &&
		    ms_glob_match(plumbing[i].name, name, len))
			return true;
	return false;
}

ms_status ms_metadata_site(struct ms_metadata *meta, uint32_t node,
			   const struct ms_frame **frame, struct ms_error *err)
{
	const struct ms_frames *frames;
	struct ms_wire_node n;

	*frame = NULL;
	/* A node's parent is smaller than the node: this ends. */
	for (; ms_trie_find(&meta->trie, node, &n); node = n.parent) {
		if (ms_symbols_at(meta, n.where, &frames) != MS_OK) {
			*frame = NULL;
			return ms_fail_memory(err);
		}
		if (!*frame)
			*frame = &frames->frames[0];
		if (frames->site < frames->count) {
			*frame = &frames->frames[frames->site];
			return MS_OK;
		}
	}
	return MS_OK;
}
