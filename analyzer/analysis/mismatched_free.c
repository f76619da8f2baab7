/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mismatched_free.c - detector: blocks that were freed by a function of another family.
 *
 * What the C++ library calls by itself is not seen here: the recorder takes each call by
 * the name under which the program made it.
 */
#include "analyzer/analysis/detectors.h"
#include "analyzer/analysis/own_operators.h"
#include "analyzer/base/alloc.h"

#define ALIGNED 8 /* in a family: with an alignment */

enum family { NONE, MALLOC, NEW, NEW_ARRAY, FAMILIES };
enum ending { FREE = 1, DELETE, DELETE_ARRAY, REALLOC, ENDINGS };

/* By kind of event: which family made a block, and which one ends it. */
static const uint8_t makers[MS_EVENT_KIND_MAX] = {
	[MS_EVENT_MALLOC] = MALLOC,
	[MS_EVENT_CALLOC] = MALLOC,
	[MS_EVENT_REALLOC_NULL] = MALLOC,
	[MS_EVENT_REALLOCARRAY_NULL] = MALLOC,
	[MS_EVENT_POSIX_MEMALIGN] = MALLOC,
	[MS_EVENT_ALIGNED_ALLOC] = MALLOC,
	[MS_EVENT_MEMALIGN] = MALLOC,
	[MS_EVENT_VALLOC] = MALLOC,
	[MS_EVENT_PVALLOC] = MALLOC,
	[MS_EVENT_REALLOC_END] = MALLOC,
	[MS_EVENT_REALLOCARRAY_END] = MALLOC,
	[MS_EVENT_NEW] = NEW,
	[MS_EVENT_NEW_NOTHROW] = NEW,
	[MS_EVENT_NEW_ALIGNED] = NEW | ALIGNED,
	[MS_EVENT_NEW_ALIGNED_NOTHROW] = NEW | ALIGNED,
	[MS_EVENT_NEW_ARRAY] = NEW_ARRAY,
	[MS_EVENT_NEW_ARRAY_NOTHROW] = NEW_ARRAY,
	[MS_EVENT_NEW_ARRAY_ALIGNED] = NEW_ARRAY | ALIGNED,
	[MS_EVENT_NEW_ARRAY_ALIGNED_NOTHROW] = NEW_ARRAY | ALIGNED,
};

static const uint8_t enders[MS_EVENT_KIND_MAX] = {
	[MS_EVENT_FREE] = FREE,
	[MS_EVENT_CFREE] = FREE,
	[MS_EVENT_FREE_SIZED] = FREE,
	[MS_EVENT_FREE_ALIGNED_SIZED] = FREE,
	[MS_EVENT_DELETE] = DELETE,
	[MS_EVENT_DELETE_NOTHROW] = DELETE,
	[MS_EVENT_DELETE_SIZED] = DELETE,
	[MS_EVENT_DELETE_ALIGNED] = DELETE | ALIGNED,
	[MS_EVENT_DELETE_ALIGNED_NOTHROW] = DELETE | ALIGNED,
	[MS_EVENT_DELETE_SIZED_ALIGNED] = DELETE | ALIGNED,
	[MS_EVENT_DELETE_ARRAY] = DELETE_ARRAY,
	[MS_EVENT_DELETE_ARRAY_NOTHROW] = DELETE_ARRAY,
	[MS_EVENT_DELETE_ARRAY_SIZED] = DELETE_ARRAY,
	[MS_EVENT_DELETE_ARRAY_ALIGNED] = DELETE_ARRAY | ALIGNED,
	[MS_EVENT_DELETE_ARRAY_ALIGNED_NOTHROW] = DELETE_ARRAY | ALIGNED,
	[MS_EVENT_DELETE_ARRAY_SIZED_ALIGNED] = DELETE_ARRAY | ALIGNED,
	[MS_EVENT_REALLOC_END] = REALLOC,
	[MS_EVENT_REALLOCARRAY_END] = REALLOC,
	[MS_EVENT_REALLOC_FREED] = REALLOC,
};

