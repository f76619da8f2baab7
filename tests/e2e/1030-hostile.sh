# SPDX-License-Identifier: Apache-2.0
# Programs that close, limit, leave or lock away what a recorder stands on.
. "$(dirname "$0")/lib.sh"

went_on() { # NAME WAY COUNT WANT DESCRIPTION
	mkdir -p "$1"
	(cd "$1" && LD_PRELOAD="$recorder" MEMSCOPE_OUTPUT=log.bin "$targets/hostile" "$2" "$3" >out 2>err)
	is $? 5 "$5: the program goes on"
	is "$(count "$1/log.bin" 950000)" "$4" "$5: each of its blocks is in the log"
	is "$(cat "$1/err")" "" "$5: nothing on stderr"
}

went_on close close 100000 100000 "all descriptors closed and reused"
went_on chdir chdir 100000 200000 "another directory, a thread later"
is "$(find chdir -name '*.bin' | xargs)" "chdir/log.bin" "the log stays where it began"
went_on mask mask 100000 100000 "all signals blocked"
went_on nofile nofile 100000 100000 "no descriptor left to open"

"$targets/hostile" numbers 1000 </dev/null >bare 2>&1
recorded numbers.bin "$targets/hostile" numbers 100000 </dev/null >got 2>&1
same got bare "the program's descriptors have the same numbers"
"$targets/hostile" numbers 1000 <&- >bare 2>&1
recorded numbers2.bin "$targets/hostile" numbers 1000 <&- >got 2>&1
same got bare "also when stdin was closed from the start"
ok "and stdout and stderr too" sh -c "LD_PRELOAD='$recorder' MEMSCOPE_OUTPUT=closed.bin \
	'$targets/hostile' work 1000 <&- >&- 2>&-; [ \$? -eq 5 ]"
is "$(count closed.bin 950000)" 1000 "everything closed from the start: recorded"

if [ "$(id -u)" = 0 ]; then
	mkdir chroot
	(cd chroot && LD_PRELOAD="$recorder" MEMSCOPE_OUTPUT=log.bin "$targets/hostile" chroot 200000 2>err)
	is $? 5 "chroot: the program goes on"
	made=$(count chroot/log.bin 950000)
	stopped=$(raw -i chroot/log.bin | awk '$1 == "lost" && $2 == 3 { print $3 }')
	is "$((made + ${stopped:-0}))" 200000 "chroot: recorded, or counted as lost (${stopped:-0})"
else
	skip "needs root" "chroot"
fi
done_testing
