/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf.h - writing protocol buffers (private to render).
 *
 * https://protobuf.dev/programming-guides/encoding: four functions are all that writing
 * takes.  A library would want the other project's schemas and their compiler at build
 * time, and all records of a profile in memory, by its own allocations, before the first
 * byte is written; ours go out one by one.
 */
#ifndef MS_RENDER_PROTOBUF_H
#define MS_RENDER_PROTOBUF_H

#include "analyzer/base/strbuf.h"

#include <stdint.h>

/* Each appends one field; a strbuf remembers a failure. */
void ms_pb_number(struct ms_strbuf *message, unsigned field, uint64_t number);
/* Nothing for 0, which is what an absent number means. */
void ms_pb_nonzero(struct ms_strbuf *message, unsigned field, uint64_t number);
void ms_pb_bytes(struct ms_strbuf *message, unsigned field, const void *bytes,
		 size_t len_bytes);
/* Text must be UTF-8: bytes that are none become \xNN. */
void ms_pb_text(struct ms_strbuf *message, unsigned field, const char *text);
void ms_pb_message(struct ms_strbuf *message, unsigned field,
		   const struct ms_strbuf *inner);
/* A number alone, as packed fields have them. */
void ms_pb_varint(struct ms_strbuf *message, uint64_t number);

#endif
