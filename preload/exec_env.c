/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_env.c - the environment of a program that is about to be executed.
 *
 * The loader takes the last LD_PRELOAD and most programs see the first, so every one of
 * them is treated alike.
 */
#include "preload/exec_env.h"

#include <string.h>

#define PRELOAD	      "LD_PRELOAD="
#define PRELOAD_BYTES (sizeof PRELOAD - 1)

static bool is_preload(const char *entry)
{
	return !strncmp(entry, PRELOAD, PRELOAD_BYTES);
}

/* --- pieces of an LD_PRELOAD -------------------------------------------------------- */

static bool separates(char c)
{
	return c == ':' || c == ' ';
}

/* The next piece at or after *p, which becomes its end; NULL: there is none. */
static const char *next_piece(const char **p)
{
	const char *piece;

	while (separates(**p))
		++*p;
	piece = *p;
	while (**p && !separates(**p))
		++*p;
	return *p == piece ? NULL : piece;
}

static const char *base_name(const char *path, const char *end)
{
	const char *base = path;

	for (const char *s = path; s < end; s++)
		if (*s == '/')
			base = s + 1;
	return base;
}

static bool is_own(const char *piece, const char *end, const char *library)
{
	const char *library_end = library + strlen(library);
	const char *a = base_name(piece, end), *b = base_name(library, library_end);

	return b < library_end && end - a == library_end - b &&
	       !memcmp(a, b, (size_t)(end - a));
}

const char *ms_exec_env_own(const char *entry, const char *library, size_t *length)
{
	const char *p = entry + PRELOAD_BYTES, *piece;

	if (!is_preload(entry))
		return NULL;
	while ((piece = next_piece(&p))) {
		if (!is_own(piece, p, library))
			continue;
		*length = (size_t)(p - piece);
		return piece;
	}
	return NULL;
}

/* Copy the pieces of value that are not the recorder to out, which may be value itself;
 * returns past the last. */
static char *copy_others(char *out, const char *value, const char *library)
{
	const char *p = value, *piece;
	char *begin = out;

	while ((piece = next_piece(&p))) {
		if (is_own(piece, p, library))
			continue;
		if (out > begin)
			*out++ = ':';
		memmove(out, piece, (size_t)(p - piece));
		out += p - piece;
	}
	return out;
}

void ms_exec_env_strip(char *entry, const char *library)
{
	size_t bytes = strlen(entry), length;
	char *end;

	if (!ms_exec_env_own(entry, library, &length))
		return;
	end = copy_others(entry + PRELOAD_BYTES, entry + PRELOAD_BYTES, library);
	memset(end, 0, (size_t)(entry + bytes - end));
}

/* --- what is to be changed ---------------------------------------------------------- */

/* Whether envp has a variable of the name that setting has. */
static bool has_name(char *const *envp, const char *setting)
{
	const char *equals = strchr(setting, '=');
	size_t n = equals ? (size_t)(equals - setting) + 1 : strlen(setting);

	for (; envp && *envp; envp++)
		if (!strncmp(*envp, setting, n))
			return true;
	return false;
}

/* Whether entry is an LD_PRELOAD that must become another. */
static bool changes(const struct ms_exec_rule *rule, const char *entry)
{
	size_t length;
	bool own;

	if (!is_preload(entry) || !*rule->library)
		return false;
	own = ms_exec_env_own(entry, rule->library, &length) != NULL;
	return own == (rule->how == MS_EXEC_REMOVE);
}

static bool lacks_preload(const struct ms_exec_rule *rule, char *const *envp)
{
	return rule->how == MS_EXEC_ADD && *rule->library && !has_name(envp, PRELOAD);
}

static size_t missing_settings(const struct ms_exec_rule *rule, char *const *envp)
{
	size_t n = 0;

	if (rule->how != MS_EXEC_ADD)
		return 0;
	for (char *const *s = rule->settings; s && *s; s++)
		n += !has_name(envp, *s);
	return n;
}

size_t ms_exec_env_bytes(const struct ms_exec_rule *rule, char *const *envp)
{
	size_t entries = 1, texts = 0, added;
	size_t own = PRELOAD_BYTES + strlen(rule->library) + 2; /* a colon, the NUL */

	if (rule->how == MS_EXEC_LEAVE)
		return 0;
	for (char *const *e = envp; e && *e; e++) {
		entries++;
		if (changes(rule, *e))
			texts += own + strlen(*e);
	}
	if (lacks_preload(rule, envp)) {
		entries++;
		texts += own;
	}
	added = missing_settings(rule, envp);
	return texts || added ? (entries + added) * sizeof(char *) + texts : 0;
}

/* --- making it ---------------------------------------------------------------------- */

struct making {
	char **vector;
	size_t count;
	char *text;    /* texts grow down from the end of the memory ... */
	bool overflow; /* ... and must not meet the vector, which grows up */
};

/* Room for a text of n bytes. */
static char *take_text(struct making *m, size_t n)
{
	size_t left = (size_t)(m->text - (char *)(m->vector + m->count));

	if (m->overflow || left < n) {
		m->overflow = true;
		return NULL;
	}
	return m->text -= n;
}

static void add_entry(struct making *m, char *entry)
{
	if (m->overflow ||
	    (size_t)(m->text - (char *)(m->vector + m->count)) < sizeof *m->vector) {
		m->overflow = true;
		return;
	}
	m->vector[m->count++] = entry;
}

/* "LD_PRELOAD=", the recorder, and value unless it is empty. */
static void add_with_own(struct making *m, const char *library, const char *value)
{
	size_t own = strlen(library), others = strlen(value);
	char *text = take_text(m, PRELOAD_BYTES + own + 1 + others + 1), *p;

	if (!text)
		return;
	memcpy(text, PRELOAD, PRELOAD_BYTES);
	p = text + PRELOAD_BYTES;
	memcpy(p, library, own);
	p += own;
	if (others)
		*p++ = ':';
	memcpy(p, value, others);
	p[others] = '\0';
	add_entry(m, text);
}

/* What is left of entry; nothing at all when that is no library. */
static void add_without_own(struct making *m, const char *library, const char *entry)
{
	char *text = take_text(m, strlen(entry) + 1), *end;

	if (!text)
		return;
	memcpy(text, PRELOAD, PRELOAD_BYTES);
	end = copy_others(text + PRELOAD_BYTES, entry + PRELOAD_BYTES, library);
	*end = '\0';
	if (end > text + PRELOAD_BYTES)
		add_entry(m, text);
}

static void add_missing(struct making *m, const struct ms_exec_rule *rule,
			char *const *envp)
{
	if (lacks_preload(rule, envp))
		add_with_own(m, rule->library, "");
	if (rule->how != MS_EXEC_ADD)
		return;
	for (char *const *s = rule->settings; s && *s; s++)
		if (!has_name(envp, *s))
			add_entry(m, *s);
}

char **ms_exec_env_make(const struct ms_exec_rule *rule, char *const *envp, void *memory,
			size_t bytes)
{
	struct making m = { .vector = memory, .text = (char *)memory + bytes };

	for (char *const *e = envp; e && *e; e++) {
		if (!changes(rule, *e))
			add_entry(&m, *e);
		else if (rule->how == MS_EXEC_ADD)
			add_with_own(&m, rule->library, *e + PRELOAD_BYTES);
		else
			add_without_own(&m, rule->library, *e);
	}
	add_missing(&m, rule, envp);
	add_entry(&m, NULL);
	return m.overflow ? NULL : m.vector;
}
