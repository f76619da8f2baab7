/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_sarif.c - the problems of a gate as SARIF 2.1.0 (OASIS), which code scanning
 * reads.
 *
 * A result's fingerprint stays while its function and file stay.  Files below the source
 * root are told relative to it.
 */
#include "analyzer/render/gate_parts.h"

#include <string.h>

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

struct sarif { /* jansson's functions pass a NULL on: it is looked for once, at the end */
	const json_t *document;
	json_t *rules;
	bool failed;
};

static void put(struct sarif *s, json_t *object, const char *key, json_t *value)
{
	s->failed |= json_object_set_new(object, key, value) < 0;
}

static void append(struct sarif *s, json_t *array, json_t *value)
{
	s->failed |= json_array_append_new(array, value) < 0;
}

/* {"text": text} */
static json_t *message(const char *text)
{
	return json_pack("{s:o}", "text", ms_json_text(text ? text : ""));
}

static const char *level(const char *severity)
{
	if (severity && strcmp(severity, "info") == 0)
		return "note";
	return severity && (strcmp(severity, "low") == 0 ||
			    strcmp(severity, "medium") == 0)
		       ? "warning"
		       : "error";
}

/* --- places
 * ----------------------------------------------------------------------------- */

/* A path as part of a URI (RFC 3986): all but what is unreserved is percent-encoded. */
static json_t *uri_of(const char *prefix, const char *path, const char *suffix)
{
	static const char *const plain =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	struct ms_strbuf uri;
	json_t *text;

	ms_strbuf_init(&uri);
	ms_strbuf_adds(&uri, prefix);
	for (; *path; path++) {
		if (strchr(plain, *path))
			ms_strbuf_addc(&uri, *path);
		else
			ms_strbuf_appendf(&uri, "%%%02X", (unsigned char)*path);
	}
	ms_strbuf_adds(&uri, suffix);
	text = uri.failed ? NULL : json_string(ms_strbuf_text(&uri));
	ms_strbuf_release(&uri);
	return text;
}

static void put_physical(struct sarif *s, json_t *location,
			 const struct ms_gate_place *place)
{
	json_t *artifact = json_object();
	json_t *physical = json_pack("{s:o}", "artifactLocation", artifact);

	put(s, artifact, "uri",
	    uri_of(place->relative ? "" : "file://", place->file, ""));
	if (place->relative && ms_json_string(s->document, "source_root"))
		put(s, artifact, "uriBaseId", json_string("SRCROOT"));
	if (place->line)
		put(s, physical, "region",
		    json_pack("{s:I}", "startLine", (json_int_t)place->line));
	put(s, location, "physicalLocation", physical);
}

/* Of a frame, or of what has its keys; place: of it, or of one further out. */
static json_t *location_of(struct sarif *s, const json_t *frame,
			   const struct ms_gate_place *place)
{
	const char *function = ms_json_string(frame, "function");
	json_t *location = json_object();

	if (place->file)
		put_physical(s, location, place);
	if (function)
		put(s, location, "logicalLocations",
		    json_pack("[{s:o, s:s}]", "fullyQualifiedName",
			      ms_json_text(function), "kind", "function"));
	return location;
}

/* --- stacks
 * ----------------------------------------------------------------------------- */

static json_t *frame_of(struct sarif *s, const json_t *frame)
{
	const char *module = ms_json_string(frame, "module");
	json_t *made = json_object();
	struct ms_gate_place place;

	ms_gate_frame_place(&place, s->document, frame);
	put(s, made, "location", location_of(s, frame, &place));
	if (module)
		put(s, made, "module", ms_json_text(ms_base_name(module)));
	return made;
}

static void add_stack(struct sarif *s, json_t *stacks, const char *what,
		      const json_t *stack)
{
	json_t *frames = json_array();
	const json_t *frame;
	size_t i;

	json_array_foreach (stack, i, frame)
		if (!json_object_get(frame, "omitted"))
			append(s, frames, frame_of(s, frame));
	append(s, stacks,
	       json_pack("{s:o, s:o}", "message", message(what), "frames", frames));
}

static json_t *stacks_of(struct sarif *s, const json_t *problem)
{
	json_t *stacks = json_array();
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(problem, "stacks"), i, item)
		add_stack(s, stacks, ms_json_string(item, "what"),
			  json_object_get(item, "stack"));
	json_array_foreach (json_object_get(problem, "sites"), i, item)
		add_stack(s, stacks, "allocated", json_object_get(item, "stack"));
	return stacks;
}

