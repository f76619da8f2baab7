/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_record.c - tests of running a program under the recorder.
 *
 * No recorder is needed here: a library that is in every process stands for it.
 * What the recorder itself does under "record" is tested end to end.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "analyzer/capture/capture.h"
#include "analyzer/capture/record.h"

#include <check.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/check_record.XXXXXX";
static char libc_path[4096];
static struct ms_error err;

/* --- fixtures
 * ----------------------------------------------------------------------------
 */

static void find_libc(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[8192];

	while (maps && fgets(line, sizeof line, maps)) {
		char *path = strchr(line, '/');

		if (!path || !strstr(path, "libc.so.6"))
			continue;
		path[strcspn(path, "\n")] = '\0';
		strcpy(libc_path, path);
	}
	if (maps)
		fclose(maps);
	ck_assert(*libc_path);
}

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	find_libc();
}

static void finish(void)
{
	char command[64];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const void *bytes, size_t len, int mode)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(name, (mode_t)mode), 0);
}

static void write_script(const char *name, const char *text)
{
	write_file(name, text, strlen(text), 0755);
}

struct program {
	Elf64_Ehdr elf;
	Elf64_Phdr segments[2];
	char loader[64];
};

/* A program as the one that runs this test is, which a test then spoils. */
static struct program program(const char *loader)
{
	struct program p;
	FILE *self = fopen("/proc/self/exe", "r");

	memset(&p, 0, sizeof p);
	ck_assert_uint_eq(fread(&p.elf, sizeof p.elf, 1, self), 1);
	fclose(self);
	p.elf.e_phoff = offsetof(struct program, segments);
	p.elf.e_phnum = 2;
	p.segments[0].p_type = PT_LOAD;
	p.segments[1].p_type = PT_INTERP;
	p.segments[1].p_offset = offsetof(struct program, loader);
	p.segments[1].p_filesz = strlen(loader) + 1;
	strcpy(p.loader, loader);
	return p;
}

/* The program is refused, and the sentence says why. */
static void refused(const struct program *p, const char *why)
{
	write_file("program", p, sizeof *p, 0755);
	ck_assert_int_eq(ms_record_check("./program", libc_path, &err), MS_EUSAGE);
	ck_assert_msg(strstr(err.text, why), "\"%s\" lacks \"%s\"", err.text, why);
	ck_assert_msg(strstr(err.text, "./program"), "\"%s\" names no file", err.text);
}

/* --- finding
 * -------------------------------------------------------------------------- */

START_TEST(finds_as_execvp_does)
{
	char path[MS_RECORD_PATH], search[4096];

	ck_assert_int_eq(ms_record_find(path, "sh", NULL, &err), MS_OK);
	ck_assert_int_eq(access(path, X_OK), 0);
	mkdir("a", 0755);
	mkdir("a/tool", 0755);
	mkdir("b", 0755);
	write_script("b/tool", "#!/bin/sh\n");
	snprintf(search, sizeof search, "%s/a:%s/none:%s/b", dir, dir, dir);
	ck_assert_int_eq(ms_record_find(path, "tool", search, &err), MS_OK);
	ck_assert_ptr_nonnull(strstr(path, "/b/tool"));
	write_script("here", "#!/bin/sh\n");
	ck_assert_int_eq(ms_record_find(path, "here", "/none:", &err), MS_OK);
	ck_assert_str_eq(path, "./here");
	ck_assert_int_eq(ms_record_find(path, "b/tool", "", &err), MS_OK);
	ck_assert_str_eq(path, "b/tool");
}
END_TEST

START_TEST(says_what_is_not_found)
{
	char path[MS_RECORD_PATH];

	ck_assert_int_eq(ms_record_find(path, "no-such-program", NULL, &err), MS_EUSAGE);
	ck_assert_str_eq(err.text, "no-such-program: not found in PATH");
	write_file("plain", "x", 1, 0644);
	ck_assert_int_eq(ms_record_find(path, "plain", dir, &err), MS_EUSAGE);
	ck_assert_str_eq(err.text, "plain: in PATH, but not executable");
	ck_assert_int_eq(ms_record_find(path, "./plain", dir, &err), MS_EUSAGE);
	ck_assert_str_eq(err.text, "./plain: is no executable file");
	ck_assert_int_eq(ms_record_find(path, "./none", dir, &err), MS_EUSAGE);
	ck_assert_str_eq(err.text, "./none: No such file or directory");
	ck_assert_int_eq(ms_record_find(path, "/", dir, &err), MS_EUSAGE);
}
END_TEST

