# SPDX-License-Identifier: Apache-2.0
# Exports: the programs that they are for read them, and find our figures in them.
. "$(dirname "$0")/lib.sh"

recorded demo.bin "$targets/demo_app" >/dev/null
render() { "$analyze" render --format "$@"; }
"$analyze" snapshot --format json --by stack --sort calls demo.bin >snap.json
of() { jq "[.rows[].$1] | add // 0" snap.json; }
peak=$(of peak_bytes) live=$(of live_bytes) allocated=$(of allocated) calls=$(of allocations)
temporary=$(of temporary) peak_blocks=$(of peak_blocks) live_blocks=$(of live_blocks)
leaked=$("$analyze" leaks --format json demo.bin | jq '.definite.bytes + .indirect.bytes')
leaked_blocks=$("$analyze" leaks --format json demo.bin | jq '.definite.blocks + .indirect.blocks')
has() { command -v "$1" >/dev/null 2>&1; }

# A function's name may hold anything; strip removes what says otherwise.
odd=$(printf 'evil;a "q" <b>&{x} #c (p) \\n fn=(9) \377\033[31m\nnext line 7')
cp "$targets/plain" evil
if objcopy --strip-debug --redefine-sym keep="$odd" --redefine-sym main='</script><img src=x onerror=alert(1)>' evil; then
	recorded evil.bin ./evil 100
fi
ok "a function of an odd name is there" sh -c "'$analyze' render --format csv evil.bin | grep -q onerror"

# --- valgrind's
if has ms_print; then
	render massif -o demo.massif demo.bin
	ms_print --threshold=0 demo.massif >out 2>err
	is $? 0 "ms_print reads massif"
	number=$(sed -n 's/.*[[ ]\([0-9]*\) (peak).*/\1/p' out)
	is "$(awk -v n="$number" '$1 == n { gsub(",", ""); print $3; exit }' out)" "$peak" "massif: the peak"
	ok "massif: the tree of the peak has all of it" sh -c 'tr -d , <out | grep -q "^100.00% ($1B) (heap"' sh "$peak"
	is "$(awk 'NF == 6 && $1 ~ /^[0-9]+$/ { gsub(",", ""); last = $3 } END { print last }' out)" "$live" "massif: the end"
	is "$(awk -F= '$1 == "mem_heap_B" { heap = $2 } /^n[0-9]/ { split($0, w, " "); n++; if (w[2] != heap) bad++ } END { print bad + 0, (n > 5) }' demo.massif)" "0 1" \
		"massif: each tree is that of its snapshot"
	render massif -o evil.massif evil.bin
	ms_print evil.massif >out 2>err
	is "$? $(grep -c 'evil;a "q"' out)" "0 $(grep -c 'evil;a "q"' evil.massif)" "massif: an odd name is one line"
else
	skip "no ms_print" massif
fi

view=/usr/libexec/valgrind/dh_view.js
if has callgrind_annotate; then
	render callgrind -o demo.callgrind demo.bin
	callgrind_annotate --inclusive=yes demo.callgrind >out 2>err
	is "$? $(wc -l <err)" "0 0" "callgrind_annotate reads callgrind"
	is "$(sed -n 's/ *PROGRAM TOTALS//p' out | sed 's/([^)]*)//g; s/,//g' | xargs)" \
		"$peak $live $allocated $calls $temporary $leaked $peak_blocks $live_blocks $leaked_blocks" "callgrind: every metric"
	inclusive=$("$analyze" snapshot --by function --format json demo.bin | jq '.rows[] | select(.function == "worker").inclusive.peak_bytes')
	is "$(grep 'demo_app.c:worker' out | head -n 1 | sed 's/ (.*//; s/,//g' | xargs)" "$inclusive" "callgrind: inclusive costs"
	render callgrind -o evil.callgrind evil.bin
	callgrind_annotate --threshold=100 evil.callgrind >out 2>err
	is "$? $(wc -l <err) $(grep -c 'evil;a "q" <b>' out)" "0 0 1" "callgrind: an odd name"
else
	skip "no callgrind_annotate" callgrind
fi

