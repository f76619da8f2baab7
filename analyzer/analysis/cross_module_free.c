/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cross_module_free.c - detector: blocks that one module asked for and another freed.
 *
 * That is right as long as both use one allocator; it is what breaks first when they do
 * not, or when one of them is unloaded with what it keeps.
 */
#include "analyzer/analysis/detectors.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/dense.h"

#include <string.h>

/* Modules that act for others. */
static const char *const helpers[] = { "libc.",	     "libc-",	   "ld-linux",
				       "ld-musl",    "libstdc++.", "libc++.",
				       "libc++abi.", "libgcc_s.",  "libmemscope" };

struct pair {
	struct ms_block block; /* the first */
	struct ms_event freed;
	uint64_t count, bytes;
	uint32_t made_by, freed_by; /* modules */
};

struct state {
	const struct ms_check_input *input;
	struct pair *items;
	size_t count, capacity;
	struct ms_map by_modules; /* made_by << 32 | freed_by, to 1 + an index */
	struct ms_dense by_stack; /* the module that acts; 0: none */
	bool failed;
};

static bool is_helper(const struct ms_module *module)
{
	const char *name = strrchr(module->path, '/');

	name = name ? name + 1 : module->path;
	for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++) {
		if (strncmp(name, helpers[i], strlen(helpers[i])) == 0)
			return true;
	}
	return false;
}

/* The first module of a stack, from the leaf, that is no helper; 0: none. */
static uint32_t find_actor(const struct state *s, uint32_t stack)
{
	uint32_t module = 0;
	uint64_t offset;

	while (ms_metadata_node(s->input->meta, stack, &module, &offset, &stack)) {
		const struct ms_module *m = ms_metadata_module(s->input->meta, module);

		if (!m || !is_helper(m))
			break;
		module = 0;
	}
	return ms_metadata_module(s->input->meta, module) ? module : 0;
}

/* The same, looked for once. */
static uint32_t actor_of(struct state *s, uint32_t stack)
{
	uint32_t module;

	if (ms_dense_find(&s->by_stack, stack, &module))
		return module;
	module = find_actor(s, stack);
	/* No row can be so large, and no honest module's id is. */
	if (module != UINT32_MAX && ms_dense_put(&s->by_stack, stack, module) < 0)
		s->failed = true;
	return module;
}

static struct pair *pair_of(struct state *s, uint32_t made_by, uint32_t freed_by,
			    const struct ms_block *block, const struct ms_event *event)
{
	uint64_t key = (uint64_t)made_by << 32 | freed_by;
	uint64_t *index = ms_map_at(&s->by_modules, key, NULL);

	if (!index)
		return NULL;
	if (*index)
		return &s->items[*index - 1];
	if (ms_grow((void **)&s->items, &s->capacity, s->count, sizeof(*s->items)) < 0)
		return NULL;
	s->items[s->count] = (struct pair){
		.block = *block, .freed = *event, .made_by = made_by, .freed_by = freed_by
	};
	*index = ++s->count;
	return &s->items[*index - 1];
}

static void block(void *state, enum ms_change change, const struct ms_block *block,
		  const struct ms_event *event, const struct ms_totals *totals)
{
	struct state *s = state;
	uint32_t made_by, freed_by;
	struct pair *pair;

	(void)totals;
	if (change != MS_CHANGE_END || event->class != MS_CLASS_FREE || !block->stack ||
	    !event->stack || s->failed)
		return;
	made_by = actor_of(s, block->stack);
	freed_by = actor_of(s, event->stack);
	if (!made_by || !freed_by || made_by == freed_by)
		return;
	pair = pair_of(s, made_by, freed_by, block, event);
	if (!pair) {
		s->failed = true;
		return;
	}
	pair->count++;
	pair->bytes += block->size;
}

static void free_state(void *state)
{
	struct state *s = state;

	if (!s)
		return;
	ms_map_release(&s->by_modules);
	ms_dense_release(&s->by_stack);
	ms_free(s->items);
	ms_free(s);
}

static ms_status begin(void **state, const struct ms_check_input *input,
		       struct ms_error *err)
{
	struct state *s = ms_alloc_zero(1, sizeof(*s));

	if (!s)
		return ms_fail_memory(err);
	*state = s;
	s->input = input;
	ms_map_init(&s->by_modules);
	ms_dense_init(&s->by_stack);
	return MS_OK;
}

static void name(struct ms_finding *f, const struct ms_metadata *meta, const char *what,
		 uint32_t module)
{
	ms_finding_evidence(f, &(struct ms_evidence){
				       .name = what,
				       .unit = MS_EVIDENCE_TEXT,
				       .text = ms_metadata_module(meta, module)->path });
}

static ms_status report(const struct state *s, const struct pair *pair,
			struct ms_findings *findings, struct ms_error *err)
{
	struct ms_finding *f =
		ms_findings_add(findings, &ms_detector_cross_module_free, "module");
	struct ms_finding_point point =
		ms_finding_call("freed", &pair->freed, pair->block.size);

	if (!f)
		return ms_fail_memory(err);
	f->severity = MS_SEVERITY_INFO;
	f->count = pair->count;
	f->bytes = pair->bytes;
	f->suggestion = "let the module that made it offer a function that frees it";
	ms_finding_point(f, &point);
	point = ms_finding_made("allocated", &pair->block);
	ms_finding_point(f, &point);
	name(f, s->input->meta, "allocated_by", pair->made_by);
	name(f, s->input->meta, "freed_by", pair->freed_by);
	return MS_OK;
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	const struct state *s = state;
	ms_status status = s->failed ? ms_fail_memory(err) : MS_OK;

	(void)replayed;
	for (size_t i = 0; status == MS_OK && i < s->count; i++)
		status = report(s, &s->items[i], findings, err);
	return status;
}

const struct ms_detector ms_detector_cross_module_free = {
	.name = "cross_module_free",
	.summary = "blocks that one module asked for and another freed",
	.worst = MS_SEVERITY_INFO,
	.begin = begin,
	.block = block,
	.end = end,
	.free = free_state,
};