struct mismatch {
	const char *kind;
	enum ms_severity severity;
	const char *suggestion;
};

#define USE_FREE   "free what malloc made with free"
#define USE_DELETE "delete what new made"
#define USE_ARRAY  "delete what new[] made with delete[]"
#define USE_NEW	   "use a container, or new and copy: realloc knows blocks of malloc only"
#define USE_ALIGN  "the alignment of new and of delete has to be the same"

/* By family and ending; those without a kind belong together. */
static const struct mismatch mismatches[FAMILIES][ENDINGS] = {
	[MALLOC] = { [DELETE] = { "malloc/delete", MS_SEVERITY_HIGH, USE_FREE },
		     [DELETE_ARRAY] = { "malloc/delete[]", MS_SEVERITY_HIGH, USE_FREE } },
	[NEW] = { [FREE] = { "new/free", MS_SEVERITY_HIGH, USE_DELETE },
		  [DELETE_ARRAY] = { "new/delete[]", MS_SEVERITY_MEDIUM, USE_DELETE },
		  [REALLOC] = { "new/realloc", MS_SEVERITY_HIGH, USE_NEW } },
	[NEW_ARRAY] = { [FREE] = { "new[]/free", MS_SEVERITY_HIGH, USE_ARRAY },
			[DELETE] = { "new[]/delete", MS_SEVERITY_MEDIUM, USE_ARRAY },
			[REALLOC] = { "new[]/realloc", MS_SEVERITY_HIGH, USE_NEW } },
};

/* The same family, but only one with an alignment. */
static const struct mismatch plain_delete[FAMILIES] = {
	[NEW] = { "aligned new/delete", MS_SEVERITY_LOW, USE_ALIGN },
	[NEW_ARRAY] = { "aligned new[]/delete[]", MS_SEVERITY_LOW, USE_ALIGN },
};
static const struct mismatch aligned_delete[FAMILIES] = {
	[NEW] = { "new/aligned delete", MS_SEVERITY_LOW, USE_ALIGN },
	[NEW_ARRAY] = { "new[]/aligned delete[]", MS_SEVERITY_LOW, USE_ALIGN },
};

/* --- watching --------------------------------------------------------------------------
 */

struct pair { /* two stacks */
	const struct mismatch *mismatch;
	struct ms_block block;
	struct ms_event freed;
	uint64_t count, bytes;
	uint32_t next; /* of the same stacks and another kind: 1 + an index */
};

struct state {
	const struct ms_check_input *input;
	struct ms_trust trust;
	struct pair *items;
	size_t count, capacity;
	struct ms_map by_stacks; /* to 1 + an index */
	uint64_t overwritten;	 /* blocks so far */
	bool failed;
};

static const struct mismatch *mismatch_of(unsigned made, unsigned ended)
{
	const struct mismatch *m = NULL;
	unsigned family = made & ~ALIGNED, ending = ended & ~ALIGNED;

	if (!family || !ending)
		return NULL;
	m = &mismatches[family][ending];
	if (!m->kind && ending != FREE && ending != REALLOC && made & ALIGNED &&
	    !(ended & ALIGNED))
		m = &plain_delete[family];
	else if (!m->kind && ended & ALIGNED && !(made & ALIGNED))
		m = &aligned_delete[family];
	return m->kind ? m : NULL;
}

/* The pair, new ones with count 0; NULL: no memory. */
static struct pair *pair_of(struct state *s, const struct mismatch *mismatch,
			    const struct ms_block *block, const struct ms_event *event)
{
	uint64_t key = (uint64_t)block->stack << 32 | event->stack;
	uint64_t *index = ms_map_at(&s->by_stacks, key, NULL);

	if (!index)
		return NULL;
	for (uint64_t i = *index; i; i = s->items[i - 1].next) {
		if (s->items[i - 1].mismatch == mismatch)
			return &s->items[i - 1];
	}
	if (s->count >= UINT32_MAX - 1 ||
	    ms_grow((void **)&s->items, &s->capacity, s->count, sizeof(*s->items)) < 0)
		return NULL;
	s->items[s->count] = (struct pair){ .mismatch = mismatch,
					    .block = *block,
					    .freed = *event,
					    .next = (uint32_t)*index };
	*index = ++s->count;
	return &s->items[*index - 1];
}

