# SPDX-License-Identifier: Apache-2.0
# SQL on the command line: forms, refusals, presets against their commands, the shell.
. "$(dirname "$0")/lib.sh"

recorded log.bin "$targets/plain" 1000
recorded app.bin "$targets/demo_app" >/dev/null
query() { timeout 60 "$analyze" query --format csv "$@" 2>err | tail -n +2; }
run() { timeout 60 "$analyze" query "$@" >out 2>err </dev/null; echo $?; }

# --- where SQL comes from
counted='SELECT count(*) FROM allocations WHERE function = '"'keep'"
is "$(query log.bin "$counted")" 1000 "the last argument"
is "$(query -e "$counted" log.bin)" 1000 "--sql"
printf '%s;\nSELECT 2;\n' "$counted" >file.sql
is "$(query --file file.sql log.bin | xargs)" "1000 2 2" "--file, several statements"
is "$(query --file - log.bin <file.sql | xargs)" "1000 2 2" "--file -"
is "$(query log.bin <file.sql | xargs)" "1000 2 2" "standard input"
is "$(query log.bin app.bin 'SELECT count(DISTINCT process) FROM allocations')" 2 "two traces"
is "$(run --format json log.bin "$counted AS n" >/dev/null; "$analyze" query --format json log.bin \
	'SELECT 1 AS one, NULL AS none, 1.5 AS real, '"'a\"b'"' AS text' | jq -c .)" \
	'[{"one":1,"none":null,"real":1.5,"text":"a\"b"}]' "JSON"
is "$("$analyze" query log.bin 'SELECT 7 AS seven' | xargs)" "seven 7" "text"

# --- what is wrong is said, and nothing is written
wrong() { # SQL PATTERN
	is "$(run log.bin "$1")" 2 "exit 2: $1"
	ok "told why: $1" grep -qi -- "$2" err
}
wrong 'SELEC 1' 'near "SELEC": syntax error, at character 1'
wrong 'SELECT nope FROM events' 'no such column: nope'
wrong "ATTACH 'new.db' AS x" 'only reading is allowed'
wrong 'CREATE TABLE t(a)' 'only reading is allowed, CREATE TABLE t'
wrong 'CREATE TEMP TABLE t(a)' 'only reading is allowed'
wrong 'INSERT INTO allocations(size) VALUES (1)' 'only reading is allowed'
wrong 'PRAGMA writable_schema = 1' 'only reading is allowed, PRAGMA'
wrong "SELECT load_extension('x')" 'only reading is allowed'
wrong "VACUUM INTO 'new.db'" 'only reading is allowed'
wrong "SELECT * FROM live('noon')" "'noon' is no time"
is "$(find . -name '*.db' | wc -l)" 0 "no file was written"
is "$(run no-such.bin log.bin 'SELECT 1')" 2 "no such trace"
is "$(run)" 2 "no trace"
is "$(run --preset nonsense log.bin)" 2 "no such preset"
is "$(run --preset top_allocations_by_size log.bin many)" 2 "an argument that is none"
is "$(run --show nonsense)" 2 "no such preset to show"
is "$(run --file no-such.sql log.bin)" 2 "no such file"
head -c 20000 app.bin >cut.bin
is "$(run cut.bin 'SELECT 1')" 3 "a damaged trace: exit 3"
is "$(cat out | xargs)" "1 1" "and its answer"

# --- the answers are those of the other commands
is "$(query app.bin 'SELECT total_allocations, total_allocated, peak_memory, current_memory FROM processes')" \
	"$(field app.bin '.totals | [.total_allocations, .total_allocated, .peak_memory, .current_memory] | @csv')" "totals"
is "$(query app.bin 'SELECT count(*), sum(size) FROM allocations WHERE t_free IS NULL')" \
	"$(field app.bin '.totals | [.active_allocations, .current_memory] | @csv')" "what lives, by row"
query app.bin "SELECT printf('0x%x', address), size FROM live('50%')" | sort >live
"$analyze" snapshot --at 50% --blocks --format csv app.bin | tail -n +2 | cut -d, -f 1,2 | sort >blocks
same live blocks "blocks half-way"
query app.bin 'SELECT time_ns, thread, kind, printf("0x%x", address), size,
	CASE WHEN old_address IS NOT NULL THEN printf("0x%x", old_address) END, stack FROM events' >events
