/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trend.h - does a series of values keep rising? (private to analysis)
 */
#ifndef MS_ANALYSIS_TREND_H
#define MS_ANALYSIS_TREND_H

#include "analyzer/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Mann, Nonparametric Tests against Trend, 1945; Kendall, Rank Correlation Methods, 1975.
 */
struct ms_kendall {
	long s;		 /* pairs that rise, without those that fall */
	double variance; /* of s where there is no trend, ties taken into account */
};

void ms_kendall(struct ms_kendall *out, const double *values, size_t count);
/* How likely s or more is where there is no trend: the normal tail, continuity corrected.
 */
double ms_kendall_p(const struct ms_kendall *kendall);

struct ms_slope {
	double p_value; /* of no rise, with a variance that knows serial correlation */
	double median, low; /* per step; low: of the confidence interval of 95 % */
};

/*
 * Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, 1968, with the
 * variance of Hamed and Rao, A Modified Mann-Kendall Trend Test for Autocorrelated Data,
 * 1998 (never below Kendall's own).  MS_OK or MS_ENOMEM.  Fewer than four: no trend.
 */
MS_MUST_CHECK ms_status ms_slope_find(struct ms_slope *out, const double *values,
				      size_t count, struct ms_error *err);

/*
 * How likely so large a rise is where each part of the series rises and falls alike, as
 * those of a random walk do: over all signs of the rises of twelve equal parts (Fisher,
 * The Design of Experiments, 1935).  Exact, and 1/4096 at least.
 */
double ms_drift_p(const double *values, size_t count);

struct ms_trend {
	double p_value; /* the larger one of both tests' */
	double slope, slope_low;
	bool rising; /* throughout, and at the end still */
};

/*
 * At equal distances.  A rise is told from a walk without a direction by ms_drift_p(),
 * from one that has levelled off by its last half, third and sixth.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_trend_find(struct ms_trend *out, const double *values,
				      size_t count, struct ms_error *err);

#endif
