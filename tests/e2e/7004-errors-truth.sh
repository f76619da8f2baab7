# SPDX-License-Identifier: Apache-2.0
# Wrong frees: class and stacks of each equal Valgrind's.
. "$(dirname "$0")/lib.sh"
command -v valgrind >/dev/null || skip_all "no valgrind"

MS_BUILD=$build sh "$e2e/truth_errors.sh" >table
sed 's/^/# /' table
while read -r name rest; do
	case $name in
	wrong_frees/* | mismatches/*) is "${rest##* }" equal "$name" ;;
	esac
done <table
ok "all of them" [ "$(grep -c ' equal$' table)" -ge 27 ]
ok "with stacks" [ "$(grep -c ':[0-9]* < .*:[0-9]' table)" -ge 45 ]
done_testing
