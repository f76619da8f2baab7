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
up
backtrace
kill
END
gdb -q -nx -batch -x script "$targets/gdb_stop" >out 2>&1
sed -n 's/^#[0-9]* *\(0x[0-9a-f]*\) in.*/\1/p' out >theirs
[ -s theirs ] || { sed 's/^/# /' out | head -n 20; }
raw -a gdb.bin | awk -F'\t' '$5 == 980001 { print $8 }' | tr , '\n' | sed 's/^0x0*/0x/' >ours
sed -i 's/^0x0*/0x/' theirs
ok "gdb stopped and the log has the event" [ "$(wc -l <theirs)" -ge 5 ]
tail -n +2 ours >ours.callers
awk -v n="$(wc -l <ours.callers)" '{ line[NR] = $0 } END { for (i = NR - n + 1; i <= NR; i++) print line[i] }' theirs >theirs.callers
# gdb ends at main, we go on to the entry of the process
head -n "$(wc -l <ours.callers)" theirs >/dev/null
ok "same callers" awk 'NR == FNR { theirs[NR] = $0; n = NR; next }
	FNR == 1 { for (k = 1; k <= n; k++) if (theirs[k] == $0) break; if (k > n) bad = 1 }
	k <= n && theirs[k++] != $0 { bad = 1 }
	END { exit bad || FNR < 4 }' theirs ours.callers
done_testing
