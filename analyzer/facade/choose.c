/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choose.c - a user's filter as the timeline asks it; what its reports share.
 */
#include "analyzer/facade/choose.h"

#include <math.h>

static ms_status prepare(void *context, const struct ms_event *event,
			 struct ms_error *err)
{
	struct ms_block block = { .address = event->address,
				  .size = event->size,
				  .at_ns = event->at_ns,
				  .stack = event->stack,
				  .thread = event->thread,
				  .kind = event->kind };
	bool passes;

	return ms_filter_made(context, &block, &passes, err);
}

/* What the stack answers is known since prepare(): this cannot fail any more. */
static bool wants(void *context, const struct ms_block *block)
{
	bool passes;

	return ms_filter_made(context, block, &passes, NULL) == MS_OK && passes;
}

ms_status ms_choice_init(struct ms_choice *choice, struct memscope *m,
			 const struct ms_trace *trace,
			 const struct memscope_filter *filter, const char *doing,
			 struct ms_error *err)
{
	ms_status status = MS_OK;

	*choice = (struct ms_choice){ .pass = { .store = trace->store,
						.to_ns = UINT64_MAX,
						.sample_bytes =
							ms_known_sample_bytes(trace) } };
	if (filter->live || filter->freed || filter->use_lifetime)
		return ms_fail(err, MS_EUSAGE,
			       "this report cannot choose blocks by their end");
	if (ms_filter_is_set(filter)) {
		status = ms_filter_new(&choice->filter, m, trace, filter, err);
		choice->chosen = (struct ms_chosen){ prepare, wants, choice->filter };
		choice->pass.chosen = &choice->chosen;
	}
	choice->pass.progress = ms_facade_progress(m, doing);
	return status;
}

void ms_choice_release(struct ms_choice *choice)
{
	ms_filter_free(choice->filter);
	choice->filter = NULL;
}

struct ms_unknown ms_unknown_at(const struct ms_trace *trace, uint64_t at_ns)
{
	unsigned mode = ms_log_mode(trace->log)->mode;
	struct ms_unknown unknown;

	unknown.events = mode == MS_MODE_COUNTERS || ms_known_beyond(trace, at_ns);
	unknown.calls = unknown.events || mode == MS_MODE_CULL;
	return unknown;
}

void ms_doc_head(struct ms_doc *doc, const struct memscope *m,
		 const struct memscope_filter *filter)
{
	json_t *array;

	ms_doc_u64(doc, doc->root, "version", 1);
	if (filter)
		ms_doc_filter(doc, doc->root, filter);
	array = ms_doc_array(doc, doc->root, "processes");
	for (size_t i = 0; i < m->count; i++) {
		json_t *row = ms_doc_append(doc, array);

		ms_doc_text(doc, row, "path", m->traces[i].path);
		ms_doc_process(doc, row, &m->traces[i]);
	}
}

void ms_doc_estimates(struct ms_doc *doc, json_t *object,
		      const struct ms_estimate *figures, size_t count, bool estimated)
{
	json_t *errors = NULL;

	for (size_t i = 0; i < count; i++)
		ms_doc_value(doc, object, figures[i].key,
			     figures[i].absent ? json_null()
					       : ms_json_number(figures[i].value));
	for (size_t i = 0; estimated && i < count; i++) {
		double error =
			figures[i].variance > 0 ? ceil(sqrt(figures[i].variance)) : 0;

		if (figures[i].absent)
			continue;
		if (!errors) {
			ms_doc_bool(doc, object, "estimated", true);
			errors = ms_doc_object(doc, object, "errors");
		}
		ms_doc_u64(doc, errors, figures[i].key,
			   error < 0x1p62 ? (uint64_t)error : UINT64_C(1) << 62);
	}
}

void ms_doc_tid(struct ms_doc *doc, json_t *object, const char *key,
		const struct ms_trace *trace, uint32_t id)
{
	const struct ms_thread *thread = ms_metadata_thread(trace->meta, id);

	ms_doc_value(doc, object, key,
		     thread ? ms_json_number(thread->tid) : json_null());
}
