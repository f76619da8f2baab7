/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trend.c - does a series of values keep rising?
 *
 * Live bytes are no independent values: what lives now lived a moment ago.  A plain test
 * of ranks takes a random walk for a trend, so two tests must agree: one whose variance
 * grows with the correlation that is left beside the trend, and one of the rises alone.
 */
#include "analyzer/analysis/trend.h"
#include "analyzer/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL	   0.01 /* of the tests of the whole */
#define PART_LEVEL 0.05 /* of its last half and third */
#define PARTS	   12	/* of the test of rises */
/* At the end, as steep as these parts of the whole: below, it has levelled off. */
#define THIRD_SHARE 0.4
#define SIXTH_SHARE 0.3
#define NORMAL_975  1.959963984540054

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* --- Mann and Kendall -----------------------------------------------------------------
 */

void ms_kendall(struct ms_kendall *out, const double *values, size_t count)
{
	double n = (double)count, ties = 0;

	*out = (struct ms_kendall){ 0 };
	for (size_t i = 0; i < count; i++) {
		size_t earlier = 0, later = 0;

		for (size_t j = 0; j < count; j++) {
			earlier += j < i && values[j] == values[i];
			later += j > i && values[j] == values[i];
			if (j > i)
				out->s +=
					(values[j] > values[i]) - (values[j] < values[i]);
		}
		if (!earlier) { /* the first of t equal ones */
			double t = (double)later + 1;

			ties += t * (t - 1) * (2 * t + 5);
		}
	}
	out->variance = (n * (n - 1) * (2 * n + 5) - ties) / 18;
}

static double tail(double s, double variance)
{
	if (variance <= 0)
		return 1;
	/* s moves in steps of two at most: its neighbour is one away */
	s -= s > 0 ? 1 : s < 0 ? -1 : 0;
	return erfc(s / sqrt(2 * variance)) / 2;
}

double ms_kendall_p(const struct ms_kendall *kendall)
{
	return tail((double)kendall->s, kendall->variance);
}

/* --- Hamed and Rao, Sen ---------------------------------------------------------------
 */

/* Ranks from 1; equal values share the mean of theirs. */
static void rank_all(double *ranks, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ranks[i] = 1;
		for (size_t j = 0; j < count; j++)
			ranks[i] += j == i		     ? 0
				    : values[j] < values[i]  ? 1
				    : values[j] == values[i] ? 0.5
							     : 0;
	}
}

/* Of ranks around their mean: sum over pairs so far apart. */
static double covariance(const double *ranks, size_t count, size_t lag)
{
	double mean = ((double)count + 1) / 2, sum = 0;

	for (size_t i = 0; i + lag < count; i++)
		sum += (ranks[i] - mean) * (ranks[i + lag] - mean);
	return sum;
}

/* By what the variance of s grows, given ranks of what is left beside the trend. */
static double correction(const double *ranks, size_t count)
{
	double n = (double)count, whole = covariance(ranks, count, 0), sum = 0;

	if (whole <= 0)
		return 1;
	for (size_t lag = 1; lag + 2 < count; lag++) {
		double left = n - (double)lag;
		double r = covariance(ranks, count, lag) / whole;

		if (fabs(r) > NORMAL_975 / sqrt(n))
			sum += left * (left - 1) * (left - 2) * r;
	}
	return fmax(1, 1 + 2 / (n * (n - 1) * (n - 2)) * sum);
}

/* Slopes between all pairs, sorted; their number. */
static size_t sort_slopes(double *slopes, const double *values, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			slopes[n++] = (values[j] - values[i]) / (double)(j - i);
	qsort(slopes, n, sizeof(*slopes), by_value);
	return n;
}

static double lower_bound(const double *slopes, size_t n, double variance)
{
	double at = ((double)n - NORMAL_975 * sqrt(variance)) / 2;

	return slopes[at < 1 ? 0 : (size_t)at - 1];
}

