# SPDX-License-Identifier: Apache-2.0
# Each situation in which a recorder could harm a program (make situations lists them all).
. "$(dirname "$0")/lib.sh"

sh "$e2e/situations.sh" -u >lines 2>err
code=$?
while read -r verdict text; do
	case $verdict in
	PASS) ok "$text" true ;;
	FAIL) ok "$text" false ;;
	SKIP) skip "${text#*: }" "${text%%: *}" ;;
	esac
done <lines
ok "at least thirty of them" [ "$test_number" -ge 30 ]
is "$code" 0 "none failed"
done_testing
