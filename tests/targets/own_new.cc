/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_new.cc - a program that replaces operator new and delete, as the language lets it.
 *
 * Each block is 16 bytes larger than asked for and comes from malloc.
 *
 * Build with: -O2 -fno-builtin
 */
#include "tests/targets/truth.h"

#include <map>
#include <new>
#include <string>
#include <thread>
#include <vector>

static thread_local size_t made, ended;

void *operator new(size_t bytes)
{
	size_t *p = static_cast<size_t *>(malloc(bytes + 16));

	if (!p)
		throw std::bad_alloc();
	*p = bytes;
	made++;
	return p + 2;
}

void operator delete(void *p) noexcept
{
	if (!p)
		return;
	ended++;
	free(static_cast<size_t *>(p) - 2);
}

void operator delete(void *p, size_t bytes) noexcept
{
	MUST(!p || static_cast<size_t *>(p)[-2] == bytes);
	operator delete(p);
}

static void work(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		std::map<int, std::string> map;

		for (int k = 0; k < 50; k++)
			map[k] = std::string(40 + k, 'x');
	}
}

int main()
{
	std::vector<std::thread> threads;

	work(200);
	for (int i = 0; i < 4; i++)
		threads.emplace_back(work, 100);
	for (auto &thread : threads)
		thread.join();
	printf("%zu %zu\n", made, ended + 1);
	return 5;
}
