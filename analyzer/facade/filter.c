/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.c - a user's filter, made ready for one trace.
 *
 * A pattern is tried on names, and there are far fewer names than blocks: what a stack
 * answers is remembered for its node, and so is what the nodes further out answer.
 */
#include "analyzer/facade/filter.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/times.h"

#include <regex.h>
#include <string.h>

enum { FUNCTION, FILE_NAME, MODULE, SITE, PATTERNS };

static const char *const pattern_names[PATTERNS] = { "function", "file", "module",
						     "site" };

/* What is known of a node: bit p of the first three says that a frame of the stack meets
 * pattern p. */
#define CHAIN_KNOWN 0x10
#define SITE_KNOWN  0x20

struct ms_filter {
	struct memscope_filter set; /* its texts are not looked at any more */
	uint64_t from_ns, to_ns;
	struct ms_metadata *meta;
	regex_t patterns[PATTERNS];
	unsigned wanted; /* bits of the patterns that are set */
	uint8_t *nodes;
	uint32_t node_limit;
	struct ms_map addresses; /* the frames of an address, to bits of patterns */
	uint32_t *path;		 /* nodes on the way to one that is known */
	size_t path_capacity;
	struct ms_strbuf site;
};

static const char *pattern_text(const struct memscope_filter *filter, unsigned pattern)
{
	const char *const texts[PATTERNS] = { filter->function, filter->file,
					      filter->module, filter->site };

	return texts[pattern];
}

static bool has_patterns(const struct memscope_filter *filter)
{
	return filter->function || filter->file || filter->module || filter->site;
}

bool ms_filter_asks_blocks(const struct memscope_filter *filter)
{
	return filter->use_from || filter->use_to || filter->thread || filter->use_size ||
	       filter->use_lifetime;
}

bool ms_filter_is_set(const struct memscope_filter *filter)
{
	return ms_filter_asks_blocks(filter) || filter->live || filter->freed ||
	       has_patterns(filter);
}

/* --- making
 * ----------------------------------------------------------------------------- */

static ms_status compile(struct ms_filter *f, const struct memscope_filter *filter,
			 struct ms_error *err)
{
	char why[160];

	for (unsigned p = 0; p < PATTERNS; p++) {
		const char *text = pattern_text(filter, p);
		int failure;

		if (!text)
			continue;
		failure = regcomp(&f->patterns[p], text, REG_EXTENDED | REG_NOSUB);
		if (failure == REG_ESPACE)
			return ms_fail_memory(err);
		if (failure) {
			regerror(failure, &f->patterns[p], why, sizeof(why));
			return ms_fail(err, MS_EUSAGE,
				       "the %s pattern '%s' is no regular expression: %s",
				       pattern_names[p], text, why);
		}
		f->wanted |= 1u << p;
	}
	return MS_OK;
}

static ms_status find_times(struct ms_filter *f, struct memscope *m,
			    const struct ms_trace *trace, struct ms_error *err)
{
	ms_status status = MS_OK;

	f->to_ns = UINT64_MAX;
	if (f->set.use_from)
		status = ms_facade_time_ns(m, trace, &f->set.from, &f->from_ns, err);
	if (status == MS_OK && f->set.use_to)
		status = ms_facade_time_ns(m, trace, &f->set.to, &f->to_ns, err);
	return status;
}

static ms_status check(const struct memscope_filter *filter, struct ms_error *err)
{
	if (filter->live && filter->freed)
		return ms_fail(err, MS_EUSAGE, "no block is both live and freed");
	if (filter->use_size && filter->size_from > filter->size_to)
		return ms_fail(err, MS_EUSAGE, "the range of sizes is empty");
	if (filter->use_lifetime && filter->lifetime_from_ns > filter->lifetime_to_ns)
		return ms_fail(err, MS_EUSAGE, "the range of lifetimes is empty");
	return MS_OK;
}

