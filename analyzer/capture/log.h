/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - a log while it is being read: what the steps of ms_log_open() share.
 *
 * The file's bytes may be anything, and may change while they are read: numbers are
 * copied out once, checked, and used from the copy.
 */
#ifndef MS_CAPTURE_LOG_H
#define MS_CAPTURE_LOG_H

#include "analyzer/base/map.h"
#include "analyzer/capture/capture.h"
#include "common/wire.h"

struct ms_log {
	/* log_file.c */
	const uint8_t *bytes;
	uint64_t size;
	bool mapped;	   /* or read into memory of ours */
	int fd;		   /* of the mapped file while it is being read, else -1 */
	uint64_t mtime_ns; /* of the mapped file */
	char *path;
	struct ms_log_options options;

	/* log_index.c */
	struct ms_index *index;		      /* of the log, or NULL */
	struct ms_index_writer *index_writer; /* of one that is being made, or NULL */
	struct ms_index_identity identity;
	struct ms_log_index_facts index_facts;

	/* log_head.c */
	struct ms_wire_head head;
	struct ms_wire_status status; /* zero where the file has none */
	uint64_t head_bytes;	      /* where the windows begin */
	bool head_ok;		      /* its checksum is right */
	bool known_minor;	      /* no later minor: what is reserved is zero */
	bool ended;		      /* exited, and the status' checksum is right */

	/* log_salvage.c */
	struct ms_damage *damage;
	size_t damage_count, damage_room;
	uint64_t damage_more; /* pieces beyond MS_DAMAGE_MAX */
	bool no_memory;	      /* a piece could not be listed */

	/* log_window.c */
	struct ms_log_window *windows;
	size_t window_count, window_room;
	struct ms_map sequences;
	uint64_t unsealed; /* windows of an ended log that are not sealed */
	uint64_t unsealed_at;

	/* log_counters.c */
	struct ms_log_mode mode;
	uint64_t mode_ticks; /* of the record that told it */
	struct ms_counts counts;
	struct ms_thread_counts *thread_counts;
	size_t thread_count, thread_room;
	struct ms_wire_sizes sizes;
	struct ms_folded *folded;
	size_t folded_count, folded_room;

	/* log_pointers.c */
	struct ms_pointer_map *maps;
	size_t map_count, map_room;
	unsigned left; /* enum ms_map_why, of an end without exit(); 0: none */

	/* log_pending.c */
	uint8_t **bodies; /* events that are not in the file */
	size_t body_count, body_room;

	/* log_record.c */
	struct ms_tick_scale scale;
	uint64_t last_ticks; /* of all records */
	uint64_t duration_ns;
};

/* --- log_file.c: the file's bytes ------------------------------------------------------
 */

/* MS_OK; MS_EIO when path cannot be opened or read, or is a directory; MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_log_file_open(struct ms_log *log, const char *path,
					 struct ms_error *err);
/* The mapping stays, the descriptor goes. */
void ms_log_file_detach(struct ms_log *log);
void ms_log_file_close(struct ms_log *log);
/* The first byte of [from, to) that is not zero, or to; holes cost nothing. */
uint64_t ms_log_nonzero(const struct ms_log *log, uint64_t from, uint64_t to);

/* --- log_head.c: head and status -------------------------------------------------------
 */

/* MS_OK, with what is wrong listed as damage; MS_EFORMAT: no log, or of another major. */
MS_MUST_CHECK ms_status ms_log_read_head(struct ms_log *log, const char *path,
					 struct ms_error *err);

/* --- log_salvage.c: what is wrong, and where the log goes on ---------------------------
 */