ms_status ms_slope_find(struct ms_slope *out, const double *values, size_t count,
			struct ms_error *err)
{
	size_t pairs = count * (count - 1) / 2, n;
	struct ms_kendall kendall;
	double *room, *left, *ranks;

	*out = (struct ms_slope){ .p_value = 1 };
	if (count < 4)
		return MS_OK;
	room = ms_alloc_zero(pairs + 2 * count, sizeof(*room));
	if (!room)
		return ms_fail_memory(err);
	left = room + pairs;
	ranks = left + count;
	n = sort_slopes(room, values, count);
	out->median = (room[(n - 1) / 2] + room[n / 2]) / 2;
	for (size_t i = 0; i < count; i++)
		left[i] = values[i] - out->median * (double)i;
	rank_all(ranks, left, count);
	ms_kendall(&kendall, values, count);
	kendall.variance *= correction(ranks, count);
	out->p_value = ms_kendall_p(&kendall);
	out->low = lower_bound(room, n, kendall.variance);
	ms_free(room);
	return MS_OK;
}

/* --- rises ----------------------------------------------------------------------------
 */

/* Of three neighbours: noise that does not last is no rise. */
static double smooth_at(const double *values, size_t count, size_t i)
{
	size_t from = i ? i - 1 : 0, to = i + 1 < count ? i + 1 : i;
	double sum = 0;

	for (size_t at = from; at <= to; at++)
		sum += values[at];
	return sum / (double)(to - from + 1);
}

double ms_drift_p(const double *values, size_t count)
{
	double rises[PARTS], whole = 0;
	unsigned as_large = 0;

	if (count <= PARTS)
		return 1;
	for (size_t i = 0; i < PARTS; i++) {
		rises[i] = smooth_at(values, count, (count - 1) * (i + 1) / PARTS) -
			   smooth_at(values, count, (count - 1) * i / PARTS);
		whole += rises[i];
	}
	/* sums of the same numbers differ in their last bits */
	whole -= fabs(whole) * 1e-9;
	for (unsigned signs = 0; signs < 1u << PARTS; signs++) {
		double sum = 0;

		for (size_t i = 0; i < PARTS; i++)
			sum += signs & 1u << i ? -rises[i] : rises[i];
		as_large += sum >= whole;
	}
	return (double)as_large / (1u << PARTS);
}

/* --- the verdict ----------------------------------------------------------------------
 */

/* The last 1/part of the values: its slope. */
static ms_status last_slope(struct ms_slope *out, const double *values, size_t count,
			    size_t part, struct ms_error *err)
{
	size_t n = count / part;

	return ms_slope_find(out, values + count - n, n, err);
}

static double mean(const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum / (double)count;
}

/* Its last twelfth against the one a sixth before. */
static bool rises_at_end(const double *values, size_t count, double slope)
{
	size_t steps = count / 6, some = count / 12 ? count / 12 : 1;
	const double *last = values + count - some;

	return mean(last, some) - mean(last - steps, some) >=
	       SIXTH_SHARE * slope * (double)steps;
}

ms_status ms_trend_find(struct ms_trend *out, const double *values, size_t count,
			struct ms_error *err)
{
	struct ms_slope whole, half, third;
	ms_status status = ms_slope_find(&whole, values, count, err);

	*out = (struct ms_trend){ .p_value = 1 };
	if (count < PARTS)
		return status;
	if (status == MS_OK)
		status = last_slope(&half, values, count, 2, err);
	if (status == MS_OK)
		status = last_slope(&third, values, count, 3, err);
	if (status != MS_OK)
		return status;
	out->slope = whole.median;
	out->slope_low = whole.low;
	out->p_value = fmax(whole.p_value, ms_drift_p(values, count));
	out->rising = out->p_value <= LEVEL && whole.low > 0 &&
		      half.p_value <= PART_LEVEL && third.p_value <= PART_LEVEL &&
		      third.median >= THIRD_SHARE * whole.median &&
		      rises_at_end(values, count, whole.median);
	return MS_OK;
}