# --- heaptrack's
if has heaptrack_print; then
	render heaptrack -o demo.heaptrack demo.bin
	heaptrack_print demo.heaptrack >out 2>err
	is $? 0 "heaptrack_print reads heaptrack"
	is "$(sed -n 's/^calls to allocation functions: \([0-9]*\).*/\1/p' out)" "$calls" "heaptrack: calls"
	is "$(sed -n 's/^total memory leaked: //p' out)" "$(awk -v n="$live" 'BEGIN { printf "%.2fK", n / 1000 }')" "heaptrack: what is left at the end"
	is "$(sed -n 's/^peak heap memory consumption: //p' out)" "$(awk -v n="$peak" 'BEGIN { printf "%.2fK", n / 1000 }')" "heaptrack: peak"
	# Of blocks in use at the very peak heaptrack cannot be told that they are temporary.
	theirs=$(sed -n 's/^temporary memory allocations: \([0-9]*\).*/\1/p' out)
	ok "heaptrack: temporary, $theirs of $temporary" [ "$theirs" -le "$temporary" -a "$theirs" -ge $((temporary - 5)) ]
	for cost in allocations leaked peak; do
		heaptrack_print --flamegraph-cost-type $cost -F stacks demo.heaptrack >/dev/null 2>&1
		awk '{ n += $NF } END { print n }' stacks
	done >out
	is "$(xargs <out)" "$calls $live $peak" "heaptrack: the sums of all stacks, to the byte"
	recorded plain.bin "$targets/plain" 1000
	render heaptrack -o plain.heaptrack --function '^(keep|drop)$' plain.bin
	heaptrack_print plain.heaptrack >out 2>err
	is "$(grep -oE '^(calls to allocation functions|temporary memory allocations): [0-9]+' out | grep -oE '[0-9]+$' | xargs)" "2000 1000" \
		"heaptrack: chosen blocks of one thread, temporary ones to the last"
	render heaptrack -o evil.heaptrack evil.bin
	ok "heaptrack: an odd name" sh -c 'heaptrack_print evil.heaptrack 2>&1 | grep -q "evil;a \"q\""'
else
	skip "no heaptrack_print" heaptrack
fi

# --- Graphviz
if has dot; then
	render dot -o demo.dot demo.bin
	dot -Tjson -o demo.json demo.dot 2>err
	is "$? $(wc -l <err)" "0 0" "Graphviz reads dot"
	inclusive=$("$analyze" snapshot --by function --format json demo.bin | jq '.rows[] | select(.function == "worker").inclusive.peak_bytes')
	is "$(jq -r '.objects[] | select(.label | startswith("worker\\n")).comment | split(" ")[0]' demo.json)" "$inclusive" "dot: inclusive bytes"
	is "$(jq -r '[.edges[].comment | tonumber] | max' demo.json)" "$inclusive" "dot: the heaviest call"
	ok "dot: an odd name, drawn" sh -c "'$analyze' render --format dot evil.bin | dot -Tsvg | grep -q onerror"
else
	skip "no Graphviz" dot
fi

# --- Perfetto: protoc with the published numbers of the fields
if has protoc; then
	render perfetto -o demo.pftrace demo.bin
	protoc --proto_path="$root/tests/data" --decode=Trace perfetto_fields.proto <demo.pftrace >out 2>err
	is "$? $(wc -c <err)" "0 0" "protoc decodes a Perfetto trace"
	ok "perfetto: no field is unknown" eval '! grep -qE "^ *[0-9]+[:{ ]" out'
	sum() { awk -v key="$1:" '$1 == key { n += $2 } END { print n + 0 }' out; }
	is "$(sum self_allocated) $(sum alloc_count) $(($(sum self_allocated) - $(sum self_freed))) $(($(sum alloc_count) - $(sum free_count))) $(sum self_max) $(sum self_max_count)" \
		"$allocated $calls $live $live_blocks $peak $peak_blocks" "perfetto: made, live, at the peak"
	# Its own highest value, and the last: the first counter of bytes.
	track=$(awk '/^ *uuid:/ { id = $2 } /name: "live bytes"/ { print id; exit }' out)
	is "$(awk -v t="$track" '/track_event/ { on = 0 } $1 == "track:" && $2 == t { on = 1 } on && $1 == "value:" { v = $2; if (v > max) max = v; on = 0 } END { print max, v }' out)" \
		"$peak $live" "perfetto: the counter"
	is "$(awk '$1 == "stack:" { used[$2] } $1 == "stack" { in_stack = 1 } in_stack && $1 == "iid:" { known[$2]; in_stack = 0 } END { for (s in used) if (!(s in known)) bad++; print bad + 0 }' out)" 0 \
		"perfetto: every stack is told"
	ok "perfetto: an odd name" sh -c "'$analyze' render --format perfetto evil.bin | protoc --proto_path='$root/tests/data' --decode=Trace perfetto_fields.proto | grep -q onerror"
else
	skip "no protoc" perfetto
fi

# --- npm's: fetched once
node_home=$root/build/node
fetch() {
	has npm || return 1
	cmp -s "$root/tests/node/package-lock.json" "$node_home/fetched" && return
	mkdir -p "$node_home" && cp "$root"/tests/node/package*.json "$node_home" &&
		(cd "$node_home" && timeout 120 npm ci --no-audit --no-fund >npm.log 2>&1) &&
		cp "$root/tests/node/package-lock.json" "$node_home/fetched"
}
mkdir -p "$root/build"
exec 9>"$root/build/node.lock"
flock 9
if ! fetch; then
	skip "npm cannot fetch its packages" "pprof, speedscope, dhat, firefox"
	done_testing
	exit 0
fi
exec 9>&-
reads() { (cd "$node_home" && node "$root/tests/node/$1.mjs" "$tmp/$2" ${3+"$3"}) 2>err; }

