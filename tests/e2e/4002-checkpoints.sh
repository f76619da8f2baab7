# SPDX-License-Identifier: Apache-2.0
# Checkpoints of the live heap: the heap at any instant is the same from the nearest of them
# as from the log's beginning, on one thread and on several.
. "$(dirname "$0")/lib.sh"

MEMSCOPE_FREE_STACKS=0 recorded a.bin "$targets/depth_bench" 8 500000 2 300 >/dev/null 2>&1
ok "a log was recorded" [ -s a.bin ]
checkpoints=$("$analyze" index a.bin | sed -n 's/.*, \([0-9]*\) checkpoints$/\1/p')
ok "its index has checkpoints on the way and of the end" [ "${checkpoints:-0}" -ge 4 ]

heap() { "$analyze" snapshot "$@" --format json a.bin; }
for at in 1% 20% 37.5% 50% 63% 99% 100% end peak start; do
	heap --at "$at" >from-there
	heap --at "$at" --no-index --threads 1 >from-start
	same from-start from-there "the heap at $at"
done
heap --at 80% --by none >from-there
heap --at 80% --by none --no-index >from-start
same from-start from-there "every block at 80%"
"$analyze" summary --format json a.bin >from-there
"$analyze" summary --format json --no-index --threads 1 a.bin >from-start
same from-start from-there "the summary"

done_testing
