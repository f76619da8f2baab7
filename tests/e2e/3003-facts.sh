# SPDX-License-Identifier: Apache-2.0
# What a log knows of its process, without the machine that it came from.
. "$(dirname "$0")/lib.sh"

fact() { raw -i facts.bin | sed -n "s/^fact $1 //p"; }

before=$(date +%s)
mkdir here && cd here || exit 1
recorded ../facts.bin MEMSCOPE_DEPTH=40 SECRET=hidden "$targets/plain" 3 'two words' "tab	bed"
cd .. || exit 1
after=$(date +%s)
is "$(fact argv)" "$targets/plain
3
two words
tab	bed" "argv, each"
is "$(fact env | sort)" "MEMSCOPE_DEPTH=40
MEMSCOPE_OUTPUT=../facts.bin" "of the environment: our settings, nothing else"
is "$(fact exe)" "$(readlink -f "$targets/plain")" "the program's file"
is "$(basename "$(fact allocator)")" libc.so.6 "whose malloc it has"
is "$(fact cwd)" "$PWD/here" "its directory"
is "$(fact kernel)" "$(uname -r)" "the kernel"
"$analyze" summary --format json facts.bin >json
is "$(jq '.process.start_unix_ns / 1000000000 | . >= '"$before"' - 1 and . <= '"$after"' + 1' json)" true \
	"when it began"
is "$(jq '.process.duration_ns > 0' json)" true "how long it ran"
is "$(jq -r .process.command json | grep -c 'two words')" 1 "the command line"
"$analyze" info facts.bin >info
for what in "$(uname -r)" "$PWD/here" MEMSCOPE_DEPTH libc.so.6; do
	ok "info shows $what" grep -qF -- "$what" info
done

# time: clock pairs of the log agree with each other
recorded long.bin "$targets/depth_bench" 10 200000 1 1000
raw -i long.bin | awk '$1 == "clock_pair"' >pairs
ok "the clock is calibrated at two instants at least" [ "$(wc -l <pairs)" -ge 2 ]
ok "memory in use is sampled" [ "$(raw -i long.bin | grep -c '^sample')" -ge 1 ]
wall=$(awk 'NR == 1 { a = $3 } { b = $3 } END { printf "%.0f", b - a }' pairs)
span=$(rows long.bin | awk -F, '{ t = $1 } END { print t }')
ok "event times are nanoseconds of that clock ($span in $wall)" \
	[ "$span" -le $((wall + wall / 10 + 10000000)) ]
done_testing
