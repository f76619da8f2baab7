/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coroutines.cc - allocates at random points of many stacks at once: fibers by
 * makecontext that switch in the middle of deep calls, C++20 coroutines whose frames lie
 * on the heap, and exceptions that are thrown and caught in both.
 *
 * Build with: -O2 -fno-builtin -std=c++20
 */
#include "tests/targets/truth.h"

#include <coroutine>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <ucontext.h>
#include <utility>
#include <vector>

static thread_local uint64_t state;

static unsigned below(unsigned bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return static_cast<unsigned>(state >> 33) % bound;
}

static void allocate()
{
	free(hide(malloc(below(500))));
}

/* --- C++20 ------------------------------------------------------------------------- */

struct numbers {
	struct promise_type {
		int value = 0;
		std::exception_ptr thrown;
		numbers get_return_object()
		{
			return numbers{ handle::from_promise(*this) };
		}
		std::suspend_always initial_suspend()
		{
			return {};
		}
		std::suspend_always final_suspend() noexcept
		{
			return {};
		}
		std::suspend_always yield_value(int v)
		{
			allocate();
			value = v;
			return {};
		}
		void return_void()
		{
		}
		void unhandled_exception()
		{
			thrown = std::current_exception();
		}
	};
	using handle = std::coroutine_handle<promise_type>;

	handle h;
	explicit numbers(handle made) : h(made)
	{
	}
	numbers(numbers &&other) noexcept : h(std::exchange(other.h, nullptr))
	{
	}
	~numbers()
	{
		if (h)
			h.destroy();
	}
	bool next()
	{
		h.resume();
		if (h.promise().thrown)
			std::rethrow_exception(h.promise().thrown);
		return !h.done();
	}
};

static numbers count_down(int from)
{
	std::string text(static_cast<size_t>(from) + 30, 'x');

	for (int i = from; i > 0; i--) {
		co_yield i;
		allocate();
		if (i == 2 && from % 5 == 0)
			throw std::runtime_error(text);
		if (below(3) == 0) {
			numbers inner = count_down(i / 2);
			while (inner.next())
				co_yield inner.h.promise().value;
		}
	}
}

NOINLINE static int use_coroutine(int from)
{
	numbers n = count_down(from);
	int sum = 0;

	while (n.next()) {
		allocate();
		sum += n.h.promise().value;
	}
	return sum;
}

/* --- fibers ------------------------------------------------------------------------ */

struct fiber {
	ucontext_t context;
	std::unique_ptr<char[]> stack;
	bool done = false;
};

static thread_local std::vector<fiber> *fibers;
static thread_local ucontext_t scheduler;
static thread_local size_t running;

static void yield()
{
	swapcontext(&(*fibers)[running].context, &scheduler);
}

NOINLINE static int descend(int left)
{
	char room[100];
	int sum = 0;

	hide(room);
	allocate();
	if (below(4) == 0)
		yield();
	if (left == 0 && below(2) == 0)
		throw std::logic_error(std::string(40, 'y'));
	if (left > 0) {
		if (below(3) == 0) {
			try {
				sum = descend(left - 1);
			} catch (const std::logic_error &) {
				allocate();
				yield();
				sum = 1;
			}
		} else {
			sum = descend(left - 1) + 1;
		}
	}
	allocate();
	return sum + room[0];
}

static void run_fiber()
{
	for (int i = 0; i < 20; i++) {
		try {
			descend(static_cast<int>(below(20)));
			use_coroutine(static_cast<int>(below(12)));
		} catch (const std::exception &) {
			allocate();
			yield();
		}
	}
	(*fibers)[running].done = true;
}

static void run_all(uint64_t seed)
{
	std::vector<fiber> mine(8);
	size_t left = mine.size();

	state = seed;
	fibers = &mine;
	for (fiber &f : mine) {
		const size_t bytes = 256 << 10;

		f.stack = std::make_unique<char[]>(bytes);
		getcontext(&f.context);
		f.context.uc_stack.ss_sp = f.stack.get();
		f.context.uc_stack.ss_size = bytes;
		f.context.uc_link = &scheduler;
		makecontext(&f.context, run_fiber, 0);
	}
	while (left > 0) {
		running = below(static_cast<unsigned>(mine.size()));
		if (mine[running].done)
			continue;
		swapcontext(&scheduler, &mine[running].context);
		if (mine[running].done)
			left--;
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], nullptr, 0) : 88172645463325252ULL;
	std::thread other(run_all, seed + 1);

	run_all(seed);
	other.join();
	return 0;
}
