#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# truth_errors.sh - programs of one wrong free each: ours beside Valgrind's, with stacks.
#
#	truth_errors.sh [CASE...]	of the build in $MS_BUILD; a line each, then how many differ
#
# Compared are the class, and of each stack (of the wrong call, of an earlier free, of the
# allocation) the frames in the program's own source, with their lines.  Of new and delete
# that differ in alignment alone Valgrind tells from 3.22 on; they are not among the cases.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
build=${MS_BUILD:-$here/../../build/release}
targets=$build/targets
jobs=${TRUTH_JOBS:-2}

ours() { # ours DIR PROGRAM CASE: class and stacks, a line each
	MEMSCOPE_OUTPUT="$1/log" MEMSCOPE_QUIET=1 LD_PRELOAD="$build/libmemscope.so" "$targets/$2" "$3" >/dev/null 2>&1
	"$build/memscope-analyze" check --only double_free,invalid_free,mismatched_free --depth 0 --format json "$1/log" |
		jq -r --arg source "$2" '
		{ "double_free/freed": "freed block", "double_free/reallocated": "freed block",
		"invalid_free/interior": "middle of a block", "invalid_free/stack": "stack",
		"invalid_free/static": "static", "invalid_free/mapped": "mapped", "invalid_free/not_a_block": "nothing" } as $classes
		| .findings[]
		| (if .detector == "mismatched_free" then "mismatched"
			else $classes["\(.detector)/\(.kind)"] // .kind end),
		(.stacks[].stack | map(select(.file // "" | test("(^|/)\($source)[.][a-z]+$"))
			| "\(.function | split("(")[0]):\(.line)") | join(" < "))'
}

theirs() { # theirs DIR PROGRAM CASE
	valgrind --log-file="$1/valgrind" "$targets/$2" "$3" >/dev/null 2>&1
	sed 's/^==[0-9]*== *//' <"$1/valgrind" | awk -v source="$2" '
		function tell() { if (class != "") { print class; for (i = 1; i <= n; i++) print stack[i] } class = ""; n = 0 }
		/^Invalid free\(\)/ { tell(); class = "nothing" }
		/^Mismatched free\(\)/ { tell(); class = "mismatched" }
		class == "" { next }
		/^Address / && class != "mismatched" {
			if (/ 0 bytes inside a block .* free.d$/) class = "freed block"
			else if (/ bytes inside a block /) class = "middle of a block"
			else if (/ is on thread .* stack$/) class = "stack"
			else if (/ data symbol | mapped file /) class = "static"
			else if (/ anonymous segment$/) class = "mapped"
		}
		/^at 0x/ { stack[++n] = "" }
		/^(at|by) 0x/ && match($0, "\\(" source "\\.[a-z]+:[0-9]+\\)$") {
			line = $0; sub(/.*:/, "", line); sub(/\)/, "", line)
			name = $0; sub(/^(at|by) 0x[0-9A-F]+: /, "", name); sub(/\(.*/, "", name); sub(/ $/, "", name)
			stack[n] = stack[n] (stack[n] == "" ? "" : " < ") name ":" line
		}
		/^HEAP SUMMARY/ { exit }
		END { tell() }'
}

one() { # one PROGRAM/CASE
	dir=$(mktemp -d) || exit 2
	a=$(ours "$dir" "${1%/*}" "${1#*/}")
	b=$(theirs "$dir" "${1%/*}" "${1#*/}")
	verdict=equal
	[ "$a" = "$b" ] || verdict=DIFFERS
	printf '%s\n' "${a:-none}" >"$dir/a"
	printf '%s\n' "${b:-none}" >"$dir/b"
	# one write, as several of these run at once
	table=$(paste -d '\t' "$dir/a" "$dir/b" | awk -F '\t' -v name="$1" -v verdict="$verdict" '
		{ printf "%-32s %-52s %-52s %s\n", NR == 1 ? name : "", $1, $2, NR == 1 ? verdict : "" }' | sed 's/ *$//')
	printf '%s\n' "$table"
	rm -rf "$dir"
}

if [ "${1-}" = --one ]; then
	one "$2"
	exit
fi
all=$(
	for name in twice twice_unseen twice_large twice_later twice_by_threads realloc_freed free_moved \
		interior interior_freed stack threads_stack arguments static literal libc mapped wild; do
		echo wrong_frees/$name
	done
	for name in malloc_delete malloc_delete_array new_free new_delete_array array_free array_delete new_realloc \
		array_realloc strdup_delete right; do
		echo mismatches/$name
	done
)
[ $# -eq 0 ] || all=$(printf '%s\n' "$@")
printf '%-32s %-52s %s\n' "case" "memscope" "valgrind"
out=$(printf '%s\n' "$all" | xargs -P "$jobs" -n 1 sh "$0" --one)
printf '%s\n' "$out"
equal=$(printf '%s\n' "$out" | grep -c ' equal$')
count=$(printf '%s\n' "$all" | wc -l)
echo "$count cases, $((count - equal)) differ"
[ "$equal" -eq "$count" ]
