/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mismatches.cc - blocks that another family frees: the six pairs, and what is near them.
 *
 * argv[1] names one, or all.
 *
 * Build with: -O0 -fno-builtin -w
 */
#include <cstdlib>
#include <cstring>
#include <new>

struct alignas(64) Wide {
	char bytes[64];
};

/* Each asks for a size of its own. */
static void malloc_delete()
{
	delete static_cast<char *>(malloc(101));
}

static void malloc_delete_array()
{
	delete[] static_cast<char *>(calloc(102, 1));
}

static void new_free()
{
	free(operator new(103));
}

static void new_delete_array()
{
	operator delete[](operator new(104));
}

static void array_free()
{
	free(new char[105]);
}

static void array_delete()
{
	delete new char[106];
}

static void new_realloc()
{
	free(realloc(operator new(107), 207));
}

static void array_realloc()
{
	free(realloc(new char[108], 208));
}

static void aligned_plain()
{
	operator delete(operator new(109, std::align_val_t(64)));
}

static void plain_aligned()
{
	operator delete(operator new(110), std::align_val_t(64));
}

static void strdup_delete()
{
	delete strdup("eleven bytes");
}

/* All as it should be. */
static void right()
{
	delete new int;
	delete[] new int[40];
	delete new Wide;
	delete[] new Wide[3];
	operator delete(operator new(50), std::nothrow);
	operator delete(operator new(51, std::nothrow));
	operator delete(operator new(52), 52);
	operator delete[](operator new[](53, std::nothrow), 53);
	operator delete(operator new(54, std::align_val_t(64)), 54, std::align_val_t(64));
	free(realloc(calloc(3, 4), 100));
	free(aligned_alloc(64, 128));
	free(strdup("text"));
}

static const struct {
	const char *name;
	void (*run)();
} cases[] = {
	{ "malloc_delete", malloc_delete },
	{ "malloc_delete_array", malloc_delete_array },
	{ "new_free", new_free },
	{ "new_delete_array", new_delete_array },
	{ "array_free", array_free },
	{ "array_delete", array_delete },
	{ "new_realloc", new_realloc },
	{ "array_realloc", array_realloc },
	{ "aligned_plain", aligned_plain },
	{ "plain_aligned", plain_aligned },
	{ "strdup_delete", strdup_delete },
	{ "right", right },
};

int main(int argc, char **argv)
{
	bool found = false;

	for (const auto &c : cases) {
		if (argc == 2 && (!strcmp(argv[1], "all") || !strcmp(argv[1], c.name))) {
			c.run();
			found = true;
		}
	}
	return found ? 0 : 2;
}