ms_status ms_filter_new(struct ms_filter **out, struct memscope *m,
			const struct ms_trace *trace,
			const struct memscope_filter *filter, struct ms_error *err)
{
	struct ms_filter *f;
	ms_status status;

	*out = NULL;
	f = ms_alloc_zero(1, sizeof(*f));
	if (!f)
		return ms_fail_memory(err);
	f->set = *filter;
	f->meta = trace->meta;
	ms_map_init(&f->addresses);
	ms_strbuf_init(&f->site);
	f->node_limit = ms_metadata_node_limit(trace->meta);
	status = check(filter, err);
	if (status == MS_OK)
		status = compile(f, filter, err);
	if (status == MS_OK)
		status = find_times(f, m, trace, err);
	if (status == MS_OK && f->wanted) {
		f->nodes = ms_alloc_zero((size_t)f->node_limit + 1, 1);
		if (!f->nodes)
			status = ms_fail_memory(err);
	}
	if (status == MS_OK)
		*out = f;
	else
		ms_filter_free(f);
	return status;
}

void ms_filter_free(struct ms_filter *f)
{
	if (!f)
		return;
	for (unsigned p = 0; p < PATTERNS; p++) {
		if (f->wanted & 1u << p)
			regfree(&f->patterns[p]);
	}
	ms_map_release(&f->addresses);
	ms_strbuf_release(&f->site);
	ms_free(f->nodes);
	ms_free(f->path);
	ms_free(f);
}

/* --- stacks
 * ----------------------------------------------------------------------------- */

static bool meets(const struct ms_filter *f, unsigned pattern, const char *text)
{
	return text && f->wanted & 1u << pattern &&
	       regexec(&f->patterns[pattern], text, 0, NULL, 0) == 0;
}

static unsigned bits_of_frame(const struct ms_filter *f, const struct ms_frame *frame)
{
	return (unsigned)meets(f, FUNCTION, frame->function) << FUNCTION |
	       (unsigned)meets(f, FILE_NAME, frame->file) << FILE_NAME |
	       (unsigned)meets(f, MODULE, frame->module) << MODULE;
}

/* The frames of one node alone. */
static ms_status bits_of_node(struct ms_filter *f, uint32_t node, unsigned *bits,
			      struct ms_error *err)
{
	const struct ms_frame *frames;
	size_t count;
	uint64_t *known;
	bool is_new;
	ms_status status = ms_metadata_frames(f->meta, node, &frames, &count, err);

	*bits = 0;
	if (status != MS_OK || count == 0)
		return status;
	known = ms_map_at(&f->addresses, (uint64_t)(uintptr_t)frames, &is_new);
	if (!known)
		return ms_fail_memory(err);
	for (size_t i = 0; is_new && i < count; i++)
		*known |= bits_of_frame(f, &frames[i]);
	*bits = (unsigned)*known;
	return MS_OK;
}

/* The nodes from stack outwards, to the first that is known: a parent is smaller than its
 * node, so this ends. */
static ms_status find_path(struct ms_filter *f, uint32_t stack, size_t *length,
			   uint32_t *known, struct ms_error *err)
{
	*length = 0;
	*known = stack;
	while (*known && *known < f->node_limit && !(f->nodes[*known] & CHAIN_KNOWN)) {
		uint32_t module, parent;
		uint64_t offset;

		if (ms_grow((void **)&f->path, &f->path_capacity, *length,
			    sizeof(*f->path)) < 0)
			return ms_fail_memory(err);
		f->path[(*length)++] = *known;
		if (!ms_metadata_node(f->meta, *known, &module, &offset, &parent))
			parent = 0;
		*known = parent;
	}
	return MS_OK;
}

static ms_status see_chain(struct ms_filter *f, uint32_t stack, struct ms_error *err)
{
	uint32_t known;
	size_t length;
	ms_status status = find_path(f, stack, &length, &known, err);
	unsigned bits = known && known < f->node_limit ? f->nodes[known] & 7u : 0;

	while (status == MS_OK && length--) {
		unsigned own;

		status = bits_of_node(f, f->path[length], &own, err);
		bits |= own;
		if (status == MS_OK)
			f->nodes[f->path[length]] |= (uint8_t)(bits | CHAIN_KNOWN);
	}
	return status;
}

static ms_status see_site(struct ms_filter *f, uint32_t stack, struct ms_error *err)
{
	ms_status status = ms_facade_site_text(&f->site, f->meta, stack, err);

	if (status == MS_OK)
		f->nodes[stack] |=
			(uint8_t)(SITE_KNOWN | meets(f, SITE, ms_strbuf_text(&f->site))
						       << SITE);
	return status;
}

