# SPDX-License-Identifier: Apache-2.0
# Leaks of programs of known leaks, bytes and blocks of each kind, equal Valgrind's.
. "$(dirname "$0")/lib.sh"
command -v valgrind >/dev/null || skip_all "no valgrind"

equal_cases truth.sh 'leak_[a-z]+'
ok "at least a hundred of them" [ "$(grep -c '^leak_.*/' table)" -ge 100 ]
done_testing
