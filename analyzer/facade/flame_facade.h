/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flame_facade.h - traces as flame graphs (private to the facade).
 */
#ifndef MS_FACADE_FLAME_H
#define MS_FACADE_FLAME_H

#include "analyzer/facade/profile.h"
#include "analyzer/render/flame.h"

#include <memscope/render.h>

/* options and ask as memscope_render() understood them.  MS_OK, or what failed. */
MS_MUST_CHECK ms_status ms_facade_svg(struct memscope *m,
				      const struct memscope_render_options *options,
				      const struct ms_profile_ask *ask,
				      const struct memscope_output *output,
				      struct ms_error *err);

#endif
