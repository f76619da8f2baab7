/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.cc - namespaces, templates, lambdas, virtual functions and the standard library.
 */
#include <map>
#include <memory>
#include <string>
#include <vector>

extern "C" int note(int value);

#define ALWAYS inline __attribute__((always_inline))

namespace shapes
{

struct shape {
	virtual ~shape()
	{
		note(1);
	}
	virtual int area(int scale) const = 0;
};

template <class Number> struct square : shape {
	Number side;

	explicit square(Number s) : side(s)
	{
		note(int(s));
	}
	ALWAYS int edge(int scale) const
	{
		return note(int(side) * scale);
	}
	int area(int scale) const override
	{
		auto times = [this, scale](int n) { return n * edge(scale) + note(n); };

		return times(2) + times(edge(scale));
	}
	square &operator+=(Number more)
	{
		side += more + Number(note(3));
		return *this;
	}
};

template <class... Types> __attribute__((noinline)) int sum(const Types &...values)
{
	return (note(int(values)) + ...);
}

} // namespace shapes

__attribute__((noinline)) int containers(int n)
{
	std::vector<std::string> names;
	std::map<int, std::string> index;

	for (int i = 0; i < n; i++) {
		names.push_back(std::string(i, 'x'));
		index[i] = names.back();
	}
	return int(names.size() + index.size());
}

int main(int argc, char **)
{
	std::unique_ptr<shapes::shape> shape(new shapes::square<double>(argc));
	shapes::square<int> plain(argc);

	plain += 2;
	return shape->area(argc) + plain.area(1) + shapes::sum(argc, 2.5, 'c') +
	       containers(argc);
}
