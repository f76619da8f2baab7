/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_site.c - which frame a stack is filed under.
 */
#include "tests/unit/symbol_fixture.h"

#include "analyzer/base/alloc.h"
#include "analyzer/metadata/site.h"

#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool is_plumbing(const char *function, const char *module)
{
	struct ms_frame frame = { .function = function, .module = module };

	return ms_site_is_plumbing(&frame);
}

START_TEST(plumbing)
{
	static const char *const names[] = {
		"malloc",
		"calloc",
		"reallocarray",
		"posix_memalign",
		"__libc_malloc",
		"__GI___libc_realloc",
		"operator new(unsigned long)",
		"operator new[](unsigned long, std::align_val_t)",
		"operator delete(void*, unsigned long)",
		"operator delete[](void*)",
		"std::__new_allocator<int>::allocate(unsigned long, void const*)",
		"__gnu_cxx::new_allocator<std::pair<int const, char> >::allocate(unsigned "
		"long, void const*)",
		"std::allocator_traits<std::allocator<int> >::allocate(std::allocator<int>&, "
		"unsigned long)",
		"std::allocator<char>::allocate(unsigned long)",
		"std::_Vector_base<int, std::allocator<int> >::_M_allocate(unsigned long)",
		"std::_Rb_tree<int, int, std::_Identity<int>, std::less<int>, "
		"std::allocator<int> >::_M_get_node()",
		"std::__allocated_ptr<std::allocator<int> > "
		"std::__allocate_guarded<std::allocator<int> >(std::allocator<int>&)",
		"std::__1::allocator<int>::allocate[abi:v15000](unsigned long)",
		"std::_Rb_tree_node<int>* std::_Rb_tree<int, int, std::_Identity<int>, "
		"std::less<int>, std::allocator<int> >::_M_create_node<int>(int&&)",
		"std::__1::__libcpp_allocate(unsigned long, unsigned long)",
		"__rust_alloc",
		"__rdl_alloc",
		"__rustc::__rust_alloc",
		"alloc::alloc::exchange_malloc",
		"<alloc::alloc::Global as core::alloc::Allocator>::allocate",
		"<alloc::alloc::Global>::alloc_impl",
		"alloc::raw_vec::RawVec<T,A>::grow_amortized",
		"hashbrown::raw::RawTableInner<A>::new_uninitialized",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!is_plumbing(names[i], "/bin/app"))
			ck_abort_msg("a site: %s", names[i]);
	ck_assert(is_plumbing("_int_malloc", "/lib/x86_64-linux-gnu/libc.so.6"));
	ck_assert(is_plumbing("whatever", "/usr/lib/libmemscope.so"));
	ck_assert(is_plumbing(NULL, "libmemscope.so"));
}
END_TEST

