# SPDX-License-Identifier: Apache-2.0
# Allocations before main, after main, and in threads that have returned.
. "$(dirname "$0")/lib.sh"

ok "a program that allocates in odd places" counted late "$targets/late_events"
log=$(ls late.*.bin)
is "$(sizes "$log" 500001 500020 | tr '\n' ,)" \
	"500001 1,500002 1,500003 1,500004 2,500005 2,500006 1,500007 1,500008 1,500011 1,500012 1,500013 1,500014 1," \
	"constructors, destructors, atexit, thread_local and keys: each exactly"
ok "totals equal the counter's" equal_counts late
is "$(rows "$log" | awk -F, '
	$5 >= 500001 && $5 <= 500020 { at[$4] = $5; live[$5]++; next }
	$3 == "free" && ($4 in at) { live[at[$4]]--; delete at[$4] }
	END { for (s in live) if (live[s]) print s, live[s] }')" "500008 1" "all are freed but the last"
done_testing
