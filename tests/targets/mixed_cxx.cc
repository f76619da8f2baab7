/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mixed_cxx.cc - a C++ program as they are: containers, strings, exceptions and threads.
 *
 * Build with: -O2 -fno-builtin
 */
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

static int parse(const std::string &text)
{
	if (text.size() % 7 == 3)
		throw std::invalid_argument("no number: " + text);
	return static_cast<int>(text.size());
}

static long work(int seed)
{
	std::map<std::string, std::unique_ptr<std::vector<int>>> table;
	std::unordered_map<int, std::string> names;
	long sum = 0;

	for (int i = 0; i < 2000; i++) {
		std::ostringstream text;
		text << "key " << (i * 31 + seed) % 997
		     << std::string(static_cast<size_t>(i) % 40, '.');
		try {
			sum += parse(text.str());
		} catch (const std::invalid_argument &e) {
			sum += static_cast<long>(std::string(e.what()).size());
		}
		auto &slot = table[text.str()];
		if (!slot)
			slot = std::make_unique<std::vector<int>>();
		slot->push_back(i);
		names[i % 300] = text.str();
		if (i % 5 == 0)
			table.erase(table.begin());
	}
	return sum + static_cast<long>(table.size() + names.size());
}

int main()
{
	std::vector<std::thread> threads;
	long sums[4];

	for (int i = 0; i < 4; i++)
		threads.emplace_back([i, &sums] { sums[i] = work(i); });
	for (auto &thread : threads)
		thread.join();
	for (long sum : sums)
		std::cout << sum << "\n";
	return 3;
}
