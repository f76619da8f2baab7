/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - the settings of a recording, read once from the environment.
 *
 * Runs before libc may have set up its own view of the environment, so it reads the one
 * that the kernel put on the stack.
 */
#include "preload/config.h"

#include "common/units.h"
#include "preload/recorder.h"

#include <signal.h>
#include <string.h>

struct ms_config ms_config = { .mode = MS_MODE_FULL,
			       .sample = 512 * 1024,
			       .cull_ns = 10000000,
			       .follow = MS_FOLLOW_FORK | MS_FOLLOW_EXEC,
			       .free_stacks = true,
			       .heapmap_exit = true,
			       .heapmap_api = true,
			       .mappings = true };

static const char *output = "memscope.%p.bin";

/* --- one parser a variable: false when the value makes no sense ----------------------
 */

static bool parse_output(const char *v)
{
	if (!*v)
		return false;
	output = v;
	return true;
}

static bool parse_stacks(const char *v)
{
	static const char *const names[] = { "full", "fp", "none" };

	for (unsigned i = 0; i < 3; i++) {
		if (!strcmp(v, names[i])) {
			ms_config.stacks = (enum ms_stacks)i;
			return true;
		}
	}
	return false;
}

static bool parse_mode(const char *v)
{
	static const struct {
		const char *name;
		enum ms_wire_mode mode;
	} modes[] = { { "full", MS_MODE_FULL },
		      { "cull", MS_MODE_CULL },
		      { "sample", MS_MODE_SAMPLE },
		      { "counters", MS_MODE_COUNTERS } };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (!strcmp(v, modes[i].name)) {
			ms_config.mode = modes[i].mode;
			return true;
		}
	}
	return false;
}

static bool parse_sample(const char *v)
{
	uint64_t mean;

	if (!ms_parse_size(v, &mean) || !mean || mean > MS_SAMPLE_MEAN_MAX)
		return false;
	ms_config.sample = mean;
	return true;
}

#define CULL_MAX_NS 3600000000000ULL

static bool parse_cull(const char *v)
{
	uint64_t ns;

	if (!ms_parse_time(v, &ns) || !ns || ns > CULL_MAX_NS)
		return false;
	ms_config.cull_ns = ns;
	return true;
}

static bool parse_depth(const char *v)
{
	return ms_parse_number(v, &ms_config.depth);
}

static bool parse_switch(const char *v, bool *on)
{
	if ((v[0] != '0' && v[0] != '1') || v[1])
		return false;
	*on = v[0] == '1';
	return true;
}

static bool parse_free_stacks(const char *v)
{
	return parse_switch(v, &ms_config.free_stacks);
}

static bool parse_quiet(const char *v)
{
	return parse_switch(v, &ms_config.quiet);
}

static bool parse_mmap(const char *v)
{
	return parse_switch(v, &ms_config.mappings);
}

/* "fork", "exec" or both, or "none" by itself. */
static bool parse_follow(const char *v)
{
	static const struct {
		const char *name;
		unsigned bit;
	} names[] = { { "fork", MS_FOLLOW_FORK }, { "exec", MS_FOLLOW_EXEC } };
	unsigned follow = MS_FOLLOW_ASKED;

	while (strcmp(v, "none")) {
		unsigned before = follow;
		size_t n = 4;

		for (size_t i = 0; i < 2; i++)
			if (!strncmp(v, names[i].name, n))
				follow |= names[i].bit;
		if (follow == before || (v[n] && v[n] != ','))
			return false;
		v += n;
		if (!*v++)
			break;
		if (!strcmp(v, "none"))
			return false;
	}
	ms_config.follow = follow;
	return true;
}

static bool parse_start(const char *v)
{
	ms_config.start_paused = !strcmp(v, "off");
	return ms_config.start_paused || !strcmp(v, "on");
}

static bool parse_max_size(const char *v)
{
	return ms_parse_size(v, &ms_config.max_size);
}

/* The signal of the n bytes at v, with or without SIG; 0: none that may be taken. */
static int signal_number(const char *v, size_t n)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {
		{ "HUP", SIGHUP },   { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
		{ "PROF", SIGPROF }, { "ALRM", SIGALRM }, { "CONT", SIGCONT },
		{ "URG", SIGURG },   { "IO", SIGIO },	  { "WINCH", SIGWINCH },
		{ "PWR", SIGPWR },   { "TERM", SIGTERM }, { "INT", SIGINT },
		{ "QUIT", SIGQUIT }, { "TSTP", SIGTSTP }, { "VTALRM", SIGVTALRM }
	};

	if (n > 3 && !strncmp(v, "SIG", 3)) {
		v += 3;
		n -= 3;
	}
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (!strncmp(v, signals[i].name, n) && !signals[i].name[n])
			return signals[i].number;
	return 0;
}

static bool parse_signal(const char *v)
{
	int number = signal_number(v, strlen(v));

	if (number)
		ms_config.signal = number;
	return number;
}

/*
 * "exit", a signal, "api", with commas; "off" by itself.  A program that asks for a map
 * gets one unless all are off: "api" says that there are no other occasions.
 */
static bool parse_heapmap(const char *v)
{
	bool at_exit = false;
	int number = 0;

	while (strcmp(v, "off")) {
		const char *comma = strchr(v, ',');
		size_t n = comma ? (size_t)(comma - v) : strlen(v);
		int found = signal_number(v, n);

		if (n == 4 && !strncmp(v, "exit", 4))
			at_exit = true;
		else if (found && !number)
			number = found;
		else if (n != 3 || strncmp(v, "api", 3))
			return false;
		if (!comma)
			break;
		v = comma + 1;
		if (!strcmp(v, "off"))
			return false;
	}
	ms_config.heapmap_exit = at_exit;
	ms_config.heapmap_api = strcmp(v, "off");
	ms_config.heapmap_signal = number;
	return true;
}

