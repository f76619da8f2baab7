# SPDX-License-Identifier: Apache-2.0
# Children, however they are made, have logs of their own, exact from their first event.
. "$(dirname "$0")/lib.sh"

family() { # NAME LOGS WAY [N]
	name=$1
	logs=$2
	shift 2
	ok "$name: parent and children run" counted "$name" "$targets/family" "$@"
	is "$(find . -name "$name.*.bin" | wc -l)" "$logs" "$name: $logs logs"
	ok "$name: totals of each process equal the counter's" equal_counts "$name"
	for log in "$name".*.bin; do
		sizes "$log" 700000 700100
	done | sort -n >"$name.both"
	cut -d' ' -f1 "$name.both" >"$name.sizes"
	cut -d' ' -f2 "$name.both" >"$name.times"
	is "$(uniq -d "$name.sizes")" "" "$name: no event is in two logs"
	is "$(sort -u "$name.times")" 3 "$name: each process has its three blocks"
}

family fork 51 fork 50
is "$(wc -l <fork.sizes)" 51 "fork: 51 processes, all different"
family threads 21 threads 20
family grand 3 grand
family argv 2 argv
family spawn 2 spawn
family vfork 2 vfork

ok "a raw clone: parent and child run" recorded "clone.%p.bin" "$targets/family" clone
is "$(find . -name 'clone.*.bin' | wc -l)" 2 "clone: two logs"
is "$(for log in clone.*.bin; do sizes "$log" 700000 700001; done | sort | tr '\n' ,)" \
	"700000 3,700001 3," "clone: each holds its own blocks only"

for log in fork.*.bin; do raw -i "$log" | awk '$1 ~ /^(pid|parent|flags)$/ { print $2 }' | paste -s; done >heads
parent=$(awk '!$3 { print $1 }' heads)
is "$(awk '$3 == 1' heads | wc -l)" 50 "fifty heads say that they were forked"
is "$(awk -v parent="$parent" '$3 == 1 && $2 != parent' heads)" "" "and by whom"
done_testing