START_TEST(finds_the_recorder)
{
	char path[MS_RECORD_PATH], expected[MS_RECORD_PATH];

	write_file("lib.so", "x", 1, 0644);
	ck_assert_int_eq(ms_record_library(path, "lib.so", &err), MS_OK);
	ck_assert_ptr_nonnull(realpath("lib.so", expected));
	ck_assert_str_eq(path, expected);
	ck_assert_int_eq(ms_record_library(path, "none.so", &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "none.so"));
	mkdir("with blank", 0755);
	write_file("with blank/lib.so", "x", 1, 0644);
	ck_assert_int_eq(ms_record_library(path, "with blank/lib.so", &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "LD_PRELOAD cannot hold"));
}
END_TEST

/* --- checking
 * ------------------------------------------------------------------------- */

START_TEST(accepts_real_programs)
{
	char path[MS_RECORD_PATH];

	ck_assert_int_eq(ms_record_find(path, "true", NULL, &err), MS_OK);
	ck_assert_msg(ms_record_check(path, libc_path, &err) == MS_OK, "%s", err.text);
	write_script("script", "#! /bin/sh -e\nexit 0\n");
	ck_assert_msg(ms_record_check("./script", libc_path, &err) == MS_OK, "%s",
		      err.text);
}
END_TEST

START_TEST(refuses_what_cannot_be_preloaded)
{
	struct program p;

	p = program("/bin/sh");
	p.segments[1].p_type = PT_LOAD;
	refused(&p, "statically linked");
	p = program("/bin/sh");
	p.elf.e_phnum = 0;
	refused(&p, "statically linked");
	p = program("/lib/ld-musl-x86_64.so.1");
	refused(&p, "C library musl");
	p = program("/system/bin/linker64");
	refused(&p, "bionic");
	p = program("/no/such/loader.so");
	refused(&p, "needs the loader /no/such/loader.so");
	p = program("/bin/sh");
	p.elf.e_machine ^= 1;
	refused(&p, "another machine");
	p = program("/bin/sh");
	p.elf.e_ident[EI_CLASS] = ELFCLASS32;
	refused(&p, "32-bit");
	p = program("/bin/sh");
	p.elf.e_type = ET_REL;
	refused(&p, "no program");
}
END_TEST

START_TEST(refuses_hostile_programs)
{
	struct program p = program("/bin/sh");

	p.elf.e_phoff = UINT64_MAX - 8;
	refused(&p, "cut off");
	p = program("/bin/sh");
	p.elf.e_phoff = sizeof p - 8;
	refused(&p, "cut off");
	p = program("/bin/sh");
	p.segments[1].p_offset = UINT64_MAX;
	refused(&p, "cut off");
	p = program("/bin/sh");
	p.segments[1].p_filesz = UINT64_MAX;
	refused(&p, "cut off");
	p = program("/bin/sh");
	p.segments[1].p_filesz = 0;
	refused(&p, "needs the loader");
	p = program("/bin/sh");
	for (size_t len = 0; len < sizeof p; len++) {
		write_file("program", &p, len, 0755);
		if (ms_record_check("./program", libc_path, &err) == MS_OK)
			ck_assert_uint_ge(len, offsetof(struct program, loader));
	}
}
END_TEST

