/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppressed.cc - blocks that are lost in as many ways as suppressions can name, for
 * tests of these.
 *
 * Each way loses a size of its own.  With an argument, of that way alone.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

static volatile int sink;

extern "C" __attribute__((noinline)) void *c_function(size_t size)
{
	void *p = malloc(size);

	sink += p != NULL;
	return p;
}

static __attribute__((always_inline)) inline void *inlined(size_t size)
{
	void *p = calloc(1, size);

	sink += p != NULL;
	return p;
}

namespace outer
{
namespace inner
{
struct Holder {
	char bytes[8];
	__attribute__((noinline)) void *keep(const std::string &, size_t size)
	{
		void *p = new char[size];

		sink += p != nullptr;
		return p;
	}
	template <typename T> __attribute__((noinline)) void *many(size_t size)
	{
		void *p = operator new(size);

		sink += p != nullptr;
		return p;
	}
};
} // namespace inner

__attribute__((noinline)) void *grown(size_t size)
{
	void *p = realloc(NULL, size);

	sink += p != NULL;
	return p;
}

__attribute__((noinline)) void *regrown(size_t size)
{
	void *p = realloc(malloc(1), size);

	sink += p != NULL;
	return p;
}

__attribute__((noinline)) void *aligned(size_t size)
{
	void *p = NULL;

	sink += posix_memalign(&p, 64, size);
	return p;
}

__attribute__((noinline)) void deep(unsigned depth, size_t size)
{
	if (depth)
		deep(depth - 1, size);
	else
		c_function(size);
	sink++;
}
} // namespace outer

/* A root that is lost, with what hangs on it. */
static __attribute__((noinline)) void chain(size_t size)
{
	void *volatile *root = static_cast<void **>(c_function(size));

	*root = outer::aligned(size + 1);
}

static __attribute__((noinline)) void lose(const char *only)
{
	outer::inner::Holder holder;

#define WAY(name, call)                       \
	if (!only || strcmp(only, name) == 0) \
	call
	WAY("c", c_function(101));
	WAY("inlined", inlined(202));
	WAY("keep", holder.keep("text", 303));
	WAY("many", holder.many<int>(404));
	WAY("grown", outer::grown(505));
	WAY("regrown", outer::regrown(606));
	WAY("aligned", outer::aligned(707));
	WAY("deep", outer::deep(30, 808));
	WAY("chain", chain(909));
}

/* What lies on the stack is not to keep anything. */
static __attribute__((noinline)) int clean(int n)
{
	volatile char bytes[65536];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0;
	return bytes[n];
}

int main(int argc, char **argv)
{
	lose(argc > 1 ? argv[1] : NULL);
	return clean(argc);
}
