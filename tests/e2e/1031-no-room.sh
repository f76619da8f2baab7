# SPDX-License-Identifier: Apache-2.0
# No place to write, or no more: the program runs on, and one line says why.
. "$(dirname "$0")/lib.sh"

lost() { raw -i "$1" | awk -v n="$2" '$1 == "lost" && $2 == n { v = $3 } END { print v == "" ? 0 : v }'; }

# all_told LOG COUNT: blocks in the log and blocks counted as lost make COUNT.
all_told() {
	in_log=$(count "$1" 950000)
	out=$(lost "$1" 3)
	diag "$in_log in the log, $out counted after it"
	[ "$((in_log + out))" -ge "$2" ] && [ "$((in_log + out))" -le "$(($2 + 20))" ] && [ "$out" -gt 0 ]
}

recorded no/such/dir/log.bin "$targets/hostile" work 1000 2>err
is $? 5 "a missing directory: the program runs"
is "$(wc -l <err)" 1 "one line says so"
ok "it names the log and the reason" grep -q 'no/such/dir/log.bin: no such directory' err
ok "the directory was not made" [ ! -e no ]

recorded /proc/log.bin "$targets/hostile" work 1000 2>err
is $? 5 "a directory that cannot be written: the program runs"
is "$(wc -l <err)" 1 "one line says so"
recorded "$PWD/x/$(printf '%05000d' 1).bin" "$targets/hostile" work 10 2>err
is "$? $(wc -l <err)" "5 1" "a name too long: the program runs, one line"
recorded no/such/dir/log.bin MEMSCOPE_QUIET=1 "$targets/hostile" work 1000 2>err
is "$? $(wc -l <err)" "5 0" "QUIET: no line"

counted max MEMSCOPE_MAX_SIZE=1MiB "$targets/hostile" work 300000
is $? 5 "MEMSCOPE_MAX_SIZE: the program runs"
log=$(ls max.*.bin)
ok "the log keeps to it" [ "$(stat -c %s "$log")" -le 1048576 ]
is "$(wc -l <max.err)" 1 "one line says so"
is "$(totals "$log")" "$(counts max.counts/*)" "totals go on exactly: the independent reader"
is "$(summary_totals "$log")" "$(counts max.counts/*)" "and the analyzer"
is "$(lost "$log" 3)" 0 "nothing is lost"
ok "most of it came after the limit" [ "$(raw -i "$log" | awk '$1 == "counts" { n += $3 } END { print n }')" -gt 10000 ]
ok "the text says from when on" sh -c "'$analyze' '$log' 2>&1 | grep -q '^exact totals only from .* on'"
ok "what was live then is told apart" [ "$(field "$log" '.processes[0].before_limit.peak_memory')" -gt 0 ]
ok "sites are those until then" [ "$(field "$log" '.sites[0].peak_bytes')" -gt 0 ]
"$analyze" snapshot --at 100% --format json "$log" >late.json
is "$(jq '.totals.current_memory, .totals.total_allocations' late.json)" "null
null" "a snapshot of later knows nothing"
is "$(field "$log" '.totals.current_memory, .totals.peak_memory')" "null
null" "what was live at the end is not known"

mkdir fsize
(cd fsize && LD_PRELOAD="$recorder" MEMSCOPE_OUTPUT=log.bin "$targets/hostile" fsize 300000 2>err)
is $? 5 "RLIMIT_FSIZE: no SIGXFSZ, the program runs"
is "$(wc -l <fsize/err)" 1 "one line"
ok "all told" all_told fsize/log.bin 300000

recorded gone.bin "$targets/hostile" gone 300000 2>err
is "$? $(wc -l <err)" "5 1" "the log deleted meanwhile: the program runs, one line"
is "$(find . -name 'gone*')" "" "nothing is put in its place"
recorded gone.bin "$targets/hostile" gone 300000 precious 2>err
is "$? $(wc -l <err)" "5 1" "another file in its place: the program runs, one line"
is "$(find . -name 'gone*' -exec cat {} +)" precious "and that file is left alone"

mkdir memory
(cd memory && LD_PRELOAD="$recorder" MEMSCOPE_OUTPUT=log.bin "$targets/hostile" memory 300000 2>err)
is "$? $(wc -l <memory/err)" "5 1" "no address space: the program runs, one line"
ok "all told" all_told memory/log.bin 300000

full='mount -t tmpfs -o size=512k tmpfs "$1" || exit 77; cd "$1" || exit 77
	LD_PRELOAD="$2" MEMSCOPE_OUTPUT=log.bin "$3" work 300000 2>../err
	echo $? >../code; cp log.bin ../log.bin'
mkdir disk
if unshare -rm sh -c "$full" sh "$PWD/disk" "$recorder" "$targets/hostile" 2>/dev/null; then
	is "$(cat code)" 5 "a full disk: no SIGBUS, the program runs"
	is "$(wc -l <err)" 1 "one line"
	ok "all told" all_told log.bin 300000
	ok "the analyzer reads what there is" [ "$(count log.bin 950000)" -gt 1000 ]
else
	skip "no mounts here" "a full disk"
fi
done_testing