render pprof -o demo.pb.gz demo.bin
reads pprof_totals demo.pb.gz >out
is "$?" 0 "pprof-format reads pprof"
is "$(jq -c .totals out)" "{\"alloc_objects\":$calls,\"alloc_space\":$allocated,\"inuse_objects\":$live_blocks,\"inuse_space\":$live,\"peak_objects\":$peak_blocks,\"peak_space\":$peak,\"temporary_objects\":$temporary,\"leaked_objects\":$leaked_blocks,\"leaked_space\":$leaked}" \
	"pprof: every sample type"
is "$(jq -r '.threads | to_entries[] | "\(.key) \(.value)"' out | sort)" \
	"$("$analyze" snapshot --by thread --format json demo.bin | jq -r '.rows[] | select(.allocations > 0) | "\(.tid) \(.allocations)"' | sort)" "pprof: by thread"
is "$(jq -r '[.program, (.buildIds > 0), .default] | join(" ")' out)" "$targets/demo_app true inuse_space" "pprof: its program"
ok "pprof: functions that were inlined" quietly jq -e '.functions | index("parse_request") and index("begin_session")' out
render pprof -o part.pb.gz --function worker --from 10% --to 60% demo.bin
is "$(reads pprof_totals part.pb.gz | jq -c '[.totals.alloc_space, .totals.inuse_space, .totals.peak_space]')" \
	"$("$analyze" snapshot --format json --by stack --sort calls --function worker --from 10% --to 60% --at 60% demo.bin | jq -c '[.rows | map(.allocated), map(.live_bytes), map(.peak_bytes) | add // 0]')" \
	"pprof: chosen blocks of a time"
render pprof -o evil.pb.gz evil.bin
is "$(reads pprof_totals evil.pb.gz | jq -r '.functions[]' | grep -c 'onerror\|^evil;a "q"')" 2 "pprof: odd names"
if has go && go tool -n pprof >/dev/null 2>&1; then
	HOME=$tmp go tool pprof -top -unit=B -sample_index=peak_space demo.pb.gz >out 2>err
	is "$? $(grep -oE 'of [0-9]+B total' out)" "0 of ${peak}B total" "go tool pprof reads it"
else
	skip "no go" "go tool pprof"
fi

render speedscope -o demo.speedscope.json demo.bin
reads speedscope_totals demo.speedscope.json >out
is "$? $(cat err)" "0 " "speedscope's schema accepts it"
is "$(jq -c '[.[]]' out)" "[$peak,$live,$allocated,$calls,$temporary,$leaked,$peak_blocks,$live_blocks,$leaked_blocks]" "speedscope: every metric"

if [ -e $view ]; then
	render dhat -o demo.dhat demo.bin
	reads dhat_totals demo.dhat $view >out
	is "$? $(cat err)" "0 " "Valgrind's dh_view.js reads dhat"
	is "$(jq -c '[.tb, .tbk, .gb, .gbk, .eb, .ebk]' out)" "[$allocated,$calls,$peak,$peak_blocks,$live,$live_blocks]" "dhat: every figure"
	render dhat -o evil.dhat evil.bin
	ok "dhat: odd names" quietly reads dhat_totals evil.dhat $view
else
	skip "no dh_view.js" dhat
fi

# The reader of profiler.firefox.com as a command, with a daemon behind it.
firefox() { (cd "$node_home" && HOME=$tmp timeout 60 node_modules/.bin/profiler-cli "$@" 2>>"$tmp/err"); }
# functions SESSION FILE: what it makes of a file, in functions.json.  On a busy machine the
# daemon takes longer to be ready than load waits.
functions() {
	firefox load "$tmp/$2" --session "$1" >out
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		firefox thread functions --session "$1" --limit 0 --json >functions.json && return
		sleep 1
	done
	return 1
}
render firefox -o demo.firefox.json demo.bin
if functions first demo.firefox.json; then
	firefox profile info --session first --json >info.json
	is "$(jq '[.functions[].selfSamples] | add' functions.json)" "$peak" "firefox: the peak"
	is "$(jq '.functions[] | select(.name == "worker").totalSamples' functions.json)" \
		"$("$analyze" snapshot --by function --format json demo.bin | jq '.rows[] | select(.function == "worker").inclusive.peak_bytes')" "firefox: a function with all that it calls"
	is "$(jq -r '.. | objects | select(.counterHandle?).name' info.json | head -n 1)" malloc "firefox: a counter"
	render firefox --metric calls -o calls.json demo.bin
	functions second calls.json
	is "$(jq '[.functions[].selfSamples] | add' functions.json)" "$calls" "firefox: calls"
	render firefox -o evil.json evil.bin
	functions third evil.json
	ok "firefox: an odd name" sh -c 'jq -r ".functions[].name" functions.json | grep -q onerror'
else
	skip "profiler-cli does not run with node $(node --version)" firefox
fi
firefox stop --all >/dev/null
done_testing
