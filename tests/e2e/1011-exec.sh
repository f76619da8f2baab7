# SPDX-License-Identifier: Apache-2.0
# One pid, many programs; one directory, many runs: nothing is overwritten.
. "$(dirname "$0")/lib.sh"

ok "a program that becomes itself ten times" counted chain "$targets/family" chain 10
ok "totals of each equal the counter's" equal_counts chain
first=$(basename "$(find . -name 'chain.*.bin' | grep -E 'chain\.[0-9]+\.bin')" .bin)
is "$(find . -name 'chain.*.bin' | wc -l)" 11 "eleven logs"
is "$(for n in '' .1 .2 .3 .4 .5 .6 .7 .8 .9 .10; do
	[ -f "$first$n.bin" ] && sizes "$first$n.bin" 700000 700010; done | tr '\n' ,)" \
	"$(seq -f '7000%02g 3' -s , 10 -1 0)," "PID.bin, PID.1.bin ...: in the order of the execs"

for run in 1 2 3; do recorded same.bin "$targets/plain" $run; done
is "$(find . -name 'same*' | sort | xargs)" "./same.1.bin ./same.2.bin ./same.bin" "three runs, three logs"
is "$(count same.bin 100) $(count same.1.bin 100) $(count same.2.bin 100)" "1 2 3" "none overwritten"

mkdir default && cd default || exit 1
env LD_PRELOAD="$recorder" "$targets/plain" 1
is "$(find . -type f | sed 's/[0-9][0-9]*/N/')" "./memscope.N.bin" "memscope.PID.bin is the default"
is "$(stat -c %a memscope.*)" 600 "a log is for its owner only"
cd ..
recorded 'x.%e.%t.%%.bin' "$targets/plain" 1
is "$(find . -name 'x.*' | sed 's/[0-9][0-9]*/T/')" "./x.plain.T.%.bin" "%e, %t and %% in names"
echo precious >precious
ln -s precious link.bin
recorded link.bin "$targets/plain" 1 2>err
is "$(cat precious)" precious "a link in the place of the log is not followed"
done_testing
