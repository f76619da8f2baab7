/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.c - the table of event kinds.
 *
 * Kept out of the preload: a hook needs the numbers only.
 */
#include "common/event.h"

static const struct ms_event_kind_info unknown = { MS_CLASS_UNKNOWN, "?", "?" };

static const struct ms_event_kind_info kinds[MS_EVENT_KIND_MAX] = {
#define X(id, value, class, name, form) [value] = { MS_CLASS_##class, name, form },
	MS_EVENT_KINDS(X)
#undef X
};

const struct ms_event_kind_info *ms_event_kind_info(unsigned kind)
{
	if (kind >= MS_EVENT_KIND_MAX || !kinds[kind].name)
		return &unknown;
	return &kinds[kind];
}