rows app.bin >dumped
same events dumped "events are those of dump"
sites() { "$analyze" summary --sort "$1" --format csv app.bin >sites.csv; head -n 1 sites.csv | tr ',' '\n' | grep -n "^$2\$" | cut -d: -f 1; }
top() { # SORT COLUMN PRESET
	column=$(sites "$1" "$2")
	tail -n +2 sites.csv | cut -d, -f "$column" | grep -vx 0 | head -n 5 >wanted
	timeout 60 "$analyze" query --format json app.bin --preset "$3" 5 | jq ".[].$2" >got
	same got wanted "$3 is summary --sort $1"
}
top allocated allocated top_allocations_by_size
top calls allocations top_allocations_by_count
sites live live_bytes >column
tail -n +2 sites.csv | cut -d, -f "$(cat column)" | grep -vx 0 | sort -n >wanted
"$analyze" query --format json app.bin --preset memory_leaks 1000 | jq '.[].live_bytes' | sort -n >got
same got wanted "memory_leaks has the live bytes of summary"
"$analyze" leaks --format json app.bin >leaks.json
is "$("$analyze" query --format json app.bin --preset memory_leaks 1000 |
	jq -r '[(map(.definite_bytes) | add), (map(.indirect_bytes) | add), (map(.possible_bytes) | add), (map(.reachable_bytes) | add)] | @csv')" \
	"$(jq -r '[.definite.bytes, .indirect.bytes, .possible.bytes, .reachable.bytes] | @csv' leaks.json)" "and what leaks tells of them"
is "$(query --preset memory_leaks app.bin 1 | cut -d, -f 2)" "$(jq -r '.sites[0].function' leaks.json)" "the lost ones first"

# --- leaks and findings are those of the commands
is "$(query app.bin 'SELECT kind, count(*), sum(size) FROM leaks GROUP BY kind ORDER BY kind')" \
	"$(jq -r 'to_entries[] | select(.key | test("^(definite|indirect|possible|reachable)$")) |
		select(.value.blocks > 0) | [.key, .value.blocks, .value.bytes] | @csv' leaks.json | tr -d '"' | sort)" "the kinds of leaks"
query app.bin "SELECT kind, printf('0x%x', address), size, hanging_bytes, hanging_blocks,
	CASE WHEN root IS NOT NULL THEN printf('0x%x', root) END, stack FROM leaks WHERE kind <> 'reachable'" | sort >got
"$analyze" leaks --no-built-in-suppressions --blocks --format csv app.bin | tail -n +2 | cut -d, -f 1-6,10 | sort >wanted
same got wanted "each block"
MEMSCOPE_HEAPMAP=off recorded off.bin "$targets/leak_truth" lost_one
is "$(query off.bin "SELECT DISTINCT kind FROM leaks")" unclassified "without a map"
is "$(query off.bin 'SELECT count(*), sum(size) FROM leaks')" "$(field off.bin '.totals | [.active_allocations, .current_memory] | @csv')" \
	"what lives"
recorded faults.bin "$targets/entry_points" truth calls
"$analyze" check --format json faults.bin >check.json
is "$(query faults.bin 'SELECT detector, kind, severity, count, CAST(bytes AS REAL) < 1e15 FROM findings' | sort)" \
	"$(jq -r '.findings[] | [.detector, .kind, .severity, .count, if .bytes < 1e15 then 1 else 0 end] | @csv' check.json | tr -d '"' | sort)" "findings are those of check"
ok "there are some" [ "$(jq '.findings | length' check.json)" -gt 0 ]
"$analyze" query --format json app.bin --preset thread_memory_stats | jq '[.[].allocated] | add' >got
field app.bin '[.threads[].allocated] | add' >wanted
same got wanted "thread_memory_stats has the summary's threads"
"$analyze" query --format json app.bin --preset scope_memory_stats 1000 | jq '[.[].allocated] | add' >got
field app.bin .totals.total_allocated >wanted
same got wanted "scopes make the whole"
"$analyze" query --format json app.bin --preset type_memory_stats 1000 | jq '[.[].allocated] | add' >got
same got wanted "types make the whole"
is "$(query --preset large_allocations app.bin 1KiB | wc -l)" \
	"$(query app.bin "SELECT count(*) FROM allocations WHERE size >= size('1KiB')")" "large_allocations SIZE"
