/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crc32c.h - the Castagnoli checksum (RFC 3720, appendix B.4) of windows and heads.
 */
#ifndef MS_CRC32C_H
#define MS_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * Extend crc (0 to begin) by len_bytes at data.  Extending in pieces equals one call over
 * the whole.  Calls nothing and allocates nothing: safe in a hook and in a signal
 * handler.
 */
uint32_t ms_crc32c(uint32_t crc, const void *data, size_t len_bytes);

#endif
