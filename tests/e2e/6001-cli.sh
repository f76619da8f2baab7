# SPDX-License-Identifier: Apache-2.0
# The command line: exits, streams, record.
. "$(dirname "$0")/lib.sh"

recorded log.bin "$targets/plain" 10
run() { timeout 60 "$analyze" "$@" >out 2>err; echo $?; }
is "$(run log.bin)" 0 "a trace alone is summary"
cp out alone
is "$(run summary log.bin)" 0 summary
same out alone "the same text"
is "$(run --help)" 0 --help
ok "on stdout" [ -s out ]
is "$(run --version)" 0 --version
for command in summary info snapshot diff dump timeline lifetimes sizes threads modules render index symbols gate record; do
	is "$(run $command --help)" 0 "$command --help"
	ok "$command --help is on stdout" [ -s out ]
done
is "$(run)" 2 "nothing: wrong usage"
is "$(run frobnicate log.bin)" 2 "an unknown command"
is "$(run summary --frob log.bin)" 2 "an unknown option"
ok "the message names it" grep -q -- --frob err
is "$(run summary)" 2 "no trace"
is "$(run summary --format xml log.bin)" 2 "an unknown format"
is "$(run snapshot --at yesterday log.bin)" 2 "a time that is none"
is "$("$analyze" dump log.bin 2>err | head -n 1 | wc -l; cat err)" 1 "a reader that leaves early: quiet"
"$analyze" summary log.bin >/dev/full 2>err
is "$? $(wc -l <err)" "2 1" "a full output: exit 2, one line"

is "$(run symbols)" 2 "symbols: neither pack nor list"
is "$(run symbols keep log.bin)" 2 "symbols: an unknown verb"
is "$(run symbols pack -o x.mspack)" 2 "symbols pack: no trace"
is "$(run symbols pack log.bin) $(wc -l <err)" "2 1" "symbols pack: no output"
is "$(run summary --symbols /none log.bin) $(wc -l <err)" "2 1" "a place of symbols that is not there"
ok "the message names it" grep -q '/none' err

is "$(run render log.bin)" 2 "render: no format"
is "$(run render --format xml log.bin)" 2 "render: an unknown format"
ok "the message names it" grep -q xml err
is "$(run render --format folded --metric age log.bin)" 2 "render: an unknown metric"
is "$(run render --format folded -o /none/x log.bin) $(wc -l <err)" "2 1" "render: a file that cannot be written"
is "$(run render --list-formats)" 0 "render --list-formats"

# record
timeout 60 "$analyze" record -- "$targets/hostile" work 10 >out 2>err
is $? 5 "record: the program's exit code"
is "$(find . -name 'memscope.*.bin' | wc -l)" 1 "record: a log"
ok "record: says where" grep -q "$(basename "$(find . -name 'memscope.*.bin')")" out err
timeout 60 "$analyze" record -- "$targets/deaths" segv 10 >out 2>err
is $? 139 "record: a signal as a shell tells it"
timeout 60 "$analyze" record -- "$targets/no-such-program" >out 2>err
is "$? $(wc -l <err)" "2 1" "record: no such program"
printf 'int main(void) { return 0; }\n' >static.c
if gcc -static -o static static.c 2>/dev/null; then
	timeout 60 "$analyze" record -- ./static >out 2>err
	is $? 2 "record: a static program is refused"
	ok "and told why" grep -qi static err
else
	skip "no static libc" "a static program"
fi
# Set-id to oneself changes nothing, and such a program is preloaded: only root can make
# one that belongs to another.
cp "$targets/plain" setuid
if [ "$(id -u)" = 0 ] && chown 65534 setuid && chmod u+s setuid && ! findmnt -nT . -O nosuid >/dev/null; then
	timeout 60 "$analyze" record -- ./setuid >out 2>err
	is $? 2 "record: a set-uid program is refused"
	ok "and told why" grep -qi 'set-\?u\?id' err
else
	skip "needs root" "record: a set-uid program"
fi
timeout 60 "$analyze" record -- sh -c 'echo out; echo err >&2; exit 9' >out 2>err
is $? 9 "record: a shell"
is "$(head -n 1 out)" out "record: stdout is the program's"
done_testing