START_TEST(sites)
{
	static const char *const names[] = {
		"main",
		"strdup",
		"xmalloc",
		"malloc_usable_size",
		"my_calloc",
		"mallocator",
		"Foo::operator new(unsigned long)",
		"pool::malloc(unsigned long)",
		"operator==(Foo const&, Foo const&)",
		"Foo::operator()(int) const",
		"Foo::operator bool() const",
		"void run<std::allocator<int>::allocate>(int)",
		"void take(std::allocator<char>::allocate)",
		"std::vector<int, std::allocator<int> >::push_back(int&&)",
		"std::vector<int, std::allocator<int> >::_M_realloc_insert<int>(int)",
		"std::pair<operator new, int> make()",
		"(anonymous namespace)::malloc(unsigned long)",
		"user::alloc::alloc::run",
		"alloc::vec::Vec<T,A>::reserve",
		"alloc::boxed::Box<T>::new",
		"<mycrate::Pool as core::alloc::Allocator>::allocate",
		"decltype (a+b) f(int)",
		"",
		"(",
		"<",
		">>>>",
		"operator",
		"operator<",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (is_plumbing(names[i], "/bin/app"))
			ck_abort_msg("plumbing: %s", names[i]);
	ck_assert(!is_plumbing(NULL, "/bin/app"));
	ck_assert(!is_plumbing(NULL, NULL));
	/* glibc's inner names are anybody's elsewhere. */
	ck_assert(!is_plumbing("_int_malloc", "/bin/app"));
	ck_assert(!is_plumbing("sysmalloc", NULL));
}
END_TEST

/* Recorded nowhere: the stack is what the compiler made of new in push_back. */
START_TEST(the_first_that_is_none)
{
	struct addresses calls;
	struct program program;
	const struct ms_frame *site, *frames;
	size_t count, through = 0;
	struct ms_error err;

	fixture_begin();
	shell("gcc -c -I$ROOT -o note.o $SRC/note.c; g++ -g -O2 $SRC/calls.cc note.o -o cxx");
	calls = call_addresses(at("cxx"));
	program = program_new(at("cxx"), NULL, &calls);
	for (uint32_t node = 1; node <= program.count; node++) {
		ck_assert_int_eq(
			ms_metadata_frames(program.meta, node, &frames, &count, &err),
			MS_OK);
		ck_assert_int_eq(ms_metadata_site(program.meta, node, &site, &err),
				 MS_OK);
		ck_assert_ptr_nonnull(site);
		if (strstr(frames[0].function ? frames[0].function : "", "::allocate(")) {
			/* allocate was inlined: the site is a frame of the same address.
			 */
			ck_assert_ptr_null(strstr(site->function, "::allocate("));
			ck_assert(site > frames && site < frames + count);
			through++;
		}
	}
	ck_assert_uint_gt(through, 1);
	program_free(&program);
	free(calls.items);
	fixture_end();
}
END_TEST

/* Frames of other nodes, cuts, and nothing but plumbing. */
START_TEST(along_the_stack)
{
	struct addresses none = { NULL, 0 };
	struct program program;
	struct ms_wire_node nodes[6];
	const struct ms_frame *site;
	struct ms_module recorder = { .id = 2, .path = "/x/libmemscope.so" };
	struct ms_error err;

	program = program_new("/no/such/file", NULL, &none);
	ck_assert_int_eq(ms_metadata_add_module(program.meta, &recorder, 17), MS_OK);
	nodes[0] = node_of(1, 1, 0x100, 0); /* a caller */
	nodes[1] = node_of(2, 2, 0x200, 1); /* the recorder */
	nodes[2] = node_of(3, 2, 0x300, 2); /* the recorder, the leaf */
	nodes[3] = node_of(4, MS_MODULE_CUT, MS_CUT_DEPTH, 0); /* cut */
	nodes[4] = node_of(5, 2, 0x500, 4);		       /* nothing else */
	nodes[5] = node_of(6, 2, 0x600, 3);
	ck_assert_int_eq(ms_metadata_add_nodes(program.meta, 1, nodes, 6), MS_OK);

	ck_assert_int_eq(ms_metadata_site(program.meta, 3, &site, &err), MS_OK);
	ck_assert_uint_eq(site->address, 0x100);
	ck_assert_int_eq(ms_metadata_site(program.meta, 6, &site, &err), MS_OK);
	ck_assert_uint_eq(site->address, 0x100);
	ck_assert_int_eq(ms_metadata_site(program.meta, 5, &site, &err), MS_OK);
	ck_assert_uint_eq(site->address, 0x500);
	ck_assert_int_eq(ms_metadata_site(program.meta, 4, &site, &err), MS_OK);
	ck_assert_uint_eq(site->cut, MS_CUT_DEPTH);
	ck_assert_int_eq(ms_metadata_site(program.meta, 0, &site, &err), MS_OK);
	ck_assert_ptr_null(site);
	ck_assert_int_eq(ms_metadata_site(program.meta, 7, &site, &err), MS_OK);
	ck_assert_ptr_null(site);
	program_free(&program);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("site");
	Suite *suite = suite_create("site");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, plumbing);
	tcase_add_test(tests, sites);
	tcase_add_test(tests, the_first_that_is_none);
	tcase_add_test(tests, along_the_stack);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
