# SPDX-License-Identifier: Apache-2.0
# Somebody cuts the log while it is written: the program runs on.  The handler that makes it
# so is nowhere to be seen: what SIGBUS does and says is as it is without a recorder.
. "$(dirname "$0")/lib.sh"

# Output and exit code of WAY [cut] in $way.native and $way.watched.
natively() {
	"$targets/bus_signals" "$@" >"$1.native" 2>err
	echo "$?" >>"$1.native"
}
watched() {
	rm -f log.bin
	recorded "$PWD/log.bin" "$targets/bus_signals" "$@" >"$1.watched" 2>err
	echo "$?" >>"$1.watched"
	grep -v '^Bus error' err >ours # the shell's word
}
ulimit -c 0
for way in flags old others children blocked at_once leaving raw dies; do
	natively $way
	watched $way
	same $way.native $way.watched "$way: nothing of ours is seen"
	is "$(cat ours)" "" "$way: nothing to say"
done
for way in flags children leaving dies threads half; do
	natively $way cut
	watched $way cut
	same $way.native $way.watched "$way, the log cut: the program runs on"
	is "$(cat ours)" "memscope: recording stopped: somebody has cut the log short: $PWD/log.bin" \
		"$way, the log cut: one line says so"
done
is "$(field log.bin .process.stopped)" "somebody cut the log short" "what is left of the log says why it ends"
done_testing
