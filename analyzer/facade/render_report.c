/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render_report.c - traces in the formats of other tools.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/replace_file.h"
#include "analyzer/facade/dashboard.h"
#include "analyzer/facade/flame_facade.h"

#define DEFAULT_METRIC MS_METRIC_PEAK_BYTES

ms_status ms_profile_ask_init(struct ms_profile_ask *ask, const char *metric,
			      const struct memscope_time *at,
			      const struct memscope_filter *filter, struct ms_error *err)
{
	int found = metric ? ms_metric_find(metric) : DEFAULT_METRIC;

	*ask = (struct ms_profile_ask){ .filter = *filter, .needs = MS_EXPORT_METRIC };
	if (found < 0)
		return ms_fail(err, MS_EUSAGE, "there is no metric '%.64s'", metric);
	ask->metric = (enum ms_metric)found;
	if (at)
		ask->at = *at;
	else if (filter->use_to)
		ask->at = filter->to;
	ask->at_end = ask->at.kind == MEMSCOPE_AT_END;
	return MS_OK;
}

/* What to ask for.  MS_EUSAGE names what there is not. */
static ms_status understand(const struct memscope_render_options *options,
			    const struct ms_export **format, struct ms_profile_ask *ask,
			    struct ms_error *err)
{
	ms_status status;

	*format = ms_export_find(options->format ? options->format : "");
	if (!*format)
		return ms_fail(err, MS_EUSAGE, "there is no format '%.64s'",
			       options->format ? options->format : "");
	status = ms_profile_ask_init(ask, options->metric,
				     options->use_at ? &options->at : NULL,
				     &options->filter, err);
	if (status != MS_OK)
		return status;
	if (options->metric && !((*format)->needs & MS_EXPORT_METRIC))
		return ms_fail(err, MS_EUSAGE,
			       "the format %s has every metric, none can be chosen",
			       (*format)->name);
	ask->needs = (*format)->needs;
	if (options->compare && !options->metric)
		ask->metric = MS_METRIC_LIVE_BYTES;
	return MS_OK;
}

/* What the dashboard alone has, and what a format cannot have. */
static ms_status check_own(const struct memscope *m,
			   const struct memscope_render_options *options,
			   const struct ms_export *format, struct ms_error *err)
{
	bool flame = format->needs & MS_EXPORT_FLAME;

	if (!(format->needs & MS_EXPORT_ALL) &&
	    ((options->title && !flame) || options->no_sources))
		return ms_fail(err, MS_EUSAGE, "the format %s has %s", format->name,
			       flame ? "no sources" : "neither a title nor sources");
	if (!flame && (options->inverted || options->width || options->compare))
		return ms_fail(err, MS_EUSAGE,
			       "the format %s cannot be inverted, compared or given a "
			       "width: svg can",
			       format->name);
	if (format->needs & MS_EXPORT_ONE && m->count > 1)
		return ms_fail(err, MS_EUSAGE,
			       "the format %s knows one process: name one trace",
			       format->name);
	return MS_OK;
}

ms_status ms_profile_check(const struct ms_profile *profile, unsigned needs,
			   struct ms_error *err)
{
	const unsigned over_time = MS_EXPORT_LIVES | MS_EXPORT_MOMENTS | MS_EXPORT_EVENTS;

	if (needs & over_time && profile->absent & 1u << MS_METRIC_LIVE_BYTES)
		return ms_fail(err, MS_EUSAGE,
			       "these recordings cannot tell what was live at that time");
	if (!(needs & MS_EXPORT_METRIC) || !(profile->absent & 1u << profile->metric))
		return MS_OK;
	if (profile->metric >= MS_METRIC_LEAKED_BYTES)
		return ms_fail(err, MS_EUSAGE,
			       "what is leaked cannot be told: it takes a pointer map, "
			       "and the end of the recording");
	return ms_fail(err, MS_EUSAGE, "these recordings cannot tell '%s' at that time",
		       ms_metrics[profile->metric].name);
}

static ms_status print(const struct ms_profile *profile, const struct ms_export *format,
		       const struct memscope_output *output, struct ms_error *err)
{
	struct ms_writer *writer = ms_facade_writer(output);
	ms_status status, finished;

	if (!writer)
		return ms_fail_memory(err);
	status = format->write(writer, profile, err);
	finished = ms_writer_finish(writer, status == MS_OK ? err : NULL);
	ms_free(writer);
	return status != MS_OK ? status : finished;
}

int memscope_render(struct memscope *m, const struct memscope_render_options *options,
		    const struct memscope_output *output, struct memscope_error *err)
{
	static const struct memscope_render_options none;
	struct ms_error *own = ms_own_error(err);
	const struct ms_export *format;
	struct ms_profile_ask ask;
	struct ms_profile *profile;
	ms_status status;

	options = options ? options : &none;
	status = understand(options, &format, &ask, own);
	if (status == MS_OK)
		status = check_own(m, options, format, own);
	if (status == MS_OK && format->needs & MS_EXPORT_ALL)
		return ms_facade_dashboard(m, options, output, own);
	if (status == MS_OK && format->needs & MS_EXPORT_FLAME)
		return ms_facade_svg(m, options, &ask, output, own);
	if (status == MS_OK)
		status = ms_profile_new(&profile, m, &ask, own);
	if (status != MS_OK)
		return status;
	status = ms_profile_check(profile, format->needs, own);
	if (status == MS_OK)
		status = print(profile, format, output, own);
	ms_profile_free(profile);
	return status;
}

static int write_file(void *context, const char *data, size_t bytes)
{
	return ms_replace_write(context, data, bytes);
}

int memscope_render_file(struct memscope *m,
			 const struct memscope_render_options *options, const char *path,
			 struct memscope_error *err)
{
	struct memscope_output output = { .write = write_file };
	struct ms_replacing *file;
	int status = ms_replace_begin(&file, path, 0666, ms_own_error(err));

	if (status != MEMSCOPE_OK)
		return status;
	output.context = file;
	status = memscope_render(m, options, &output, err);
	if (status == MEMSCOPE_OK)
		return ms_replace_commit(file, ms_own_error(err));
	ms_replace_abandon(file);
	return status;
}

int memscope_render_formats(const struct memscope_output *output,
			    struct memscope_error *err)
{
	return ms_facade_print(ms_export_list(), ms_render_formats, output,
			       ms_own_error(err));
}

int memscope_render_is_binary(const char *format)
{
	const struct ms_export *found = ms_export_find(format);

	return found && found->binary;
}
