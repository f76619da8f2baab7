# SPDX-License-Identifier: Apache-2.0
# What a program calls itself never drives the reader's terminal.
. "$(dirname "$0")/lib.sh"

escape=$(printf '\033')
ln -s "$targets/plain" "plain$escape[31m"
name=$(printf '\033]0;owned\007\nx')
recorded evil.bin "./plain$escape[31m" 5 "$(printf 'arg\033[2J\nnew line\r\t\377')" "$name"
for command in summary info snapshot diff dump timeline lifetimes sizes threads modules; do
	for format in text csv json; do
		"$analyze" $command --format $format evil.bin >out 2>err
		code=$?
		[ $code -eq 2 ] && continue # not every command has every format
		is $code 0 "$command --format $format"
		is "$(tr -d '\n\t\040-\176\200-\377' <out | wc -c)" 0 "$command --format $format: no control characters"
		[ $format = json ] && ok "$command: the JSON parses" quietly jq -e . out
	done
done
ok "the thread's name is shown, harmless" sh -c "'$analyze' summary evil.bin | grep -q owned"
mv evil.bin "evil$escape[31m.bin"
"$analyze" summary "evil$escape[31m.bin" >out 2>err
is "$(tr -d '\n\t\040-\176\200-\377' <out | wc -c)" 0 "nor does the name of the log"
"$analyze" summary "none$escape[31m.bin" >out 2>err
is "$? $(tr -d '\n\t\040-\176\200-\377' <err | wc -c)" "2 0" "nor that of a missing one"
done_testing