/* List a piece; it joins the last one when it is its continuation. */
void ms_log_damaged(struct ms_log *log, uint64_t offset, uint64_t length,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Sort the list by offset, and say how many pieces are not in it. */
void ms_log_damage_end(struct ms_log *log);
/* Is there a whole, right window header at offset?  It is copied out. */
bool ms_log_header_at(const struct ms_log *log, uint64_t offset,
		      struct ms_wire_window *header);
/*
 * From offset, where there is no window, to the next page before end with one, or end.
 * What is passed over is damage unless it is zero (reserved and never handed out) or the
 * header of a window that was being handed out when the program was killed.
 */
uint64_t ms_log_gap_end(const struct ms_log *log, uint64_t offset, uint64_t end,
			bool *is_damage);

/* --- log_check.c: what is found out about one window by itself, on any thread
 * ----------------
 */

struct ms_visit {
	/* a window, or a gap when header_ok is false */
	struct ms_wire_window header;
	uint64_t offset, end;
	bool header_ok;
	bool is_damage; /* a gap that is none that the recorder leaves */
	bool is_known;	/* its kind */
	bool is_twice;	/* the sequence was seen before: nothing else is looked at */

	/* ms_log_begin_visit() */
	uint64_t body;	  /* offset in the file */
	uint64_t room;	  /* body bytes that the header promises */
	uint64_t present; /* of them in the file */
	uint32_t commit, sealed, crc;
	bool overfilled, oversealed; /* as they were before they were put right */

	/* ms_log_check_visit() */
	bool crc_ok;
	uint64_t slack; /* the first byte behind commit that is not zero, or slack_end */
	uint64_t slack_end;
	uint32_t number; /* of the windows of events */
	struct ms_store_part part;
	ms_status status;
};

/* Read what the writer changes while it runs. */
void ms_log_begin_visit(const struct ms_log *log, struct ms_visit *v);
/* Look at the window's body; its events' addresses go to log->index_writer. */
void ms_log_check_visit(const struct ms_log *log, struct ms_visit *v);
/* What lies there is valid by itself: the window commits and seals nothing. */
bool ms_log_in_place(unsigned kind);
/* Its committed bytes that are in the file. */
struct ms_store_window ms_log_events_of(const struct ms_log *log,
					const struct ms_visit *v);

/* --- log_index.c: the index beside the log
 * ---------------------------------------------------- */

/* Is there an index of the log?  Else begin one where that is wanted.  MS_OK, MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_log_find_index(struct ms_log *log, struct ms_store *store,
					  struct ms_error *err);
/* Windows were walked: what the store knows of them goes to the index being made. */
void ms_log_keep_index(struct ms_log *log, const struct ms_store *store);
/* It is not made after all. */
void ms_log_drop_index(struct ms_log *log);
void ms_log_index_close(struct ms_log *log);

/* --- log_window.c: windows
 * -------------------------------------------------------------- */

/* Visit all windows: list them, check them, add the events to store. */
MS_MUST_CHECK ms_status ms_log_walk(struct ms_log *log, struct ms_store *store,
				    struct ms_error *err);
/* Where windows may lie: after exit the extent is trusted, and no more is of this log. */
uint64_t ms_log_walk_end(const struct ms_log *log);
/* The body bytes of a listed window that are in the file and may be used. */
const uint8_t *ms_log_body(const struct ms_log *log, const struct ms_log_window *window,
			   uint64_t *bytes);
/*
 * The windows of one kind, sorted by sequence, or by owner for NODES.  *out is freed by
 * the caller and holds *count pointers.
 */
MS_MUST_CHECK ms_status ms_log_sorted(const struct ms_log *log, unsigned kind,
				      const struct ms_log_window ***out, size_t *count,
				      struct ms_error *err);

/* --- log_nodes.c: the stack trie
 * --------------------------------------------------------- */

MS_MUST_CHECK ms_status ms_log_read_nodes(struct ms_log *log, struct ms_metadata *meta,
					  struct ms_error *err);

/* --- log_record.c: descriptive records
 * ---------------------------------------------------- */

/* Find the clock's scale, then hand all records to meta. */
MS_MUST_CHECK ms_status ms_log_read_records(struct ms_log *log, struct ms_metadata *meta,
					    struct ms_error *err);

/* --- log_pointers.c: pointer maps
 * -------------------------------------------------------- */

/* A record told of a map.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_log_map_told(struct ms_log *log,
					const struct ms_pointer_map *map);
/* Wait until fd's log has no map that is being written, 10 seconds at most. */
void ms_log_wait(int fd);

/* --- log_counters.c: capture modes and exact counts -----------------------------------
 */

/* A record told the mode; the earliest counts. */
void ms_log_mode_told(struct ms_log *log, unsigned mode, uint64_t parameter,
		      uint64_t ticks);
/* --- log_pending.c: events that waited when the recording ended -----------------------
 */

/* Add those of all PENDING windows to store. */
MS_MUST_CHECK ms_status ms_log_read_pending(struct ms_log *log, struct ms_store *store,
					    struct ms_error *err);

/* Sum up the COUNTERS windows.  After the records were read. */
MS_MUST_CHECK ms_status ms_log_read_counters(struct ms_log *log, struct ms_error *err);

#endif
