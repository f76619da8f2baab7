/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress_built_in.c - what the C and the C++ library keep for themselves.
 *
 * Valgrind has them freed at exit (__libc_freeres) or suppressed by its default.supp.
 * Here the libraries' functions name them, and only as long as the stack, from the leaf,
 * has not left the libraries: a program's function of such a name hides nothing, nor does
 * a program's constructor that dlopen runs.  Names are given as the dynamic symbols have
 * them and as glibc's debug information has them.
 */
#include "analyzer/facade/suppress_rules.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const stdio[] = { "_IO_*doallocate", "_IO_*doallocbuf", NULL };
static const char *const dlopen_calls[] = {
	"dlopen",	   "___dlopen",	     "dlmopen",
	"___dlmopen",	   "dlsym",	     "___dlsym",
	"dlvsym",	   "___dlvsym",	     "dlclose",
	"__dlclose",	   "___dlclose",     "dlerror",
	"__dlerror",	   "___dlerror",     "dlinfo",
	"__dlinfo",	   "dladdr",	     "__dladdr",
	"___dladdr",	   "_dlerror_run",   "dlopen_implementation",
	"dlerror_run",	   "__libc_dlopen*", "_dl_open",
	"dl_open_worker*", "_dl_signal_*",   NULL
};
static const char *const threads[] = { "pthread_create", "__pthread_create_2_1",
				       "_dl_allocate_tls*", "allocate_stack", NULL };
static const char *const nss[] = {
	"__nss_*",    "nss_*",	     "_nss_*",	    "getpw*",	   "getgr*",
	"getsp*",     "gethostby*",  "getservby*",  "getprotoby*", "getnet*",
	"getrpc*",    "getaliasby*", "setpwent",    "setgrent",	   "initgroups",
	"gethostent", "getservent",  "getprotoent", "__res_*",	   "res_init",
	"__resolv_*", "res_ninit",   "__check_pf",  NULL
};
static const char *const locale[] = { "setlocale", "_nl_*",	   "*textdomain*",
				      "*gettext*", "__dcigettext", NULL };
static const char *const new_locale[] = { "newlocale", "__newlocale", NULL };
static const char *const gconv[] = { "__gconv_open",
				     "__gconv_find_transform",
				     "__gconv_load_*",
				     "__gconv_read_*",
				     "__gconv_get_*",
				     "__wcsmbs_*",
				     NULL };
static const char *const wide[] = {
	"__wcsmbs_load_conv", "btowc",	    "__btowc",	  "wctob", "*mbrtowc",
	"*wcrtomb",	      "*mbsrtowcs", "*wcsrtombs", NULL
};
static const char *const timezone_calls[] = { "tzset*",	    "__tz*",	    "tz_*",
					      "localtime*", "__localtime*", "mktime",
					      "__mktime*",  "strftime*",    "__strftime*",
					      NULL };
static const char *const backtraces[] = {
	"backtrace",	"__backtrace",	  "pthread_cancel",	    "__pthread_cancel",
	"pthread_exit", "__pthread_exit", "__libc_unwind_link_get", NULL
};
static const char *const exits[] = { "__new_exitfn",
				     "__cxa_atexit",
				     "on_exit",
				     "__on_exit",
				     "at_quick_exit",
				     "__cxa_at_quick_exit",
				     "__internal_atexit",
				     "__cxa_thread_atexit_impl",
				     NULL };
static const char *const environment[] = { "setenv", "putenv", "__add_to_environ",
					   "unsetenv", NULL };
static const char *const results[] = {
	"ttyname",   "getmntent",    "strerror",     "strerror_l", "__strerror_l",
	"strsignal", "getusershell", "setusershell", "getfsent",   "getlogin",
	NULL
};

