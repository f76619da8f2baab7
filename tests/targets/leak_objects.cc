/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_objects.cc - the same as leak_truth.c, with C++ objects.
 *
 * Build with: -O0
 */
#include "tests/targets/leak_truth.h"

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace
{

void *global;
unsigned long hidden;

struct Plain {
	long a, b;
};

struct Counted { /* an array of these has a cookie */
	Plain *p;
	Counted() : p(nullptr)
	{
	}
	~Counted()
	{
		delete p;
	}
};

struct Left {
	virtual ~Left()
	{
	}
	virtual int left()
	{
		return 1;
	}
	long l = 1;
};

struct Right {
	virtual ~Right()
	{
	}
	virtual int right()
	{
		return 2;
	}
	long r = 2;
};

struct Both : Left, Right {
	int left() override
	{
		return 3;
	}
	int right() override
	{
		return 4;
	}
	long both = 3;
};

void lost_object()
{
	hidden = HIDDEN(new Plain());
}

void kept_object()
{
	global = new Plain();
}

void lost_array()
{
	hidden = HIDDEN(new Plain[10]());
}

void kept_cookie()
{
	global = new Counted[10];
}

void lost_cookie()
{
	hidden = HIDDEN(new Counted[10]);
}

void cookie_with_children()
{
	Counted *c = new Counted[10];

	for (int i = 0; i < 10; i++)
		c[i].p = new Plain();
	global = c;
}

void kept_right()
{
	global = static_cast<Right *>(new Both());
}

void kept_left()
{
	global = static_cast<Left *>(new Both());
}

void lost_both()
{
	hidden = HIDDEN(new Both());
}

/* As strings were before C++11: length, capacity, users, characters. */
void old_string()
{
	struct Rep {
		unsigned long length, capacity, users;
	};
	Rep *r = static_cast<Rep *>(calloc(1, sizeof(Rep) + 40 + 1));

	r->length = 12;
	r->capacity = 40;
	global = r + 1;
}

void no_old_string()
{
	unsigned long *r = static_cast<unsigned long *>(calloc(1, 24 + 40 + 1));

	r[0] = 50;
	r[1] = 40;
	global = r + 3;
}

void short_text()
{
	global = new std::string("short");
}

void long_text()
{
	global = new std::string("a text that is too long to lie in the object itself");
}

void lost_text()
{
	hidden = HIDDEN(
		new std::string("a text that is too long to lie in the object itself"));
}

void kept_vector()
{
	auto *v = new std::vector<int>;

	for (int i = 0; i < 100; i++)
		v->push_back(i);
	global = v;
}

void lost_vector()
{
	auto *v = new std::vector<std::string>;

	for (int i = 0; i < 20; i++)
		v->push_back("a text that is too long to lie in the object itself");
	hidden = HIDDEN(v);
}

void kept_map()
{
	auto *m = new std::map<int, std::string>;

	for (int i = 0; i < 50; i++)
		(*m)[i] = "a text that is too long to lie in the object itself";
	global = m;
}

void lost_map()
{
	auto *m = new std::map<int, int>;

	for (int i = 0; i < 50; i++)
		(*m)[i] = i;
	hidden = HIDDEN(m);
}

void lost_list()
{
	hidden = HIDDEN(new std::list<int>(30, 7));
}

void kept_deque()
{
	auto *d = new std::deque<int>;

	for (int i = 0; i < 1000; i++)
		d->push_back(i);
	global = d;
}

struct Knot {
	std::shared_ptr<Knot> other;
	long value = 0;
};

void lost_cycle()
{
	auto a = std::make_shared<Knot>(), b = std::make_shared<Knot>();

	a->other = b;
	b->other = a;
}

void kept_shared()
{
	global = new std::shared_ptr<Plain>(std::make_shared<Plain>());
}

void kept_function()
{
	std::string text = "a text that is too long to lie in the object itself";

	global = new std::function<size_t()>([text] { return text.size(); });
}

struct Owner {
	std::vector<Plain *> list;
	~Owner()
	{
		for (Plain *p : list)
			delete p;
	}
};

Owner owner, &other = *new Owner;

void freed_by_global()
{
	for (int i = 0; i < 10; i++)
		owner.list.push_back(new Plain());
}

void kept_by_global()
{
	for (int i = 0; i < 10; i++)
		other.list.push_back(new Plain());
}

void thrown()
{
	try {
		Plain *p = new Plain();

		hidden = HIDDEN(p);
		throw std::string("a text that is too long to lie in the object itself");
	} catch (std::string &) {
	}
}

void joined_thread()
{
	std::thread t([] { hidden = HIDDEN(new Plain()); });

	t.join();
}

#define CASE(name)          \
	{                   \
#name, name \
	}

const leak_case cases[] = {
	CASE(lost_object),    CASE(kept_object),   CASE(lost_array),
	CASE(kept_cookie),    CASE(lost_cookie),   CASE(cookie_with_children),
	CASE(kept_right),     CASE(kept_left),	   CASE(lost_both),
	CASE(old_string),     CASE(no_old_string), CASE(short_text),
	CASE(long_text),      CASE(lost_text),	   CASE(kept_vector),
	CASE(lost_vector),    CASE(kept_map),	   CASE(lost_map),
	CASE(lost_list),      CASE(kept_deque),	   CASE(lost_cycle),
	CASE(kept_shared),    CASE(kept_function), CASE(freed_by_global),
	CASE(kept_by_global), CASE(thrown),	   CASE(joined_thread),
};

} // namespace

int main(int argc, char **argv)
{
	return run_case(cases, sizeof cases / sizeof *cases, argc, argv);
}
