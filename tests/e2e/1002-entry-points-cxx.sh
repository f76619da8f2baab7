# SPDX-License-Identifier: Apache-2.0
# The twenty forms of operator new and delete are in the log, each once, each as itself.
. "$(dirname "$0")/lib.sh"

ok "the operators behave" recorded forms.bin "$targets/entry_points_cxx" truth forms
between forms.bin >got
same got truth "each call is in the log: form, address, size, alignment"
is "$(cut -f1 truth | sort -u | wc -l)" 20 "all twenty forms were called"

# inside, a nothrow operator that fails throws and catches: the exception is a block, too
ok "nothrow operators fail with NULL" recorded fail.bin "$targets/entry_points_cxx" truth fail
between fail.bin | grep -v '^\(malloc\|free\)	' >got
same got truth "and are in the log as failed"

ok "operator new throws what it threw" recorded throw.bin "$targets/entry_points_cxx" truth throw
is "$(between throw.bin | awk -F'\t' '$2 == 0 { print $1 }' | tr '\n' ,)" "new,new[] aligned," \
	"an operator that threw is in the log as failed"
done_testing
