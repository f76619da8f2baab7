/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work_templates.cc - a work-load for a C++ compiler: the library's heavy headers, and
 * templates of our own that are instantiated often.
 */
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

template <int N> struct shape {
	std::map<int, std::vector<std::string>> rows;
	std::function<int(int)> next = [](int x) { return x + N; };
	int area() const
	{
		return N + shape<N - 1>().area();
	}
};
template <> struct shape<0> {
	int area() const
	{
		return 0;
	}
};

template <typename... T> struct bag {
	std::tuple<std::unique_ptr<T>...> all;
	std::unordered_map<std::string, std::variant<T...>> named;
	std::size_t size() const
	{
		return sizeof...(T) + named.size();
	}
};

std::string told(const std::string &text)
{
	std::ostringstream out;
	std::vector<std::string> words(3, text);

	std::sort(words.begin(), words.end(), std::greater<std::string>());
	for (const auto &word : words)
		out << word << ' ';
	return out.str();
}

int main(int argc, char **argv)
{
	bag<int, std::string, double> first;
	bag<std::vector<int>, std::map<int, std::string>, std::string, long> second;

	return shape<30>().area() + (int)first.size() + (int)second.size() +
	       (int)told(argc > 1 ? argv[1] : "1.5").size();
}
