/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry_points_cxx.cc - calls each of the twenty forms of operator new and delete.
 *
 * argv[1] gets the truth.  Exits 98 when one of them misbehaves.
 *
 * Build with: -O2 -fno-builtin
 */
#include "tests/targets/truth.h"

#include <errno.h>
#include <new>

static volatile size_t huge = PTRDIFF_MAX;
static const std::align_val_t wide = std::align_val_t(256);
static const std::nothrow_t &no = std::nothrow;

static void *made(const char *form, void *p, size_t size, size_t align)
{
	truth_made(form, p, size, align);
	MUST(p && (!align || (uintptr_t)p % align == 0));
	return hide(p);
}

static void *ended(const char *form, void *p)
{
	truth_ended(form, p);
	return p;
}

static void single(void)
{
	void *p = made("new", operator new(101), 101, 0);
	operator delete(ended("delete", p));
	p = made("new nothrow", operator new(102, no), 102, 0);
	operator delete(ended("delete nothrow", p), no);
	p = made("new", operator new(103), 103, 0);
	operator delete(ended("delete sized", p), 103);
	p = made("new aligned", operator new(104, wide), 104, 256);
	operator delete(ended("delete aligned", p), wide);
	p = made("new aligned nothrow", operator new(105, wide, no), 105, 256);
	operator delete(ended("delete aligned nothrow", p), wide, no);
	p = made("new aligned", operator new(106, wide), 106, 256);
	operator delete(ended("delete sized aligned", p), 106, wide);
}

static void array(void)
{
	void *p = made("new[]", operator new[](201), 201, 0);
	operator delete[](ended("delete[]", p));
	p = made("new[] nothrow", operator new[](202, no), 202, 0);
	operator delete[](ended("delete[] nothrow", p), no);
	p = made("new[]", operator new[](203), 203, 0);
	operator delete[](ended("delete[] sized", p), 203);
	p = made("new[] aligned", operator new[](204, wide), 204, 256);
	operator delete[](ended("delete[] aligned", p), wide);
	p = made("new[] aligned nothrow", operator new[](205, wide, no), 205, 256);
	operator delete[](ended("delete[] aligned nothrow", p), wide, no);
	p = made("new[] aligned", operator new[](206, wide), 206, 256);
	operator delete[](ended("delete[] sized aligned", p), 206, wide);
}

static void failing(void)
{
	MUST(!hide(operator new(huge, no)));
	truth_made("new nothrow", NULL, huge, 0);
	MUST(!hide(operator new[](huge, no)));
	truth_made("new[] nothrow", NULL, huge, 0);
}

/* Throwing allocates the exception itself, so this is compared on its own. */
static int thrown(void)
{
	int caught = 0;

	try {
		hide(operator new(huge));
	} catch (const std::bad_alloc &) {
		caught++;
	}
	try {
		hide(operator new[](huge - 64, wide));
	} catch (const std::bad_alloc &) {
		caught++;
	}
	return caught;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	hide(malloc(TRUTH_BEGIN));
	if (strcmp(argv[2], "throw") == 0) {
		MUST(thrown() == 2);
	} else if (strcmp(argv[2], "fail") == 0) {
		failing();
	} else {
		single();
		array();
		operator delete(NULL); /* no event */
		operator delete[](NULL, 5);
	}
	hide(malloc(TRUTH_END));
	truth_write(argv[1]);
	return 0;
}