/* The first that matches counts. */
static const struct ms_built_in built_ins[] = {
	{ "stdio-buffers", "buffers of stdin, stdout and of other open files", stdio,
	  NULL, NULL, false },
	{ "threads", "thread-local storage and stacks of threads (pthread_create)",
	  threads, NULL, NULL, false },
	{ "dlopen", "what dlopen, dlsym and dlerror know of libraries", dlopen_calls,
	  NULL, NULL, false },
	{ "dynamic-loader", "what ld.so allocates for itself", NULL, "ld-linux", NULL,
	  false },
	{ "libstdc++-start", "libstdc++'s own start: the emergency pool of exceptions",
	  NULL, "libstdc++.so", "ld-linux", false },
	{ "name-service", "users, groups, hosts and services (NSS, the resolver)", nss,
	  NULL, NULL, false },
	{ "locale", "setlocale, message catalogues", locale, NULL, NULL, false },
	{ "newlocale", "what locales that newlocale makes have in common", new_locale,
	  NULL, NULL, true },
	{ "gconv", "what conversions of character sets have in common (iconv)", gconv,
	  NULL, NULL, true },
	{ "wide-characters", "conversions of wide characters", wide, NULL, NULL, false },
	{ "timezone", "the time zone (tzset, localtime)", timezone_calls, NULL, NULL,
	  false },
	{ "backtrace", "backtrace and pthread_cancel: libgcc_s", backtraces, NULL, NULL,
	  false },
	{ "atexit", "tables of functions to be called at exit", exits, NULL, NULL,
	  false },
	{ "environment", "setenv's and putenv's table", environment, NULL, NULL, false },
	{ "static-results", "buffers of ttyname, strerror, getmntent ...", results, NULL,
	  NULL, false },
};

/* Where a file's name begins; libraries of names and of characters are the C library's.
 */
static const char *const libraries[] = { "libc.so",	"libc-",	"ld-linux",
					 "ld-2.",	"libpthread",	"libdl",
					 "librt",	"libresolv",	"libnsl",
					 "libnss_",	"libstdc++.so", "libgcc_s",
					 "libthread_db" };

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool ms_built_in_library(const struct ms_frame *frame)
{
	if (!frame->module || strchr(frame->module, '/') == NULL)
		return false;
	for (size_t i = 0; i < COUNT(libraries); i++)
		if (begins(file_name(frame->module), libraries[i]))
			return true;
	return strstr(frame->module, "/gconv/") != NULL;
}

static bool is_of(const struct ms_frame *frame, const char *file)
{
	return frame->module && begins(file_name(frame->module), file);
}

static bool is_one_of(const char *const *patterns, const char *function)
{
	for (; function && *patterns; patterns++)
		if (ms_name_match(*patterns, function))
			return true;
	return false;
}

/* By the modules alone: what the loader calls has no name that is exported. */
static bool match_modules(const struct ms_built_in *b,
			  const struct ms_stack_frames *stack)
{
	size_t i = 0;

	while (i < stack->count && is_of(stack->items[i], b->module))
		i++;
	return i > 0 &&
	       (!b->caller || (i < stack->count && is_of(stack->items[i], b->caller)));
}

bool ms_built_in_match(const struct ms_built_in *b, const struct ms_stack_frames *stack)
{
	size_t first = 0;

	if (!b->functions)
		return match_modules(b, stack);
	/* The leaf, with what was inlined into it. */
	while (b->below && first < stack->count && stack->items[first]->inlined)
		first++;
	first += b->below;
	for (size_t i = 0; i < stack->count && ms_built_in_library(stack->items[i]); i++)
		if (i >= first && is_one_of(b->functions, stack->items[i]->function))
			return true;
	return false;
}

const struct ms_built_in *ms_built_in_item(size_t index)
{
	return index < COUNT(built_ins) ? &built_ins[index] : NULL;
}

ms_status ms_rules_add_built_in(struct ms_rules *rules, struct ms_error *err)
{
	for (size_t i = 0; i < COUNT(built_ins); i++) {
		struct ms_rule *rule = ms_rules_add(rules);

		if (!rule)
			return ms_fail_memory(err);
		rule->built_in = &built_ins[i];
		rule->faults = "leak";
		rule->shown = (struct ms_suppression){ .name = built_ins[i].name,
						       .origin = "built-in",
						       .built_in = true };
	}
	return MS_OK;
}
