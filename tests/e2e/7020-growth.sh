# SPDX-License-Identifier: Apache-2.0
# The detector growth: a slow leak of a server is named, its cache is not.
. "$(dirname "$0")/lib.sh"

check() { "$analyze" check --only growth "$@"; }
sites() { check --format json "$1" | jq -r '[.findings[] | select(.kind == "site") | .site | split(" ")[0]] | join(" ")'; }
has() { ok "$2" grep -qE -- "$1" out; }

# Runs side by side: they wait most of the time.
for seed in 1 2 3; do
	recorded "leak.$seed.bin" "$targets/server_like" 3000 "$seed" leak >"leak.$seed.said" &
	recorded "tight.$seed.bin" "$targets/server_like" 3000 "$seed" >tight.said &
	recorded "filling.$seed.bin" "$targets/server_like" 3000 "$seed" filling >filling.said &
done
MEMSCOPE_MODE=cull recorded cull.bin "$targets/server_like" 3000 4 leak >/dev/null &
MEMSCOPE_MODE=sample MEMSCOPE_SAMPLE=2KiB recorded sample.bin "$targets/server_like" 3000 5 leak >/dev/null &
MEMSCOPE_MODE=counters recorded counters.bin "$targets/server_like" 100 6 leak >/dev/null &
# A log of a server that is killed, and read before that, too.
recorded running.bin "$targets/server_like" 6000 7 leak >/dev/null &
server=$!
sleep 4
cp running.bin early.bin
kill -9 "$server"
wait
for seed in 1 2 3; do
	is "$(sites "leak.$seed.bin")" lose_record "seed $seed: the leak is named"
	is "$(sites "tight.$seed.bin")" "" "seed $seed: nothing without it"
	is "$(sites "filling.$seed.bin")" "" "seed $seed: nor a cache that fills for two thirds of the time"
done
is "$(sites cull.bin)" lose_record "mode cull"
is "$(sites sample.bin)" lose_record "mode sample"
ok "with its error" [ "$(check --format json sample.bin | jq '.findings[] | select(.kind == "site") | .evidence.standard_error')" -gt 0 ]
is "$(sites running.bin)" lose_record "a server that was killed"
is "$(sites early.bin)" lose_record "and before"
check counters.bin >out
is $? 0 "mode counters"
has "counters records no blocks" "cannot tell"

check --format json leak.1.bin >leak.json
lost=$(sed -n 's/lost \([0-9]*\) .*/\1/p' leak.1.said)
finding() { jq -r '.findings[] | select(.kind == "site") | '"$1" leak.json; }
ok "how many blocks it has grown by" [ "$(finding .count)" -le "$lost" ] && [ "$(finding .count)" -gt $((lost * 7 / 10)) ]
is "$(finding .bytes)" "$(($(finding .count) * 512))" "and bytes"
is "$(finding '[.severity, .stacks[0].what, (.evidence.p_value < 0.01), (.evidence.to_bytes - .evidence.from_bytes == .bytes)] | @csv')" \
	'"low","allocated",true,true' "a log of three seconds is low"
rate=$(finding '.evidence.bytes_per_hour')
wanted=$((lost * 512 * 1200))
ok "its rate ($rate, about $wanted an hour)" [ "$rate" -gt $((wanted * 7 / 10)) ] && [ "$rate" -lt $((wanted * 13 / 10)) ]
ok "and the lower bound" [ "$(finding '.evidence.bytes_per_hour_low')" -le "$rate" ]
ok "half of its blocks are older than" [ "$(finding '.evidence.median_age_ns')" -gt 900000000 ]
check leak.1.bin >out
has "^  growth" "text"
has "lose_record +server_like.c:" "where"
is "$(check --threads 1 --format json leak.1.bin | jq -S . | cksum)" "$(check --threads 4 --format json leak.1.bin | jq -S . | cksum)" \
	"one thread or four"
is "$(check --site cache --format json leak.1.bin | jq '.findings | length')" 0 "with a filter"
check --fail-on growth leak.1.bin >/dev/null
is $? 1 "--fail-on growth"
check --fail-on growth tight.1.bin >/dev/null
is $? 0 "passes without"
recorded short.bin "$targets/demo_app" >/dev/null
is "$(check --format json short.bin | jq '.findings | length')" 0 "a program of a moment"
done_testing
