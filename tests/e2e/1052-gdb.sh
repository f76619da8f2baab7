# SPDX-License-Identifier: Apache-2.0
# gdb's backtrace at an allocation is the stack in the log.
. "$(dirname "$0")/lib.sh"
command -v gdb >/dev/null || skip_all "no gdb"

cat >script <<END
set confirm off
set pagination off
set debuginfod enabled off
set print frame-info location-and-address
set environment LD_PRELOAD $recorder
set environment MEMSCOPE_OUTPUT $PWD/gdb.bin
set startup-with-shell off
break at_allocation
run
backtrace
kill
END
gdb -q -nx -batch -x script "$targets/gdb_stop" >out 2>&1
sed -n 's/^#[2-9] *0x0*\([0-9a-f]*\) in.*/\1/p' out >callers
ok "gdb shows the four callers of the leaf" [ "$(wc -l <callers)" = 4 ]
[ -s callers ] || sed 's/^/# /' out | head -n 20
raw -a gdb.bin | awk -F'\t' '$5 == 980001 { print $8 }' | tr , '\n' | sed 's/^0x0*//' >ours
ok "the log of the killed program has the event" [ "$(wc -l <ours)" -ge 6 ]
sed -n 2,5p ours >ours.callers
same ours.callers callers "they are the same, up to main"
done_testing