START_TEST(refuses_texts_and_script_chains)
{
	char name[16], line[64];

	write_script("text", "echo hello\n");
	ck_assert_int_eq(ms_record_check("./text", libc_path, &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "neither an ELF program nor a script"));
	write_script("empty", "");
	ck_assert_int_eq(ms_record_check("./empty", libc_path, &err), MS_EUSAGE);
	write_script("bare", "#!\n");
	ck_assert_int_eq(ms_record_check("./bare", libc_path, &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "names no interpreter"));
	write_script("lost", "#!/no/such/interpreter\n");
	ck_assert_int_eq(ms_record_check("./lost", libc_path, &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "/no/such/interpreter"));
	write_script("s0", "#!/bin/sh\n");
	for (int i = 1; i <= 5; i++) {
		snprintf(name, sizeof name, "s%d", i);
		snprintf(line, sizeof line, "#!%s/s%d\n", dir, i - 1);
		write_script(name, line);
	}
	ck_assert_int_eq(ms_record_check("./s3", libc_path, &err), MS_OK);
	ck_assert_int_eq(ms_record_check("./s5", libc_path, &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "too many scripts"));
	write_script("self", "");
	snprintf(line, sizeof line, "#!%s/self\n", dir);
	write_script("self", line);
	ck_assert_int_eq(ms_record_check("./self", libc_path, &err), MS_EUSAGE);
}
END_TEST

/* Only root can make a file that would run as somebody else. */
START_TEST(refuses_set_id_programs)
{
	struct program p = program("/bin/sh");

	write_file("program", &p, sizeof p, 0755);
	if (getuid() == 0)
		ck_assert_int_eq(chown("program", 65534, 65534), 0);
	ck_assert_int_eq(chmod("program", 04755), 0);
	if (getuid() != 0) {
		ck_assert_int_eq(ms_record_check("./program", libc_path, &err), MS_OK);
		return;
	}
	ck_assert_int_eq(ms_record_check("./program", libc_path, &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "setuid"));
	ck_assert_int_eq(chmod("program", 02755), 0);
	ck_assert_int_eq(ms_record_check("./program", libc_path, &err), MS_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "setgid"));
	ck_assert_int_eq(chmod("program", 0755), 0);
	ck_assert_int_eq(ms_record_check("./program", libc_path, &err), MS_OK);
}
END_TEST

/* --- running
 * -------------------------------------------------------------------------- */

static struct ms_record_result run(char *const *argv, char *const *environment)
{
	struct ms_record_options options = { .argv = argv,
					     .library = libc_path,
					     .environment = environment };
	struct ms_record_result result;

	ck_assert_msg(ms_record_run(&options, &result, &err) == MS_OK, "%s", err.text);
	ck_assert_uint_gt(result.pid, 1);
	return result;
}

static struct ms_record_result shell(const char *command)
{
	char *argv[] = { "sh", "-c", (char *)command, NULL };

	return run(argv, NULL);
}

START_TEST(returns_the_exit_code)
{
	char *argv[] = { "true", NULL };
	struct ms_record_result result = run(argv, NULL);

	ck_assert_int_eq(result.exit_code, 0);
	ck_assert_int_eq(result.signal, 0);
	ck_assert_str_eq(result.log_path, "");
	argv[0] = "false";
	ck_assert_int_eq(run(argv, NULL).exit_code, 1);
	ck_assert_int_eq(shell("exit 77").exit_code, 77);
	result = shell("kill -9 $$");
	ck_assert_int_eq(result.exit_code, 128 + SIGKILL);
	ck_assert_int_eq(result.signal, SIGKILL);
	ck_assert_int_eq(shell("kill -TERM $$").exit_code, 128 + SIGTERM);
}
END_TEST

START_TEST(leaves_the_exit_code_where_children_are_ignored)
{
	signal(SIGCHLD, SIG_IGN);
	ck_assert_int_eq(shell("exit 3").exit_code, 3);
	ck_assert_ptr_eq(signal(SIGCHLD, SIG_DFL), SIG_IGN);
}
END_TEST

/* The signal is sent to us, by another process than the program. */
START_TEST(forwards_signals)
{
	char command[256];
	static const char *const names[] = {
		"INT", "TERM", "HUP", "QUIT", "USR1", "USR2"
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(command, sizeof command,
			 "trap 'exit %zu' %s; (kill -%s %d); "
			 "i=0; while [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done",
			 40 + i, names[i], names[i], getpid());
		ck_assert_int_eq(shell(command).exit_code, 40 + (int)i);
	}
}
END_TEST

