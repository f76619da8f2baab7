/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walks_cxx.cc - probes the stack of C++: through exceptions in flight, destructors that
 * run while they unwind, std::function, virtual calls, std::sort and thread_local.
 *
 * Build with: -O2 -fno-builtin
 */
#include "tests/targets/probe.h"

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static unsigned count;

struct guard {
	int n;
	explicit guard(int n) : n(n)
	{
	}
	~guard()
	{
		probe();
	}
};

struct base {
	virtual ~base()
	{
		probe();
	}
	virtual int go(int left) = 0;
};

static int deeper(int left);

struct thrower : base {
	int go(int left) override
	{
		guard g(left);
		if (left == 0)
			throw std::runtime_error("the end " + std::to_string(count++));
		return deeper(left - 1);
	}
};

struct catcher : base {
	int go(int left) override
	{
		try {
			guard g(left);
			return deeper(left - 1);
		} catch (const std::logic_error &) {
			return -1;
		} catch (const std::runtime_error &) {
			probe();
			if (left % 3 == 0)
				throw;
			return left;
		}
	}
};

struct calling : base {
	int go(int left) override
	{
		std::function<int(int)> f = [this](int n) {
			probe();
			return deeper(n);
		};
		return f(left - 1);
	}
};

NOINLINE static int deeper(int left)
{
	thrower t;
	catcher c;
	calling f;
	base *all[] = { &t, &c, &f };

	return all[static_cast<unsigned>(left) % 3]->go(left > 0 ? left : 0);
}

NOINLINE static void sorting()
{
	std::vector<int> numbers;
	std::map<int, std::string> names;

	for (int i = 0; i < 50; i++)
		numbers.push_back(i * 7919 % 101);
	std::sort(numbers.begin(), numbers.end(), [](int a, int b) {
		probe();
		return a < b;
	});
	for (int i : numbers)
		names[i] = std::string(static_cast<size_t>(i) + 20, 'x');
}

static void everything()
{
	for (int i = 1; i < 12; i++) {
		try {
			deeper(i);
		} catch (const std::exception &) {
			probe();
		}
	}
	sorting();
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	probe_open();
	everything();
	std::thread(everything).join();
	truth_write(argv[1]);
	return 0;
}
