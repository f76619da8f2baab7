/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.h - the events and records of a window's body, one at a time.
 */
#ifndef MS_DECODE_H
#define MS_DECODE_H

#include "analyzer/event_store/event_store.h"

struct ms_decoder {
	const uint8_t *p, *end;	 /* what is left */
	uint64_t ticks, address; /* of the event before that others count from */
	uint64_t floor;		 /* of the event before, whatever its kind */
	const char *fault;	 /* MS_DECODED_FAULT: what is wrong with the bytes at p */
	const uint8_t *payload;	 /* MS_DECODED_RECORD */
	size_t payload_bytes;	 /* MS_DECODED_RECORD */
	unsigned type;		 /* MS_DECODED_RECORD: enum ms_record, or a later one */
};

enum ms_decoded {
	MS_DECODED_END,	   /* nothing is left */
	MS_DECODED_EVENT,  /* event is filled, p is past it */
	MS_DECODED_RECORD, /* p is past it */
	MS_DECODED_FAULT, /* p is at the event or record that is wrong, and stays there */
};

/* Decode len_bytes at body, hostile bytes; times count from base_ticks, addresses from 0.
 */
static inline struct ms_decoder ms_decoder(const uint8_t *body, size_t len_bytes,
					   uint64_t base_ticks)
{
	return (struct ms_decoder){ .p = body,
				    .end = body + len_bytes,
				    .ticks = base_ticks };
}

/*
 * The next event or record.  Events of kinds from MS_EVENT_FUTURE on that are not known
 * are passed over.  Times never go back: one that would is that of the event before.
 * Sets all of *event but its thread; at_ns holds ticks, not nanoseconds.
 */
enum ms_decoded ms_decode(struct ms_decoder *d, struct ms_event *event);

/* The time of the event that was decoded last. */
static inline uint64_t ms_decoder_time(const struct ms_decoder *d)
{
	return d->ticks > d->floor ? d->ticks : d->floor;
}

/* --- decode_runs.c: many events at a time ---------------------------------------------
 *
 * These stop, wherever that is, before what is no plain event: a record, an event of a
 * later kind, a fault, the last few bytes.  ms_decode() takes over there.
 */

struct ms_decode_run {
	uint64_t below; /* ticks: the run ends with the first event at or after it */
	uint64_t last;	/* out: ticks of the last event before that */
	const struct ms_tick_scale *scale;
	uint32_t thread;
};

/*
 * Decode at most n events; returns how many.  Those before run->below bear nanoseconds,
 * as ms_event has it; one that is not is the last and bears ticks.
 */
size_t ms_decode_many(struct ms_decoder *d, struct ms_event *events, size_t n,
		      struct ms_decode_run *run);
/*
 * Pass over at most n events; returns how many.  bloom, of MS_BLOOM_WORDS words, gets the
 * addresses other than 0; NULL: nobody wants them.
 */
size_t ms_decode_skim(struct ms_decoder *d, size_t n, uint64_t *bloom);
/* Pass over events until one that bears address; it is decoded next, and true. */
bool ms_decode_find(struct ms_decoder *d, uint64_t address);

/*
 * Read the payload of a MS_RECORD_THREAD record: the thread, and the decoder's state from
 * there on.  False, with d->fault set, when it is malformed.
 */
bool ms_decode_thread(struct ms_decoder *d, uint32_t *thread);

#endif
