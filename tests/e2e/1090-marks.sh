# SPDX-License-Identifier: Apache-2.0
# Marks: what a program says through <memscope/annotate.h>, and mark:NAME as a time.
. "$(dirname "$0")/lib.sh"
target=$targets/marking
include=$root/preload/include

marks() { # LOG: "tid name" of each mark, by time
	"$analyze" info --format json "$1" | jq -r '.traces[0].marks[] | "\(.tid) \(.name)"'
}
names() { marks "$1" | cut -d' ' -f2- | tr '\n' ,; }

# --- without a recorder
ok "without a recorder the program runs" "$target" points
is "$(env LD_PRELOAD="$counter" COUNTER_OUT=/dev/null "$target" points 2>&1)" "" "nor does another library matter"

# --- points of a run
ok "with one, too, and errno stays" recorded points.bin "$target" points
is "$(names points.bin)" one,two,one, "three marks by time"
is "$(marks points.bin | cut -d' ' -f1 | sort -u)" "$(field points.bin .process.pid)" "of the main thread"
is "$(raw -i points.bin | awk '/^mark / { print $4 }' | tr '\n' ,)" one,two,one, "as an independent reader sees them"
ok "info lists them" quietly eval '"$analyze" info points.bin | sed -n "/^Marks/,/^$/p" | grep -q "one$"'
sizes_at() {
	"$analyze" query --format csv points.bin \
		"SELECT size FROM live('$1') WHERE size IN (1001, 2002, 3003) ORDER BY size" | tail -n +2 | tr '\n' ,
}
is "$(sizes_at mark:one)" 1001, "live at the first of two marks of a name"
is "$(sizes_at mark:two)" 1001,2002, "live at the next"
is "$("$analyze" query --format csv points.bin "SELECT count(*) FROM live('mark:two') AS a JOIN live('mark:one') AS b USING (address)
	WHERE a.size IN (1001, 2002, 3003)" | tail -n 1)" 1 "two marks in one statement"
is "$("$analyze" query --format csv points.bin "SELECT m, (SELECT group_concat(size) FROM live('mark:' || m) WHERE size IN (1001, 2002, 3003))
	FROM (SELECT 'one' AS m UNION ALL SELECT 'two' UNION ALL SELECT 'one')" | tail -n +2 | cut -d, -f1-9 | tr '\n' ' ')" \
	'one,1001 two,"1001,2002" one,1001 ' "each asked for by name, once and again"
is "$("$analyze" dump --format csv --from mark:one --to mark:two points.bin | cut -d, -f3,5)" "kind,size
malloc,2002" "dump between two marks"
is "$("$analyze" timeline --events --from mark:one --to mark:two --format csv points.bin | cut -d, -f3,5)" "kind,size
malloc,2002" "so does timeline"
"$analyze" diff --from mark:one --to mark:two --format json points.bin >diff.json
is "$(jq -r '[.before.at, .before.mark, .after.mark, .change.change_bytes] | join(" ")' diff.json)" \
	"mark one two 2002" "diff of two marks"
"$analyze" snapshot --at mark:two --format json points.bin >at.json
is "$(jq -r '[.at, .mark] | join(" ")' at.json)" "mark two" "a snapshot says at which mark it is"
is "$("$analyze" info --format json points.bin | jq '.traces[0].marks[1].at_ns')" "$(jq .at_ns at.json)" \
	"at the mark's time"
ok "in words" quietly eval '"$analyze" snapshot --at mark:two points.bin | grep -q "^at the mark .two. ("'
ok "diff, too" quietly eval '"$analyze" diff --to mark:two points.bin | grep -q "at the mark .two. ("'
is "$("$analyze" snapshot --from mark:one --to mark:two --format json points.bin |
	jq -r '[.totals.current_memory, .filter.from, .filter.to] | join(" ")')" "0 mark:one mark:two" "as limits of a filter"
ok "it is told" quietly eval '"$analyze" snapshot --from mark:one points.bin | grep -q "made at or after mark:one"'
for command in "snapshot --at" "diff --from" "diff --to" "dump --from" "timeline --to" "snapshot --from"; do
	"$analyze" $command mark:three points.bin >out 2>err
	is "$? $(cat err)" "2 memscope-analyze: points.bin: no mark is named 'three'" "$command: no such mark"
	"$analyze" $command mark: points.bin >out 2>err
	is $? 2 "$command: a mark without a name"
done
"$analyze" query points.bin "SELECT 1 FROM live('mark:three')" >out 2>err
ok "nor in SQL" grep -q "no mark is named 'three'" err
# An index has no marks of its own.
cp points.bin indexed.bin
"$analyze" index indexed.bin >/dev/null 2>&1
ok "there is an index" [ -s indexed.bin.idx ]
is "$(names indexed.bin)" one,two,one, "with an index"
is "$("$analyze" snapshot --at mark:two --format json indexed.bin | jq -S 'del(.processes)')" \
	"$(jq -S 'del(.processes)' at.json)" "and the same heap at a mark"

# --- names
ok "odd names" recorded names.bin "$target" names
"$analyze" info names.bin >info
is "$("$analyze" info --format json names.bin | jq -r '.traces[0].marks | [(.[] | .name | length)] | join(" ")')" \
	"255 254 0 0 20 8 7" "lengths: cut at 255 bytes, no character in two; no text is escaped"
