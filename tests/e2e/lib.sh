# SPDX-License-Identifier: Apache-2.0
#
# lib.sh - what the end-to-end tests share.  Sourced by plain sh scripts that print TAP.
#
# $tmp is the current directory, empty at first, gone at the end.  The recorder, the
# analyzer and the watched programs come from $MS_BUILD (build/release by default).

set -u
export LC_ALL=C
unset LD_PRELOAD MEMSCOPE_OUTPUT MEMSCOPE_STACKS MEMSCOPE_DEPTH MEMSCOPE_FREE_STACKS \
	MEMSCOPE_MODE MEMSCOPE_SAMPLE MEMSCOPE_CULL MEMSCOPE_START MEMSCOPE_SIGNAL MEMSCOPE_MAX_SIZE MEMSCOPE_QUIET MEMSCOPE_FOLLOW MEMSCOPE_MMAP MEMSCOPE_HEAPMAP COUNTER_OUT
e2e=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$e2e/../.." && pwd)
build=$(cd "${MS_BUILD:-$root/build/release}" && pwd) || { echo "Bail out! no build"; exit 2; }
recorder=$build/libmemscope.so
analyze=$build/memscope-analyze
targets=$build/targets
counter=$targets/libcounter.so
for file in "$recorder" "$analyze" "$counter"; do
	[ -e "$file" ] || { echo "Bail out! $file is missing (make all targets)"; exit 2; }
done
tmp=$(mktemp -d "${TMPDIR:-/tmp}/memscope-e2e.XXXXXX") || exit 2
trap 'cd / && rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP
cd "$tmp" || exit 2
export XDG_CACHE_HOME="$tmp/.cache" # the user's own is neither read nor filled

test_number=0

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

# ok DESCRIPTION COMMAND...: the command succeeds.
ok() {
	test_number=$((test_number + 1))
	description=$1
	shift
	if "$@"; then
		echo "ok $test_number - $description"
	else
		echo "not ok $test_number - $description"
		diag "failed: $*"
	fi
}

# is GOT WANTED DESCRIPTION
is() {
	test_number=$((test_number + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $test_number - $3"
	else
		echo "not ok $test_number - $3"
		diag "got:    $1" | head -n 20
		diag "wanted: $2" | head -n 20
	fi
}

# same FILE FILE DESCRIPTION: the same bytes.
same() {
	test_number=$((test_number + 1))
	if cmp -s "$1" "$2"; then
		echo "ok $test_number - $3"
	else
		echo "not ok $test_number - $3"
		diff "$1" "$2" 2>&1 | head -n 20 | cut -c 1-400 | sed 's/^/# /'
	fi
}

# quietly COMMAND...: without its stdout, for use after ok.
quietly() { "$@" >/dev/null; }

skip() { # WHY DESCRIPTION
	test_number=$((test_number + 1))
	echo "ok $test_number - $2 # SKIP $1"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() { echo "1..$test_number"; }

# recorded LOG [VARIABLE=VALUE]... COMMAND...: run under the recorder.
recorded() {
	log=$1
	shift
	env LD_PRELOAD="$recorder" MEMSCOPE_OUTPUT="$log" "$@"
}

# counted NAME COMMAND...: run under the counter and the recorder; counts in NAME.counts/,
# logs NAME.PID.bin, the program's stdout in NAME.out, its stderr in NAME.err.
counted() {
	name=$1
	shift
	mkdir "$name.counts" || return 1
	env COUNTER_OUT="$PWD/$name.counts" MEMSCOPE_OUTPUT="$PWD/$name.%p.bin" \
		LD_PRELOAD="$counter $recorder" "$@" >"$name.out" 2>"$name.err"
}

raw() { perl "$e2e/logcat.pl" "$@"; }

# rows LOG: the analyzer's events, without the head line.
rows() { "$analyze" dump --format csv "$@" | tail -n +2; }

# field LOG FILTER: a piece of the analyzer's JSON.
field() { "$analyze" summary --format json "$1" 2>/dev/null | jq -r "$2"; }

# sizes LOG LOW HIGH: how often each size between the two was allocated: "size times".
sizes() {
	rows "$1" | awk -F, -v low="$2" -v high="$3" \
		'$3 !~ /^(free|delete|mmap|munmap|mremap|brk)/ && $5 >= low && $5 <= high { n[$5]++ }
		END { for (s in n) print s, n[s] }' | sort -n
}

# count LOG SIZE: how many blocks of that size the log has.
count() {
	rows "$1" | awk -F, -v size="$2" '$3 !~ /^(free|delete)/ && $5 == size { n++ } END { print n + 0 }'
}

# between LOG: what lies between the truth's marks, as the truth has it.  A block of 7654323
# bytes begins anew.
between() {
	raw "$1" | awk -F'\t' -v OFS='\t' '
		$5 == 7654322 { on = 0 }
		on { text = text $3 OFS $4 OFS $5 OFS $6 "\n" }
		$5 == 7654321 || $5 == 7654323 { on = 1; text = "" }
		END { printf "%s", text }'
}

# totals LOG: allocations reallocations deallocations bytes failed, by the independent reader.
totals() { raw -t "$1" | awk '{ print $1, $2, $3, $4, $5 }'; }

# summary_totals LOG: the same figures by the analyzer.
summary_totals() {
	field "$1" '.totals | [.total_allocations, .total_reallocations, .total_deallocations,
		.total_allocated, .failed_allocations] | join(" ")'
}

# counts FILE: the same figures by the counter.
counts() { od -An -v -tu8 -w40 "$1" | awk '{ print $1, $2, $3, $4, $5 }'; }

# equal_counts NAME: every process of the counted run NAME has a log with its very totals, by
# the analyzer and by the independent reader.  A process may have run several programs (exec):
# its logs and its counts come in the same order.  Where nothing was allocated there may be an
# empty log, and no counts.
equal_counts() {
	for file in "$1".counts/*; do
		id=${file##*/}
		echo "${id%.*} ${id#*.} $(counts "$file")"
	done | sort -k1,1 -k2,2n | cut -d' ' -f 1,3- >"$1.counted"
	for log in "$1".*.bin; do
		id=${log#"$1".}
		id=${id%.bin}
		number=${id#*.}
		[ "$number" = "$id" ] && number=0
		judges=$(totals "$log")
		analyzed=$(summary_totals "$log")
		[ "$judges" = "$analyzed" ] || judges="$judges, but the analyzer says $analyzed"
		echo "${id%.*} $number $judges"
	done | sort -k1,1 -k2,2n | cut -d' ' -f 1,3- >"$1.logged"
	for file in "$1.counted" "$1.logged"; do
		grep -v ' 0 0 0 0 0$' "$file" >"$file.some"
	done
	[ -s "$1.counted.some" ] && cmp -s "$1.counted.some" "$1.logged.some" && return
	diff "$1.counted.some" "$1.logged.some" | head -n 20 | sed 's/^/# /'
	return 1
}

# equal_cases SCRIPT PATTERN: each case of its table, a line that begins so, ends in "equal".
# The table stays in the file table.
equal_cases() {
	MS_BUILD=$build sh "$e2e/$1" >table
	sed 's/^/# /' table
	grep -E "^($2)/" table >cases
	while read -r name rest; do
		is "${rest##* }" equal "$name"
	done <cases
}
