# SPDX-License-Identifier: Apache-2.0
# Wrong frees: class and stacks of each equal Valgrind's.
. "$(dirname "$0")/lib.sh"
command -v valgrind >/dev/null || skip_all "no valgrind"

equal_cases truth_errors.sh 'wrong_frees|mismatches'
ok "all of them" [ "$(grep -c ' equal$' table)" -ge 27 ]
ok "with stacks" [ "$(grep -c ':[0-9]* < .*:[0-9]' table)" -ge 45 ]
done_testing