/* --- rules and results
 * ------------------------------------------------------------------ */

/* The place of a problem's rule, which is added when it is new. */
static size_t rule_of(struct sarif *s, const json_t *problem)
{
	const char *id = ms_json_string(problem, "rule");
	const char *about = ms_json_string(problem, "about");
	const char *help = ms_json_string(problem, "suggestion");
	const json_t *rule;
	size_t i;

	json_array_foreach (s->rules, i, rule) {
		const char *known = ms_json_string(rule, "id");

		if (known && id && strcmp(known, id) == 0)
			return i;
	}
	if (!about)
		about = id && strncmp(id, "baseline", 8) == 0
				? "More than the baseline has"
				: "Over the budget";
	append(s, s->rules,
	       json_pack("{s:o, s:o, s:o, s:{s:s}}", "id", ms_json_text(id ? id : ""),
			 "shortDescription", message(about), "help",
			 message(help && *help ? help : about), "defaultConfiguration",
			 "level", level(ms_json_string(problem, "severity"))));
	return json_array_size(s->rules) - 1;
}

static json_t *result_of(struct sarif *s, const json_t *problem)
{
	const char *title = ms_json_string(problem, "title");
	const char *suggestion = ms_json_string(problem, "suggestion");
	uint64_t count = ms_json_u64(problem, "count");
	size_t rule = rule_of(s, problem);
	json_t *result = json_object(), *locations = json_array(), *location;
	struct ms_gate_place place;
	struct ms_strbuf text;

	ms_strbuf_init(&text);
	ms_strbuf_appendf(&text, "%s. %s", title ? title : "",
			  suggestion ? suggestion : "");
	ms_gate_place(&place, s->document, problem);
	put(s, result, "ruleId", ms_json_text(ms_json_string(problem, "rule")));
	put(s, result, "ruleIndex", json_integer((json_int_t)rule));
	put(s, result, "level", json_string(level(ms_json_string(problem, "severity"))));
	put(s, result, "message", message(ms_strbuf_text(&text)));
	s->failed |= text.failed;
	ms_strbuf_release(&text);
	location = location_of(s, problem, &place);
	if (json_object_size(location))
		append(s, locations, location);
	else
		json_decref(location);
	put(s, result, "locations", locations);
	put(s, result, "partialFingerprints",
	    json_pack("{s:o}", "memscopeSite/v1",
		      ms_json_text(ms_json_string(problem, "fingerprint"))));
	if (count)
		put(s, result, "occurrenceCount", ms_json_number(count));
	put(s, result, "stacks", stacks_of(s, problem));
	return result;
}

static json_t *run_of(struct sarif *s)
{
	const char *root = ms_json_string(s->document, "source_root");
	json_t *results = json_array(), *driver = json_object();
	json_t *run = json_object();
	const json_t *problem;
	size_t i;

	s->rules = json_array();
	json_array_foreach (json_object_get(s->document, "problems"), i, problem)
		append(s, results, result_of(s, problem));
	put(s, driver, "name", json_string("memscope"));
	put(s, driver, "version",
	    ms_json_text(ms_json_string(s->document, "tool_version")));
	put(s, driver, "rules", s->rules);
	put(s, run, "tool", json_pack("{s:o}", "driver", driver));
	if (root && *root == '/')
		put(s, run, "originalUriBaseIds",
		    json_pack("{s:{s:o}}", "SRCROOT", "uri",
			      uri_of("file://", root,
				     root[strlen(root) - 1] == '/' ? "" : "/")));
	put(s, run, "invocations",
	    json_pack("[{s:b}]", "executionSuccessful",
		      json_array_size(json_object_get(s->document, "damage")) == 0));
	put(s, run, "results", results);
	return run;
}

ms_status ms_render_gate_sarif(struct ms_writer *writer, const json_t *document,
			       enum ms_format format, struct ms_error *err)
{
	struct sarif s = { .document = document };
	json_t *runs = json_array(), *log = json_object();
	ms_status status;

	(void)format;
	put(&s, log, "$schema", json_string(SCHEMA));
	put(&s, log, "version", json_string("2.1.0"));
	append(&s, runs, run_of(&s));
	put(&s, log, "runs", runs);
	status = s.failed ? ms_fail_memory(err) : ms_render_json(writer, log, err);
	json_decref(log);
	return status;
}