is "$(query --preset system_summary app.bin log.bin | wc -l)" 2 "system_summary: a row a process"

# --- C++ and Rust types
cat >types.cc <<'C'
#include <memory>
#include <vector>
struct Widget { char bytes[100]; };
int main() {
	std::vector<Widget> all;
	for (int i = 0; i < 50; i++) all.push_back(Widget());
	auto one = std::make_shared<Widget>();
	return all.size() != 50 || !one;
}
C
if g++ -g -O0 -o types types.cc 2>/dev/null; then
	recorded types.bin ./types
	is "$(query types.bin "SELECT count(*) > 3, max(size) FROM allocations WHERE type = 'Widget'")" "1,6400" "types of C++"
	is "$(query types.bin --preset type_memory_stats | grep -c ',Widget,symbol,')" 1 "and their basis"
else
	skip "no C++ compiler" "types of C++"
	skip "no C++ compiler" "and their basis"
fi

# --- presets and the schema as texts
"$analyze" query --list --format csv | tail -n +2 | cut -d, -f 1 | xargs >list
is "$(cat list)" "top_allocations_by_size top_allocations_by_count memory_leaks large_allocations thread_memory_stats scope_memory_stats type_memory_stats system_summary" "--list"
"$analyze" query --show memory_leaks | sed 's/?1/20/' >leaks.sql
"$analyze" query --format csv --file leaks.sql app.bin >got
"$analyze" query --format csv --preset memory_leaks app.bin >wanted
same got wanted "--show prints what the preset runs"
"$analyze" query --schema >schema.text
ok "--schema" grep -q '^allocations' schema.text
"$analyze" query --schema --format json >schema.json
"$analyze" query --schema --format csv >schema.csv
is "$(jq '[.tables[] | (.columns | length) + (.arguments | length)] | add' schema.json)" \
	"$(($(wc -l <schema.csv) - 1))" "the schema's forms agree"
for table in $(jq -r '.tables[].name' schema.json); do
	is "$("$analyze" query --format csv app.bin "SELECT * FROM $table WHERE 0" | head -n 1)" \
		"$(jq -r ".tables[] | select(.name == \"$table\") | [.columns[].name] | join(\",\")" schema.json)" \
		"columns of $table"
done

# --- the plan is told in words
is "$(query app.bin 'EXPLAIN QUERY PLAN SELECT sum(size) FROM allocations WHERE t_alloc BETWEEN 5 AND 9' | cut -d, -f 4-)" \
	"SCAN allocations VIRTUAL TABLE INDEX 0:t_alloc>= and t_alloc<=" "a range of time, and no frees"

# --- Ctrl-C ends the question
endless='WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c'
# A shell's background jobs ignore SIGINT: perl gives it back.
perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$analyze" query log.bin "$endless" >out 2>err &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	grep -q '^SigCgt:.*2$' "/proc/$pid/status" 2>/dev/null && break
	sleep 0.1
done
kill -INT "$pid"
wait "$pid"
is "$?" 130 "interrupted: 130"
ok "and said" grep -q interrupted err

# --- the shell of a terminal
if command -v script >/dev/null 2>&1; then
	printf '.tables\nSELECT 6 *\n 7 AS answer;\nSELEC;\n.preset system_summary\n.nonsense\n.quit\n' |
		timeout 60 script -qec "'$analyze' query log.bin" /dev/null >shell.out 2>&1
	ok "the shell: .tables" grep -q '^allocations' shell.out
	ok "the shell: a statement of two lines" grep -q '^    42' shell.out
	ok "the shell: goes on after an error" grep -q 'syntax error' shell.out
	ok "the shell: a preset" grep -q peak_memory shell.out
	ok "the shell: an unknown command" grep -q 'there is no .nonsense' shell.out
else
	skip "no script(1)" "the shell"
fi
done_testing