static const struct {
	const char *name;
	bool (*parse)(const char *value);
} variables[] = {
	{ "OUTPUT", parse_output },	{ "STACKS", parse_stacks },
	{ "DEPTH", parse_depth },	{ "FREE_STACKS", parse_free_stacks },
	{ "START", parse_start },	{ "SIGNAL", parse_signal },
	{ "MAX_SIZE", parse_max_size }, { "QUIET", parse_quiet },
	{ "MODE", parse_mode },		{ "SAMPLE", parse_sample },
	{ "CULL", parse_cull },		{ "FOLLOW", parse_follow },
	{ "MMAP", parse_mmap },		{ "HEAPMAP", parse_heapmap },
};
#define VARIABLES (sizeof variables / sizeof *variables)

/* Which row sets the variable of this environment entry; VARIABLES: none. */
static size_t find_variable(const char *entry)
{
	for (size_t i = 0; i < VARIABLES; i++) {
		size_t n = strlen(variables[i].name);

		if (!strncmp(entry, variables[i].name, n) && entry[n] == '=')
			return i;
	}
	return VARIABLES;
}

static void read_variable(const char *entry, bool only_quiet)
{
	size_t i = find_variable(entry + 9);
	const char *value = strchr(entry, '=');

	if (only_quiet != (i < VARIABLES && variables[i].parse == parse_quiet))
		return;
	if (i == VARIABLES)
		ms_note("unknown variable ", entry, ": ignored");
	else if (!variables[i].parse(value + 1))
		ms_note("bad value ", entry, ": the default is used");
}

/* QUIET first, so that it quiets complaints about what comes before it. */
static void read_environment(void)
{
	for (int pass = 0; pass < 2; pass++)
		for (char **e = ms_config.environ; e && *e; e++)
			if (!strncmp(*e, "MEMSCOPE_", 9) && strchr(*e, '='))
				read_variable(*e, pass == 0);
}

extern void *__libc_stack_end; /* ld.so's: where the kernel put argc */
extern char **environ;

/* The kernel puts the strings of argv, then those of the environment, without a gap. */
static void find_strings(void)
{
	const char *last = ms_config.argv[ms_config.argc - 1];

	ms_config.arguments = ms_config.argv[0];
	ms_config.arguments_end = last + strlen(last) + 1;
	ms_config.environment_end = ms_config.arguments_end;
	for (char **e = ms_config.environ; *e; e++)
		ms_config.environment_end = *e + strlen(*e) + 1;
}

static void find_arguments(void)
{
	uintptr_t *top = __libc_stack_end;
	char **vector = (char **)(top + 1);

	ms_config.environ = environ;
	if (!top || top[0] == 0 || top[0] > 1 << 24 || vector[top[0]])
		return;
	ms_config.argc = (int)top[0];
	ms_config.argv = vector;
	ms_config.environ = vector + top[0] + 1;
	find_strings();
}

static void make_absolute(void)
{
	size_t n = 0;

	if (output[0] != '/') {
		long r = ms_sys(SYS_getcwd, ms_config.output, sizeof ms_config.output - 1,
				0, 0);

		n = ms_sys_failed(r) || r < 1 ? 0 : (size_t)r - 1;
		if (n && ms_config.output[n - 1] != '/')
			ms_config.output[n++] = '/';
	}
	if (n + strlen(output) >= sizeof ms_config.output)
		ms_config.output[0] = '\0';
	else
		strcpy(ms_config.output + n, output);
}

void ms_config_read(void)
{
	find_arguments();
	read_environment();
	make_absolute();
}

/* --- the path of a log ----------------------------------------------------------------
 */

struct text {
	char *p, *end;
};

static void put(struct text *t, const char *s, size_t n)
{
	if ((size_t)(t->end - t->p) <= n) {
		t->end = t->p; /* stays full */
		return;
	}
	memcpy(t->p, s, n);
	t->p += n;
}

static void put_number(struct text *t, uint64_t v)
{
	char digits[20];
	size_t i = sizeof digits;

	do
		digits[--i] = (char)('0' + v % 10);
	while (v /= 10);
	put(t, digits + i, sizeof digits - i);
}

static void put_program(struct text *t)
{
	const char *name = ms_config.arguments ? ms_config.arguments : "program";
	const char *slash = strrchr(name, '/');

	name = slash ? slash + 1 : name;
	put(t, name, strlen(name));
}

/* The extension of the pattern's last component, or its end. */
static const char *extension(const char *pattern)
{
	const char *slash = strrchr(pattern, '/');
	const char *dot = strrchr(slash ? slash + 1 : pattern, '.');

	return dot && dot != (slash ? slash + 1 : pattern) ? dot
							   : pattern + strlen(pattern);
}

bool ms_config_path(char *path, size_t size, uint64_t pid, uint64_t unix_seconds,
		    unsigned clash)
{
	struct text t = { path, path + size };
	const char *ext = extension(ms_config.output);

	if (!ms_config.output[0])
		return false;
	for (const char *s = ms_config.output;; s++) {
		if (s == ext && clash) {
			put(&t, ".", 1);
			put_number(&t, clash);
		}
		if (!*s)
			break;
		if (*s != '%' || !s[1] || !strchr("pet%", s[1])) {
			put(&t, s, 1);
			continue;
		}
		s++;
		if (*s == 'p')
			put_number(&t, pid);
		else if (*s == 'e')
			put_program(&t);
		else if (*s == 't')
			put_number(&t, unix_seconds);
		else
			put(&t, "%", 1);
	}
	if (t.p >= t.end)
		return false;
	*t.p = '\0';
	return true;
}
