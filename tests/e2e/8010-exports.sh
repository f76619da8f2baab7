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

# csv: the same metrics, by thread too
columns() { # CSV: sums of its last nine columns but what is leaked
	awk -F, 'NR > 1 { for (i = 0; i < 9; i++) n[i] += $(NF - 8 + i) }
		END { print n[0], n[1], n[2], n[3], n[4], n[6], n[7] }' "$1"
}
for options in "" "--at 50%" "--function worker --size 8.." "--freed" "--from 10% --to 60%"; do
	snap=$options
	case $options in
	*--to*) snap="$options --at ${options##*--to }" ;;
	esac
	# shellcheck disable=SC2086
	render csv $options demo.bin >out.csv
	# shellcheck disable=SC2086
	is "$(columns out.csv)" "$(figures $snap demo.bin)" "csv${options:+ $options}: every metric is that of a snapshot"
done
tid=$("$analyze" threads --format json demo.bin | jq -r '[.rows[] | select(.name == "demo_app") | .tid] | last')
render csv demo.bin | awk -F, -v tid="$tid" 'NR == 1 || $2 == tid' >out.csv
is "$(columns out.csv)" "$(figures --thread "$tid" demo.bin)" "csv: a thread's rows are what that thread made"
is "$(render csv demo.bin demo.bin | wc -l)" "$(($(render csv demo.bin | wc -l) * 2 - 1))" "csv: rows of two processes"

# over time: the counters are the timeline's
render chrome demo.bin >chrome.json
"$analyze" timeline --format json demo.bin >timeline.json
is "$(jq -c '[.traceEvents[] | select(.name == "live bytes") | .args.bytes] | [max, last]' chrome.json)" \
	"$(jq -c '[.processes[0].peak_bytes, .rows[-1].live_bytes]' timeline.json)" "chrome: the peak and the end"
is "$(jq '[.traceEvents[] | select(.ph == "X")] | length' chrome.json)" \
	"$("$analyze" threads --format json demo.bin | jq '.rows | length')" "chrome: the threads"
recorded marks.bin "$targets/marking" points
is "$(render chrome marks.bin | jq -c '[.traceEvents[] | select(.ph == "i").name]')" '["one","two","one"]' "chrome: marks"
is "$(render firefox marks.bin | jq -c '.threads[0] | [.markers.name[] as $n | .stringArray[$n]]')" '["recording","one","two","one"]' \
	"firefox: marks"

# recordings that lack something
recorded sample.bin MEMSCOPE_MODE=sample MEMSCOPE_SAMPLE=4KiB "$targets/demo_app" >/dev/null
is "$(render folded --metric allocated sample.bin | sum)" "$(figures sample.bin | cut -d' ' -f 3)" "a sample: estimates are a snapshot's"
for format in heaptrack "folded --metric temporary"; do
	# shellcheck disable=SC2086
	render $format sample.bin >out 2>err
	is "$? $(wc -c <out) $(wc -l <err)" "2 0 1" "a sample: no $format"
done
render pprof sample.bin >sample.pb.gz
ok "a sample: pprof" gzip -t sample.pb.gz
recorded cull.bin MEMSCOPE_MODE=cull "$targets/demo_app" >/dev/null
is "$(render folded --metric calls cull.bin | sum)" "$(figures cull.bin | cut -d' ' -f 4)" "a cull: what was folded is there"
render csv cull.bin >out.csv
is "$(columns out.csv | cut -d' ' -f 2-4)" "$(figures cull.bin | cut -d' ' -f 2-4)" "a cull: csv has it, too"
recorded counters.bin MEMSCOPE_MODE=counters "$targets/demo_app" >/dev/null
for format in folded dhat massif heaptrack firefox dot; do
	render $format counters.bin >out 2>err
	is "$? $(wc -c <out) $(wc -l <err)" "2 0 1" "counters: no $format"
done
for format in dhat massif heaptrack; do
	render $format demo.bin demo.bin >out 2>err
	is "$? $(wc -c <out) $(wc -l <err)" "2 0 1" "$format: of one process"
done
head -c $(($(wc -c <demo.bin) / 2)) demo.bin >cut.bin
render folded --metric allocated cut.bin >out 2>err
is "$? $(sum <out)" "3 $(figures cut.bin 2>/dev/null | cut -d' ' -f 3)" "a damaged log: what is there, and exit 3"

# to a file: whole or not at all
render folded -o there demo.bin
ok "a file" [ -s there ]
cp there before
render folded --metric leaked --at 50% -o there demo.bin 2>err
same there before "what cannot be told leaves the old file"
is "$(find . -name 'there*' | wc -l)" 1 "and no other"
script -qec "$analyze render --format pprof demo.bin" /dev/null </dev/null >out 2>&1
is "$(grep -c 'no text for a terminal' out) $(grep -c . out)" "1 1" "binary is not written to a terminal"
render folded -o /dev/null demo.bin
ok "a device stays one" [ -c /dev/null ]
render folded demo.bin >/dev/full 2>err
is "$? $(wc -l <err)" "2 1" "a full output: one line"
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
