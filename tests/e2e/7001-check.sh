# SPDX-License-Identifier: Apache-2.0
# The check command: its list, its choices, its formats, its exit codes.
. "$(dirname "$0")/lib.sh"

check() { "$analyze" check "$@"; }
of() { check --format json "$1" | jq -r "$2"; }
has() { ok "$2" grep -qE -- "$1" out; }

# the list needs no trace
check --list >out
is $? 0 "--list: exit code"
has "^double_free +critical +" "--list: a detector and its worst severity"
is "$(check --list --format json | jq -r '.detectors | map(.detector) | index("leak") != null')" true "--list in JSON"
is "$(check --list --format csv | head -n 1)" "detector,severity,finds" "--list in CSV"
check >out 2>&1
is $? 2 "no trace and no --list"

cat >small.c <<'EOF'
#include <stdlib.h>

static volatile size_t none, most = (size_t)1 << 60;

static void *make(size_t size)
{
	return malloc(size);
}

int main(void)
{
	char *volatile lost = make(1000);
	char *big = malloc(100 << 20);

	lost = make(none);
	if (make(most) || make(most))
		return 1;
	free(lost);
	free(big);
	lost = NULL;
	return 0;
}
EOF
cc -g -O0 -fno-builtin -w small.c -o small
recorded small.bin ./small
check small.bin >out
is $? 0 "findings alone are no failure"
has "^1 high, 1 medium, 1 low, 1 info findings$" "how many of each"
has "^High$" "the worst first"
has "^  leak \(definite\): 1 time, 1000 B$" "what, how often, how much"
has "^    allocated by malloc, 1000 B at 0x[0-9a-f]+ after .* in thread [0-9]+$" "the call"
has "^      make +small.c:7$" "its stack"
has "^      main +small.c:12$" "outwards"
has "^    -> free it before" "what to do"
has "^    largest: 1 EiB$" "figures"
is "$(grep -nE '^(High|Medium|Low|Info)$' out | cut -d: -f2 | xargs)" "High Medium Low Info" "by severity"
is "$(of small.bin '.findings | map([.detector, .kind, .severity, .count, .site] | join(" ")) | join("\n")')" \
	"leak definite high 1 make small.c:7
failed malloc medium 2 make small.c:7
huge size low 1 main small.c:13
zero_size empty info 1 make small.c:7" "the same in JSON"
is "$(of small.bin '.severities | map(.) | @csv')" 0,1,1,1,1 "counted in JSON"
is "$(of small.bin '.findings[0].stacks | map(.what, .call, .size, .stack[1].function, .stack[1].line) | @csv')" \
	'"allocated","malloc",1000,"main",12' "stacks in JSON"
check --format json small.bin >out
has '"largest": 1152921504606846976' "evidence in JSON"
is "$(check --format csv small.bin | cut -d, -f 1-6)" "detector,kind,severity,count,bytes,site
leak,definite,high,1,1000,make small.c:7
failed,malloc,medium,2,2305843009213693952,make small.c:7
huge,size,low,1,104857600,main small.c:13
zero_size,empty,info,1,0,make small.c:7" "in CSV"

# choices
is "$(check --only leak,huge --format csv small.bin | tail -n +2 | cut -d, -f1 | xargs)" "leak huge" "--only"
is "$(check --severity medium --format csv small.bin | tail -n +2 | cut -d, -f1 | xargs)" "leak failed" "--severity"
is "$(check --top 1 --format json small.bin | jq -r '[(.findings | length), .more_findings] | @csv')" 1,3 "--top"
is "$(check --depth 2 --format json small.bin | jq '.findings[0].stacks[0].stack | length')" 3 "--depth"
is "$(check --size 1000 --format csv small.bin | tail -n +2 | cut -d, -f1 | xargs)" leak "a filter chooses blocks"
is "$(check --function main --format csv small.bin | tail -n +2 | wc -l)" 4 "one that all of them pass"
is "$(check --site nowhere --format csv small.bin | tail -n +2 | wc -l)" 0 "one that none passes"
check --only nothing small.bin >out 2>&1
is $? 2 "--only: no such detector"
has "no detector 'nothing'" "which is said"
check --severity bad small.bin >out 2>&1
is $? 2 "--severity: no such level"

# --fail-on
for list in leak high low double_free,failed; do
	check --fail-on "$list" small.bin >out
	is $? 1 "--fail-on $list: fails"
	has "^failed: [1-4] finding" "--fail-on $list: is said"
done
for list in critical double_free,mismatched_free; do
	check --fail-on "$list" small.bin >out
	is $? 0 "--fail-on $list: none"
	ok "--fail-on $list: nothing is said" eval '! grep -q ^failed: out'
done
check --fail-on leak --only huge small.bin >/dev/null
is $? 0 "--fail-on is of what is looked for"
check --fail-on leek small.bin >out 2>&1
is $? 2 "--fail-on: neither a detector nor a severity"
is "$(check --fail-on info --format json small.bin | jq '[.fail_on, .failing_findings] | @csv' -r)" '"info",4' "in JSON"

# several traces are one run; one that cannot be looked at is named
MEMSCOPE_HEAPMAP=off recorded again.bin ./small
MEMSCOPE_MODE=counters recorded counters.bin ./small
check small.bin again.bin counters.bin >out
has "^  failed \(malloc\): 4 times" "sums over traces"
has "^  leak \(definite\): 1 time," "leaks of the one that has a map"
has "^Not looked for$" "what could not be looked for"
has "^  the mode counters records no blocks: .*double_free" "the mode"
has "^  no pointer map: .*: leak$" "no map"
is "$(check --format json again.bin | jq -r '.not_checked | map(.detector) | join(" ")')" leak "in JSON"
MEMSCOPE_MODE=sample MEMSCOPE_SAMPLE=1 recorded sample.bin ./small
is "$(of sample.bin '.not_checked | map(.detector) | join(" ")')" "leak double_free invalid_free realloc_chain cross_thread_free" "a sample"
recorded quiet.bin "$targets/mismatches" right
check --only double_free,invalid_free,mismatched_free quiet.bin >out
has "^nothing was found$" "nothing is said to be nothing"

# a damaged trace
head -c "$(($(wc -c <small.bin) - 4096))" small.bin >cut.bin
check cut.bin >out 2>err
is $? 3 "a damaged trace"
check --fail-on failed cut.bin >out 2>err
is $? 1 "a failure goes before damage"
check small.bin missing.bin >out 2>err
is $? 2 "a trace that is not there"

# hostile names go through escaping
cp small "$(printf 'sm\033[31mall')"
recorded odd.bin "./$(printf 'sm\033[31mall')"
check --color never odd.bin >out
ok "no control characters of names" eval '! grep -q "$(printf "\033")" out'
is "$(check --threads 1 --format json small.bin | md5sum)" "$(check --threads 4 --format json small.bin | md5sum)" \
	"any number of threads says the same"
done_testing
