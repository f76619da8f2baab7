# SPDX-License-Identifier: Apache-2.0
# Two pointer maps of a running server compared, and the filters of leaks.
. "$(dirname "$0")/lib.sh"

leaks() { "$analyze" leaks "$@"; }
has() { ok "$2" grep -qE -- "$1" out; }

# Maps at 3 and 9 tenths of the time: six tenths of what it lost lies between them.
MEMSCOPE_HEAPMAP=USR2,exit recorded log.bin "$targets/server_like" 1500 1 leak maps >said
lost=$(sed -n 's/lost \([0-9]*\) .*/\1/p' said)
ok "the server lost something" [ "$lost" -gt 100 ]
leaks --since 1 --map 2 log.bin >out
is $? 0 "exit code"
has "^compared with map 1, of " "which maps"
has "^newly definite: [0-9,]+ bytes in [0-9]+ blocks" "what was lost"
has "^      lose_record +server_like.c:" "and where"
ok "the cache is not among the lost" [ "$(grep -A 1 '^newly' out | grep -c cache_add)" = 0 ]
leaks --since 1 --map 2 --format json log.bin >changes.json
is "$(jq -r '[.processes[0].map.number, .processes[0].since.number, .processes[0].since.why, .interior] | @csv' changes.json)" \
	'2,1,"signal",false' "both maps in JSON"
for map in 1 2; do
	leaks --map $map --format json log.bin >"map$map.json"
done
# stacks in use keep the last records, as definite or as possible ones
count() { jq '[.sites[] | select(.function == "lose_record" and .kind != "reachable") | .'"$2"'] | add // 0' "$1"; }
first=$(count map1.json blocks)
second=$(count map2.json blocks)
new=$(count changes.json new_blocks)
ok "what is new is what the second has and the first has not ($first, $second, $new)" \
	[ "$new" -ge $((second - first)) ] && [ "$new" -le $((second - first + 8)) ]
ok "about six tenths of it" [ "$new" -gt $((lost * 4 / 10)) ] && [ "$new" -lt $((lost * 8 / 10)) ]
is "$(jq '[.sites[].new_bytes] | add' changes.json)" "$(jq '.new | .definite.bytes + .indirect.bytes + .possible.bytes' changes.json)" \
	"the sites are the whole"
is "$(jq '.reachable.bytes_change' changes.json)" \
	"$(($(jq .reachable.bytes map2.json) - $(jq .reachable.bytes map1.json)))" "what is reachable is that of both maps"
leaks --since 1 --map 2 --format csv log.bin >changes.csv
is "$(head -n 1 changes.csv | cut -d, -f 1-5)" "kind,new_bytes,new_blocks,unlinked_bytes,unlinked_blocks" "CSV"
is "$(($(wc -l <changes.csv) - 1))" "$(jq '.sites | length' changes.json)" "with the same rows"
is "$(leaks --since 1 --map 2 --blocks --format json log.bin | jq '.blocks | length')" \
	"$(jq '.new | .definite.blocks + .indirect.blocks + .possible.blocks' changes.json)" "each new block"
leaks --since 2 log.bin >out
has "^pointer map of .*\(exit\)" "with the last map, by default"
for wrong in "--since 2 --map 1" "--since 3" "--since 0" "--since x"; do
	# shellcheck disable=SC2086 # two words
	leaks $wrong log.bin >out 2>err
	is $? 2 "wrong: $wrong"
done
leaks --since 9 log.bin >out
has "no pointer map of that number" "a map that there is not"
leaks --since 1 --site 'lose_record' --map 2 --format json log.bin >some.json
is "$(jq '[.sites[].function] | unique | join(" ")' -r some.json)" "lose_record" "with a filter"
is "$(count some.json new_blocks)" "$new" "as many as without"

# filters
all() { leaks --map 2 --format json "$@" log.bin; }
totals() { jq -r '[.definite, .possible, .reachable | .bytes, .blocks] | @csv'; }
is "$(all --site '^lose_record' | jq .definite.blocks)" \
	"$(jq '[.sites[] | select(.function == "lose_record" and .kind == "definite") | .blocks] | add' map2.json)" \
	"--site"
is "$(all --site '^lose_record' | jq -r '.filter.site, .rings')" "^lose_record
null" "the document says so"
leaks --site '^lose_record' log.bin >out
has "^only of blocks: site ~ .lose_record" "and the text"
is "$(all --function '^work$' --file server_like | totals)" "$(all --file server_like --function '^work$' --size 1.. | totals)" \
	"--function and --file"
is "$(all --size 512 | jq .definite.bytes)" "$(($(all --size 512 | jq .definite.blocks) * 512))" "--size"
tid=$("$analyze" threads --format json log.bin | jq '.rows | max_by(.allocations).tid')
ok "--thread" [ "$(all --thread "$tid" | jq .definite.blocks)" -lt "$(jq .definite.blocks map2.json)" ]
is "$(all --module 'no such' | totals)" "0,0,0,0,0,0" "--module"
sum() { all --site '^lose_record' "$@" | jq '.definite.blocks + .possible.blocks + .reachable.blocks'; }
is "$(($(sum --to 40%) + $(sum --from 40%)))" "$(sum)" "--from and --to share what there is"
is "$(($(sum --lifetime ..500ms) + $(sum --lifetime 500ms..)))" "$(sum)" "--lifetime is the age at the map"
ok "older and younger ones" [ "$(sum --lifetime 500ms..)" -gt 10 ] && [ "$(sum --lifetime ..500ms)" -gt 10 ]
is "$(all --blocks --site '^lose_record' | jq '[.blocks[].site[0:11]] | unique | join(" ")' -r)" lose_record "--blocks"
leaks --site '(' log.bin >out 2>err
is $? 2 "a pattern that is none"
MEMSCOPE_HEAPMAP=off recorded off.bin "$targets/leak_truth" lost_one
is "$(leaks --format json --size 100 off.bin | jq .unclassified.bytes)" 100 "without a map: what lives"
is "$(leaks --format json --size 101.. off.bin | jq .unclassified.bytes)" \
	"$(($(leaks --format json off.bin | jq .unclassified.bytes) - $(leaks --format json --size ..100 off.bin | jq .unclassified.bytes)))" \
	"and by size"
# README: the commands of its section about servers run, and its words are theirs.
cp "$targets/server_like" server
ln -s "$recorder" libmemscope.so
mkdir bin
ln -s "$analyze" bin/memscope-analyze
export PATH="$tmp/bin:$PATH"
awk '/^## Programs that never exit/ { inside = 1; next } /^## / { inside = 0 }
	inside && /^    / { print substr($0, 5) }' "$root/README.md" >told
sed -n 's/^\$ //p' told >commands
ok "README has commands for servers" [ "$(wc -l <commands)" = 4 ]
sh -e commands >real 2>&1
is $? 0 "they run"
grep -vE '^\[|^\$' told | grep -oE '[A-Za-z_]{4,}' | sort -u >told.words
grep -oE '[A-Za-z_]{4,}' real | sort -u >real.words
is "$(comm -13 real.words told.words)" "" "every word of the output is there"
done_testing
