# SPDX-License-Identifier: Apache-2.0
# The gate's reports: JUnit, SARIF, Markdown, annotations, JSON; hostile names in them.
. "$(dirname "$0")/lib.sh"

recorded demo.bin "$targets/demo_app" >/dev/null
recorded demo2.bin "$targets/demo_app" >/dev/null
recorded clean.bin /bin/true
# The place of the sources, as the compiler wrote it down.
file=$("$analyze" leaks --format json demo.bin | jq -r '[.sites[] | select(.function == "begin_session")][0].file')
sources=${file%/tests/targets/demo_app.c}
line=$("$analyze" leaks --format json demo.bin | jq -r '[.sites[] | select(.function == "begin_session")] | max_by(.bytes).line')

all() { # LOG...: every report of a gate that fails on its leaks and one budget
	"$analyze" gate --max-leaked 1K --max-peak 1G --source-root "$sources" --junit j.xml --sarif s.json \
		--markdown m.md --json g.json --github "$@" >out 2>err
}
all demo.bin demo2.bin clean.bin
is $? 1 "several reports from one run"
ok "nothing on stderr" [ ! -s err ]

# --- JUnit
ok "JUnit is well-formed XML" xmllint --noout j.xml
x() { xmllint --xpath "$1" j.xml; }
is "$(x 'count(/testsuites/testsuite)')" 3 "a suite a process"
is "$(x 'count(//testcase)')" 6 "a case a check"
is "$(x 'count(//failure)')" 2 "failures"
is "$(x 'string(/testsuites/@tests)') $(x 'string(/testsuites/@failures)') $(x 'sum(//testsuite/@failures)')" "6 2 2" \
	"their numbers"
is "$(x 'string(//testsuite[1]/@name)')" "$targets/demo_app" "the suite is the command"
is "$(x 'string((//failure)[1]/../@name)')" max-leaked "which check failed"
ok "the failure says how much" eval 'x "string((//failure)[1]/@message)" | grep -q "KiB, at most 1 KiB"'
ok "and where" eval 'x "string((//failure)[1])" | grep -q "begin_session  demo_app.c:"'
# The shape that readers agree about: names of elements and attributes, and what must be there.
is "$(x '//*[not(self::testsuites or self::testsuite or self::testcase or self::failure or self::skipped)]' 2>/dev/null)" \
	"" "no other elements"
is "$(x 'count(//testsuite[not(@name and @tests and @failures and @errors and @skipped and @time and @timestamp)])')" 0 \
	"attributes of suites"
is "$(x 'count(//testcase[not(@name and @classname and @time)])')" 0 "attributes of cases"
is "$(x 'count(//failure[not(@message and @type)])')" 0 "attributes of failures"

# --- SARIF
s() { jq -r "$1" s.json; }
is "$(s '.version, (.runs | length), .runs[0].tool.driver.name' | xargs)" "2.1.0 1 memscope" "SARIF 2.1.0"
is "$(s '.runs[0].results | map(.ruleId) | join(" ")')" "budget-leaked budget-leaked" "a result a problem"
is "$(s '.runs[0] | .results[] as $r | .tool.driver.rules[$r.ruleIndex].id == $r.ruleId' | sort -u)" true "rules are found"
is "$(s '.runs[0].results[0].locations[0].physicalLocation | .artifactLocation.uri, .artifactLocation.uriBaseId,
	.region.startLine' | xargs)" "tests/targets/demo_app.c SRCROOT $line" "its place, relative to the sources"
is "$(s '.runs[0].originalUriBaseIds.SRCROOT.uri')" "file://$sources/" "where these are"
ok "stacks" [ "$(s '.runs[0].results[0].stacks[0].frames | length')" -ge 2 ]
is "$(s '[.runs[0].results[].partialFingerprints["memscopeSite/v1"]] | length, (unique | length)' | xargs)" "2 2" \
	"two processes, two fingerprints"
mv s.json first.json
"$analyze" gate --max-leaked 1K --sarif s.json demo2.bin demo.bin >out
is "$(s '[.runs[0].results[].partialFingerprints["memscopeSite/v1"]] | sort | join(" ")')" \
	"$(jq -r '[.runs[0].results[].partialFingerprints["memscopeSite/v1"]] | sort | join(" ")' first.json)" \
	"which the next run has, too"
# What the standard demands of each object that is written.
conforms() {
	jq -e '(."$schema" | type == "string") and .version == "2.1.0" and (.runs | all(
		(.tool.driver | (.name | type == "string") and (.rules | all((.id | type == "string") and
			(.shortDescription.text | type == "string") and (.help.text | type == "string") and
			(.defaultConfiguration.level | IN("none", "note", "warning", "error"))))) and
		(.invocations | all(.executionSuccessful | type == "boolean")) and
		(.tool.driver.rules | map(.id) | length == (unique | length)) and
		(.originalUriBaseIds // {} | all(.[]; .uri | endswith("/"))) and
		(.results | all((.message.text | type == "string") and (.ruleIndex | type == "number") and
			(.level | IN("none", "note", "warning", "error")) and (.locations | length <= 1) and
			(.locations | all(.physicalLocation == null or (.physicalLocation |
				(.artifactLocation.uri | test("^[A-Za-z0-9_.~/:%-]+$")) and
				(.region == null or .region.startLine >= 1)))) and
			(.stacks | all(.frames | type == "array")) and
			(.occurrenceCount == null or .occurrenceCount >= 1)))))' "$1" >/dev/null
}
ok "SARIF is as the standard demands" conforms first.json
# The published schema, where a registry of packages is at hand.
if npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0 >npm.log 2>&1 &&
	tar xzf microsoft-jest-sarif-*.tgz package/lib/schemas/sarif-2.1.0-rtm.5.json 2>/dev/null &&
	python3 -c 'import jsonschema' 2>/dev/null; then
	schema=package/lib/schemas/sarif-2.1.0-rtm.5.json
