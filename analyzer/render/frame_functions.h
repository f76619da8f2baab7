/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame_functions.h - the functions that a profile's frames are of (private to render):
 * one of each name, file and module.
 */
#ifndef MS_RENDER_FRAME_FUNCTIONS_H
#define MS_RENDER_FRAME_FUNCTIONS_H

#include "analyzer/render/profile.h"

struct ms_frame_functions {
	uint32_t *of;	 /* of each frame */
	uint32_t *first; /* of each function, one of its frames */
	size_t count, capacity;
};

/* MS_OK or MS_ENOMEM; release it in each case. */
MS_MUST_CHECK ms_status ms_frame_functions_init(struct ms_frame_functions *functions,
						const struct ms_profile *profile,
						struct ms_error *err);
void ms_frame_functions_release(struct ms_frame_functions *functions);

#endif