ok "no control byte reaches a terminal" eval '! LC_ALL=C grep -q "[[:cntrl:]]" info'
ok "a name with a blank, a colon and a quote" quietly "$analyze" snapshot --at "mark:a:b c'd" names.bin
ok "a name with control bytes" quietly "$analyze" snapshot --at "$(printf 'mark:red \033[31m\nline,"two"')" names.bin
ok "a name that is no text" quietly "$analyze" snapshot --at "$(printf 'mark:\377\376')" names.bin
"$analyze" snapshot --at "$(printf 'mark:\033[31m')" names.bin >out 2>err
ok "nor is one printed raw that is not there" eval '! tr -d "\n" <err | grep -q "[[:cntrl:]]"'

# --- when
ok "before the first allocation" recorded early.bin "$target" early
is "$(names early.bin)" early, "early: it is there"
ok "from exit's last handler" recorded late.bin "$target" late
is "$(names late.bin)" late, "late: it is there"
ok "paused" recorded paused.bin MEMSCOPE_START=off "$target" points
is "$(names paused.bin)" one,two,one, "marks are not paused"
for mode in counters sample cull; do
	ok "mode $mode" recorded $mode.bin MEMSCOPE_MODE=$mode "$target" points
	is "$(names $mode.bin)" one,two,one, "mode $mode: three marks"
done
ok "marks of many kinds of ends are in sound logs" eval \
	'for log in *.bin; do "$analyze" info "$log" >/dev/null || exit 1; done'

# --- who
ok "threads" recorded threads.bin "$target" threads
is "$(marks threads.bin | sort | uniq -c | awk '{ print $1, $3, $4 }' | sort | tr '\n' ,)" \
	"1000 thread 0,1000 thread 1,1000 thread 2,1000 thread 3," "each thread's marks are all there"
is "$(marks threads.bin | sort -u | cut -d' ' -f1 | sort -u | wc -l)" 4 "and are its own"
ok "forks" recorded "fork.%p.bin" "$target" fork
for log in fork.*.bin; do names "$log"; echo; done | sort >forked
is "$(tr '\n' ' ' <forked)" "before,after, cloned, forked, " "each process has its own marks"
ok "handlers" eval 'recorded storm.bin "$target" storm >made'
read -r ticks loops blocks <made
is "$(marks storm.bin | cut -d' ' -f2 | sort | uniq -c | awk '{ print $2, $1 }' | tr '\n' ,)" \
	"loop $loops,tick $ticks," "none is lost among allocations and in handlers"
is "$(count storm.bin 77)" "$blocks" "nor is an allocation"
is "$(field storm.bin '[.lost[]] | add')" 0 "nothing is counted as lost"

# --- no room
ok "a log that is full" recorded full.bin MEMSCOPE_QUIET=1 MEMSCOPE_MAX_SIZE=256K "$target" many 100000
there=$(marks full.bin | wc -l)
lost=$(field full.bin .lost.records)
ok "has some marks ($there)" [ "$there" -gt 1000 ]
ok "and counts the others ($lost)" [ $((there + lost)) -ge 100000 -a $((there + lost)) -lt 100050 ]

# --- the header, in any program
awk '/^## Marks/ { inside = 1; next } /^## / { inside = 0 } inside && /^    / { print substr($0, 5) }' \
	"$root/README.md" >readme.c
cp readme.c readme.cc
sed -i 's/char \*table = malloc/void *table = malloc/' readme.cc
warn="-Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror -I$include"
program() { # DESCRIPTION COMMAND...: it marks when recorded, and runs when not
	what=$1
	shift
	ok "$what: compiles without a warning" "$@" -o program
	rm -f program.bin
	ok "$what: runs without a recorder" ./program
	ok "$what: runs with one" recorded program.bin ./program
	is "$(names program.bin)" loaded, "$what: the mark is there"
}
program "C99" gcc -std=c99 $warn readme.c
program "C++11" g++ -std=c++11 -Wold-style-cast $warn readme.cc
program "not position-independent" gcc -std=c99 -O2 -fno-pie -no-pie $warn readme.c
program "bound at the start" gcc -std=c99 -O2 -fPIE -pie -Wl,-z,now -Wl,-z,relro $warn readme.c
program "optimized at link time" gcc -std=c99 -O2 -flto $warn readme.c
ok "static: compiles" gcc -std=c99 -static $warn readme.c -o program
ok "static: runs" ./program
cat >plugin.c <<'C'
#include <memscope/annotate.h>
void plugin(void);
void plugin(void) { memscope_mark("loaded"); }
C
cat >host.c <<'C'
#include <dlfcn.h>
int main(void)
{
	void *library = dlopen("./plugin.so", RTLD_NOW | RTLD_LOCAL);
	void (*plugin)(void) = library ? (void (*)(void))dlsym(library, "plugin") : 0;

	if (!plugin)
		return 1;
	plugin();
	return 0;
}
C
ok "a plugin compiles" gcc -shared -fPIC -fvisibility=default -Wl,-z,now -Wl,-z,defs $warn plugin.c -o plugin.so
program "a plugin that is opened later" gcc host.c -ldl
ok "the tour's snapshot" quietly "$analyze" snapshot --at mark:loaded program.bin
done_testing
