# SPDX-License-Identifier: Apache-2.0
# Exports: what they hold equals our own reports, and names in them are text.
. "$(dirname "$0")/lib.sh"

recorded demo.bin "$targets/demo_app" >/dev/null
render() { "$analyze" render --format "$@"; }
sum() { awk '{ s += $NF } END { print s + 0 }'; }
figures() { # SNAPSHOT OPTIONS...: peak live allocated calls temporary
	"$analyze" snapshot --format json --by stack --sort calls "$@" |
		jq -r '[.rows | map(.peak_bytes), map(.live_bytes), map(.allocated), map(.allocations),
			map(.temporary), map(.peak_blocks), map(.live_blocks) | add // 0] | join(" ")'
}

# every metric, of all blocks, of some, of a time, at an instant
metrics="peak live allocated calls temporary peak-blocks live-blocks"
for options in "" "--at 50%" "--function worker --size 8.." "--from 10% --to 60%"; do
	snap=$options
	case $options in
	*--to*) snap="$options --at ${options##*--to }" ;;
	esac
	got=
	for metric in $metrics; do
		# shellcheck disable=SC2086 # the options are several words
		got="$got $(render folded --metric $metric $options demo.bin | sum)"
	done
	# shellcheck disable=SC2086
	is "${got# }" "$(figures $snap demo.bin)" "folded${options:+ $options}: every metric is that of a snapshot"
done
leaked=$("$analyze" leaks --format json demo.bin | jq '.definite.bytes + .indirect.bytes')
is "$(render folded --metric leaked demo.bin | sum)" "$leaked" "folded: what is leaked is that of leaks"
render folded --metric leaked --at 50% demo.bin >out 2>err
is "$? $(wc -c <out) $(wc -l <err)" "2 0 1" "folded: a leak at another time is not known"

# to a file: whole or not at all
render folded -o there demo.bin
ok "a file" [ -s there ]
cp there before
render folded --metric leaked --at 50% -o there demo.bin 2>err
same there before "what cannot be told leaves the old file"
is "$(find . -name 'there*' | wc -l)" 1 "and no other"
render folded demo.bin | cat >piped
same piped there "standard output has the same"
render folded demo.bin demo.bin | sum >twice
is "$(cat twice)" "$(($(sum <there) * 2))" "two traces are summed"
"$analyze" render --list-formats --format json | jq -r '.formats[].name' >names
ok "formats are listed" grep -qx folded names
while read -r name; do
	ok "memscope-analyze(1) tells of $name" grep -q "^\.It Cm $name\$" "$root/man/memscope-analyze.1"
done <names
done_testing