else
	schema=
fi
validates() {
	python3 - "$schema" "$1" <<'P'
import json, sys
from jsonschema.validators import validator_for
schema = json.load(open(sys.argv[1]))
validator = validator_for(schema)(schema)
errors = list(validator.iter_errors(json.load(open(sys.argv[2]))))
for e in errors[:5]:
    print("#", list(e.absolute_path), e.message[:200])
sys.exit(bool(errors))
P
}
schema_ok() { # FILE WHAT
	if [ -n "$schema" ]; then
		ok "$2" validates "$1"
	else
		skip "no registry of packages" "$2"
	fi
}
schema_ok first.json "SARIF validates against the schema"
"$analyze" gate --max-peak 1G --sarif s.json demo.bin >out
is "$(s '.runs[0].results | length')" 0 "nothing wrong: no results"
ok "which is SARIF, too" conforms s.json
schema_ok s.json "and validates"
"$analyze" gate --fail-on high,leak --sarif s.json demo.bin >out
ok "findings are SARIF, too" conforms s.json
is "$(s '.runs[0].results | map(.ruleId) | unique | join(" ")')" leak "one finding is one result"
schema_ok s.json "and validate"

# --- annotations
is "$(grep -c '^::error ' out 2>/dev/null; "$analyze" gate --max-leaked 1K --source-root "$sources" --github demo.bin |
	grep '^::' | sed 's/::[0-9].*//')" "0
::error file=tests/targets/demo_app.c,line=$line,title=memscope%3A budget-leaked" "an annotation of the line"
is "$("$analyze" gate --max-leaked 1K --github demo.bin | grep -c '^::error .*%0A.*begin_session')" 1 "with the stack, on one line"
is "$("$analyze" gate --max-peak 1G --github demo.bin | grep -c '^::')" 0 "none when it passes"
# libc's debug information names its files relative to nothing that is here.
is "$("$analyze" gate --github demo.bin | sed -n 's/^::error file=\([^,]*\),.*/\1/p' | sort -u)" \
	"$sources/tests/targets/demo_app.c" "a place outside the sources is the site's own"
MEMSCOPE_HEAPMAP=off recorded off.bin /bin/true
is "$("$analyze" gate --max-leaked 1K --github off.bin | grep -c '^::error title=memscope::/bin/true.*max-leaked: not known')" 1 \
	"what is not known is annotated, too"

# --- Markdown
ok "Markdown: the verdict" grep -q '^### memscope gate: .* failed$' m.md
is "$(grep -c '^| ❌' m.md) $(grep -c '^| ✅' m.md)" "2 4" "a row a check"
is "$(grep -c '^<details>' m.md) $(grep -c '^</pre>' m.md)" "2 2" "a part a problem"
bytes=$(wc -c <m.md)
"$analyze" gate --max-peak 1G --markdown m.md demo.bin >out
ok "it is added to" [ "$(wc -c <m.md)" -gt "$bytes" ]
is "$(grep -c '^### ' m.md)" 2 "what was there stays"

# --- JSON and CSV
is "$(jq -r '.verdict, .passed, .failed, .skipped, (.processes | length), (.checks | length)' g.json | xargs)" \
	"failed 4 2 0 3 6" "JSON"
is "$(jq -r '[.checks[] | select(.verdict == "failed") | .problems[0]] | length' g.json)" 2 "checks point to problems"
"$analyze" gate --max-leaked 1K --json - demo.bin >out
ok "JSON on standard output stands alone" quietly jq -e .verdict out
is "$("$analyze" gate --max-leaked 1K --format csv demo.bin | cut -d, -f 1-3)" "process,check,verdict
0,max-leaked,failed" "CSV"
"$analyze" gate --max-leaked 1K --junit /none/j.xml demo.bin >out 2>err
is "$? $(wc -l <err)" "2 1" "a report that cannot be written"
"$analyze" gate --max-leaked 1K demo.bin >/dev/full 2>err
is $? 2 "a full output"

# --- hostile names
name='a<b>&"c'"'"' | `x` %0A::error::y
z]]>'
cp "$targets/demo_app" "$name"
recorded evil.bin "./$name" >/dev/null
all evil.bin
is $? 1 "a hostile name"
ok "JUnit is well-formed" xmllint --noout j.xml
is "$(x 'count(//testsuite)')" 1 "and as it was"
ok "SARIF conforms" conforms s.json
schema_ok s.json "and validates"
is "$(grep -c '^::' out)" 1 "no annotation of its own making"
is "$(grep -c '^| ❌' m.md)" "$(grep '^| ❌' m.md | awk -F'|' 'NF == 6' | wc -l)" "tables keep their columns"
is "$(tail -n +2 m.md | grep -c '<b>')" 0 "no HTML of its own"
ok "JSON is JSON" quietly jq -e . g.json
done_testing