static void block(void *state, enum ms_change change, const struct ms_block *block,
		  const struct ms_event *event, const struct ms_totals *totals)
{
	struct state *s = state;
	bool overwritten = totals->overwritten_blocks != s->overwritten;
	const struct mismatch *mismatch;
	struct pair *pair;

	s->overwritten = totals->overwritten_blocks;
	if (overwritten || change != MS_CHANGE_END || block->kind >= MS_EVENT_KIND_MAX ||
	    event->kind >= MS_EVENT_KIND_MAX)
		return;
	mismatch = mismatch_of(makers[block->kind], enders[event->kind]);
	/* Between the two another block may have been there unseen. */
	if (!mismatch || !ms_trust_between(&s->trust, block->at_ns, event->at_ns))
		return;
	pair = pair_of(s, mismatch, block, event);
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
	ms_trust_release(&s->trust);
	ms_map_release(&s->by_stacks);
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
	ms_map_init(&s->by_stacks);
	return ms_trust_init(&s->trust, input, err);
}

/* --- reporting -------------------------------------------------------------------------
 */

static ms_status report(const struct pair *pair, bool certain,
			struct ms_findings *findings, struct ms_error *err)
{
	struct ms_finding *f = ms_findings_add(findings, &ms_detector_mismatched_free,
					       pair->mismatch->kind);
	struct ms_finding_point point = ms_finding_call(
		pair->freed.class == MS_CLASS_FREE ? "freed" : "reallocated",
		&pair->freed, pair->block.size);

	if (!f)
		return ms_fail_memory(err);
	f->severity = certain ? pair->mismatch->severity : MS_SEVERITY_INFO;
	f->count = pair->count;
	f->bytes = pair->bytes;
	f->suggestion = certain ? pair->mismatch->suggestion
				: "the code that called has no name: look whether it has "
				  "operators new and delete of its own";
	point.address = pair->block.address;
	ms_finding_point(f, &point);
	point = ms_finding_made("allocated", &pair->block);
	ms_finding_point(f, &point);
	return MS_OK;
}

/*
 * What somebody's own operator did shows on one side as malloc or free; an operator for
 * arrays that passes its calls on to the one for objects, on either.
 */
static ms_status ask(enum ms_own_operators *answer, struct ms_operators *operators,
		     const struct pair *pair, struct ms_error *err)
{
	bool by_malloc = makers[pair->block.kind] == MALLOC;
	bool by_free =
		enders[pair->freed.kind] == FREE || enders[pair->freed.kind] == REALLOC;
	enum ms_own_operators made = MS_OWN_NO, freed = MS_OWN_NO;
	ms_status status = MS_OK;

	if (!by_free)
		status = ms_operators_own(&made, operators, pair->block.stack, err);
	if (status == MS_OK && !by_malloc)
		status = ms_operators_own(&freed, operators, pair->freed.stack, err);
	*answer = made > freed ? made : freed;
	return status;
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	struct state *s = state;
	struct ms_operators operators;
	ms_status status = s->failed ? ms_fail_memory(err) : MS_OK;

	(void)replayed;
	ms_operators_init(&operators, s->input->meta);
	for (size_t i = 0; status == MS_OK && i < s->count; i++) {
		enum ms_own_operators own;

		status = ask(&own, &operators, &s->items[i], err);
		if (status == MS_OK && own != MS_OWN_YES)
			status = report(&s->items[i], own == MS_OWN_NO, findings, err);
	}
	ms_operators_release(&operators);
	return status;
}

const struct ms_detector ms_detector_mismatched_free = {
	.name = "mismatched_free",
	.summary = "blocks of malloc, new or new[] that another family freed",
	.worst = MS_SEVERITY_HIGH,
	.begin = begin,
	.block = block,
	.end = end,
	.free = free_state,
};
