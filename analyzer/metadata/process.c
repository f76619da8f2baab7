/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - the recorded process: its identity, facts, samples, notes and marks.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/inside.h"

#include <stdlib.h>
#include <string.h>

void ms_metadata_set_process(struct ms_metadata *meta, const struct ms_process *process)
{
	meta->process = *process;
}

const struct ms_process *ms_metadata_process(const struct ms_metadata *meta)
{
	return &meta->process;
}

static bool needs_no_quotes(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";

	return *word && word[strspn(word, plain)] == '\0';
}

/* One more word of the command, as a shell would read it back. */
static void add_word(struct ms_strbuf *command, const char *word)
{
	if (command->len)
		ms_strbuf_addc(command, ' ');
	if (needs_no_quotes(word)) {
		ms_strbuf_adds(command, word);
		return;
	}
	ms_strbuf_addc(command, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			ms_strbuf_adds(command, "'\\''");
		else
			ms_strbuf_addc(command, *word);
	}
	ms_strbuf_addc(command, '\'');
}

ms_status ms_metadata_add_fact(struct ms_metadata *meta, const char *key, size_t key_len,
			       const char *value, size_t value_len)
{
	struct ms_fact fact = { ms_arena_text(&meta->arena, key, key_len),
				ms_arena_text(&meta->arena, value, value_len) };

	if (!fact.key || !fact.value ||
	    MS_GROW(meta->facts, meta->fact_room, meta->fact_count) < 0)
		return MS_ENOMEM;
	if (strcmp(fact.key, "argv") == 0) {
		size_t before = meta->command.len;

		add_word(&meta->command, fact.value);
		if (meta->command.failed) {
			ms_strbuf_truncate(&meta->command, before);
			meta->command.failed = false;
			return MS_ENOMEM;
		}
	}
	meta->facts[meta->fact_count++] = fact;
	return MS_OK;
}

const struct ms_fact *ms_metadata_facts(const struct ms_metadata *meta, size_t *count)
{
	*count = meta->fact_count;
	return meta->facts;
}

const char *ms_metadata_fact(const struct ms_metadata *meta, const char *key,
			     size_t index)
{
	for (size_t i = 0; i < meta->fact_count; i++)
		if (strcmp(meta->facts[i].key, key) == 0 && index-- == 0)
			return meta->facts[i].value;
	return NULL;
}

const char *ms_metadata_command(const struct ms_metadata *meta)
{
	return ms_strbuf_text(&meta->command);
}

ms_status ms_metadata_add_sample(struct ms_metadata *meta, const struct ms_sample *sample)
{
	if (MS_GROW(meta->samples, meta->sample_room, meta->sample_count) < 0)
		return MS_ENOMEM;
	meta->samples[meta->sample_count++] = *sample;
	return MS_OK;
}

const struct ms_sample *ms_metadata_samples(const struct ms_metadata *meta, size_t *count)
{
	*count = meta->sample_count;
	return meta->samples;
}

ms_status ms_metadata_add_note(struct ms_metadata *meta, uint64_t at_ns, int on,
			       const char *text, size_t len)
{
	struct ms_note note = { at_ns, on,
				len ? ms_arena_text(&meta->arena, text, len) : "" };

	if (!note.text || MS_GROW(meta->notes, meta->note_room, meta->note_count) < 0)
		return MS_ENOMEM;
	meta->notes[meta->note_count++] = note;
	return MS_OK;
}

const struct ms_note *ms_metadata_notes(const struct ms_metadata *meta, size_t *count)
{
	*count = meta->note_count;
	return meta->notes;
}

ms_status ms_metadata_add_mark(struct ms_metadata *meta, uint64_t at_ns, uint32_t thread,
			       const char *name, size_t len)
{
	struct ms_mark mark = { at_ns, thread,
				len ? ms_arena_text(&meta->arena, name, len) : "" };

	if (!mark.name || MS_GROW(meta->marks, meta->mark_room, meta->mark_count) < 0)
		return MS_ENOMEM;
	meta->marks[meta->mark_count++] = mark;
	meta->marks_sorted = false;
	return MS_OK;
}

/* All of it, so that equal logs give equal lists. */
static int by_time(const void *left, const void *right)
{
	const struct ms_mark *a = left, *b = right;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	return strcmp(a->name, b->name);
}

const struct ms_mark *ms_metadata_marks(struct ms_metadata *meta, size_t *count)
{
	if (!meta->marks_sorted && meta->mark_count)
		qsort(meta->marks, meta->mark_count, sizeof(*meta->marks), by_time);
	meta->marks_sorted = true;
	*count = meta->mark_count;
	return meta->marks;
}

bool ms_metadata_find_mark(const struct ms_metadata *meta, const char *name,
			   uint64_t *at_ns)
{
	bool found = false;

	for (size_t i = 0; i < meta->mark_count; i++) {
		const struct ms_mark *mark = &meta->marks[i];

		if ((found && mark->at_ns >= *at_ns) || strcmp(mark->name, name) != 0)
			continue;
		*at_ns = mark->at_ns;
		found = true;
	}
	return found;
}

ms_status ms_metadata_add_exec(struct ms_metadata *meta, uint64_t at_ns, uint64_t error,
			       const char *path, size_t len)
{
	const char *text;

	if (error) {
		meta->exec_failures++;
		return MS_OK;
	}
	text = len ? ms_arena_text(&meta->arena, path, len) : "";
	if (!text)
		return MS_ENOMEM;
	if (!meta->exec_tries++ || at_ns >= meta->exec_at_ns) {
		meta->exec_at_ns = at_ns;
		meta->exec_path = text;
	}
	return MS_OK;
}

const char *ms_metadata_became(const struct ms_metadata *meta)
{
	return meta->exec_tries > meta->exec_failures ? meta->exec_path : NULL;
}