static void read_line(const char *name, char *line, int size)
{
	FILE *f = fopen(name, "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, size, f));
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
}

START_TEST(passes_the_environment)
{
	char *argv[] = { "sh", "-c",
			 "echo \"$A|$MEMSCOPE_DEPTH|$MEMSCOPE_OUTPUT|$LD_PRELOAD\" >out",
			 NULL };
	char *environment[] = { "A=1", "MEMSCOPE_DEPTH=3", "LD_PRELOAD=libm.so.6",
				"MEMSCOPE_OUTPUT=theirs", NULL };
	char *settings[] = { "MEMSCOPE_DEPTH=7", NULL };
	struct ms_record_options options = { .argv = argv,
					     .library = libc_path,
					     .environment = environment,
					     .settings = settings,
					     .output = "ours.%p" };
	struct ms_record_result result;
	char line[8192], expected[8192], real[4096];

	ck_assert_int_eq(ms_record_run(&options, &result, &err), MS_OK);
	ck_assert_ptr_nonnull(realpath(libc_path, real));
	snprintf(expected, sizeof expected, "1|7|ours.%%p|%s:libm.so.6", real);
	read_line("out", line, sizeof line);
	ck_assert_str_eq(line, expected);
	options.environment = NULL; /* the caller's own */
	ck_assert_int_eq(setenv("A", "inherited", 1), 0);
	ck_assert_int_eq(ms_record_run(&options, &result, &err), MS_OK);
	read_line("out", line, sizeof line);
	ck_assert_int_eq(strncmp(line, "inherited|7|", 12), 0);
}
END_TEST

START_TEST(finds_the_program_in_the_given_path)
{
	char *argv[] = { "tool", NULL };
	char path[64], *environment[] = { path, NULL };

	snprintf(path, sizeof path, "PATH=%s/bin", dir);
	mkdir("bin", 0755);
	write_script("bin/tool", "#!/bin/sh\nexit 9\n");
	ck_assert_int_eq(run(argv, environment).exit_code, 9);
}
END_TEST

START_TEST(says_why_it_does_not_start)
{
	char *argv[] = { "./program", NULL };
	struct ms_record_options options = { .argv = argv, .library = libc_path };
	struct ms_record_result result;
	struct program p = program("/bin/sh"); /* good heads, but no segment to load */

	ck_assert_int_eq(ms_record_run(&options, &result, &err), MS_EUSAGE);
	p.elf.e_entry = 0;
	p.segments[0].p_type = PT_NULL;
	p.segments[1].p_filesz = 7; /* its end is not NUL: the kernel refuses it */
	write_file("program", &p, sizeof p, 0755);
	ck_assert_int_eq(ms_record_run(&options, &result, &err), MS_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot be started"));
	options.library = "/no/such/recorder.so";
	ck_assert_int_eq(ms_record_run(&options, &result, &err), MS_EUSAGE);
}
END_TEST

START_TEST(survives_want_of_memory)
{
	char *argv[] = { "true", NULL };
	char *environment[] = { "A=1", "LD_PRELOAD=libm.so.6", NULL };
	struct ms_record_options options = { .argv = argv,
					     .library = libc_path,
					     .output = "x.%p",
					     .environment = environment };
	struct ms_record_result result;
	ms_status status = MS_ENOMEM;
	unsigned long n;

	for (n = 1; status && n < 100; n++) {
		ms_alloc_fail_at(n);
		status = ms_record_run(&options, &result, &err);
		ms_alloc_fail_at(0);
		if (status)
			ck_assert_int_eq(status, MS_ENOMEM);
	}
	ck_assert_int_eq(status, MS_OK);
	ck_assert_uint_gt(n, 4);
}
END_TEST

/* --- the log's path
 * ------------------------------------------------------------------- */

int main(void)
{
	const TTest *const tests[] = {
		finds_as_execvp_does,
		says_what_is_not_found,
		finds_the_recorder,
		accepts_real_programs,
		refuses_what_cannot_be_preloaded,
		refuses_hostile_programs,
		refuses_texts_and_script_chains,
		refuses_set_id_programs,
		returns_the_exit_code,
		leaves_the_exit_code_where_children_are_ignored,
		forwards_signals,
		passes_the_environment,
		finds_the_program_in_the_given_path,
		says_why_it_does_not_start,
		survives_want_of_memory,
	};
	Suite *suite = suite_create("record");
	TCase *tcase = tcase_create("record");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, finish);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