ms_status ms_filter_stack(struct ms_filter *f, uint32_t stack, bool *passes,
			  struct ms_error *err)
{
	ms_status status = MS_OK;

	*passes = !f->wanted;
	if (!f->wanted || stack == 0 || stack >= f->node_limit)
		return MS_OK;
	if (f->wanted & ~(1u << SITE) && !(f->nodes[stack] & CHAIN_KNOWN))
		status = see_chain(f, stack, err);
	if (status == MS_OK && f->wanted & 1u << SITE && !(f->nodes[stack] & SITE_KNOWN))
		status = see_site(f, stack, err);
	if (status == MS_OK)
		*passes = (f->nodes[stack] & f->wanted) == f->wanted;
	return status;
}

/* --- blocks
 * ----------------------------------------------------------------------------- */

static bool is_thread(const struct ms_filter *f, uint32_t id)
{
	const struct ms_thread *thread;

	if (!f->set.thread)
		return true;
	thread = ms_metadata_thread(f->meta, id);
	return thread && thread->tid == f->set.thread;
}

static bool is_size(const struct ms_filter *f, uint64_t size)
{
	return !f->set.use_size || (size >= f->set.size_from && size <= f->set.size_to);
}

ms_status ms_filter_call(struct ms_filter *f, uint32_t thread, const uint64_t *size,
			 uint32_t stack, bool *passes, struct ms_error *err)
{
	*passes = is_thread(f, thread) && (size ? is_size(f, *size) : !f->set.use_size);
	return *passes ? ms_filter_stack(f, stack, passes, err) : MS_OK;
}

ms_status ms_filter_made(struct ms_filter *f, const struct ms_block *block, bool *passes,
			 struct ms_error *err)
{
	*passes = block->at_ns >= f->from_ns && block->at_ns <= f->to_ns;
	return *passes ? ms_filter_call(f, block->thread, &block->size, block->stack,
					passes, err)
		       : MS_OK;
}

ms_status ms_filter_life(void *context, const struct ms_life *life, bool *passes,
			 struct ms_error *err)
{
	struct ms_filter *f = context;
	uint64_t made = life->block->at_ns;
	uint64_t lifetime = life->end_ns > made ? life->end_ns - made : 0;

	*passes = !(f->set.live && life->end) && !(f->set.freed && !life->end) &&
		  (!f->set.use_lifetime || (lifetime >= f->set.lifetime_from_ns &&
					    lifetime <= f->set.lifetime_to_ns));
	return *passes ? ms_filter_made(f, life->block, passes, err) : MS_OK;
}

/* --- telling
 * ---------------------------------------------------------------------------- */

static void doc_range(struct ms_doc *doc, json_t *object, const char *from_key,
		      const char *to_key, uint64_t from, uint64_t to)
{
	ms_doc_u64(doc, object, from_key, from);
	ms_doc_value(doc, object, to_key,
		     to == UINT64_MAX ? json_null() : ms_json_number(to));
}

void ms_doc_filter(struct ms_doc *doc, json_t *object,
		   const struct memscope_filter *filter)
{
	json_t *told;

	if (!ms_filter_is_set(filter)) {
		ms_doc_value(doc, object, "filter", json_null());
		return;
	}
	told = ms_doc_object(doc, object, "filter");
	if (filter->use_from)
		ms_doc_limit(doc, told, "from", &filter->from);
	if (filter->use_to)
		ms_doc_limit(doc, told, "to", &filter->to);
	if (filter->thread)
		ms_doc_u64(doc, told, "thread", filter->thread);
	if (filter->use_size)
		doc_range(doc, told, "size_from", "size_to", filter->size_from,
			  filter->size_to);
	if (filter->use_lifetime)
		doc_range(doc, told, "lifetime_from_ns", "lifetime_to_ns",
			  filter->lifetime_from_ns, filter->lifetime_to_ns);
	for (unsigned p = 0; p < PATTERNS; p++) {
		if (pattern_text(filter, p))
			ms_doc_text(doc, told, pattern_names[p], pattern_text(filter, p));
	}
	if (filter->live)
		ms_doc_bool(doc, told, "live", true);
	if (filter->freed)
		ms_doc_bool(doc, told, "freed", true);
}
