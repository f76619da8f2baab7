# SPDX-License-Identifier: Apache-2.0
# Detectors of waste and imbalance: each on a program that wastes, and on one that looks
# like it and does not; and their figures are those of the other commands.
. "$(dirname "$0")/lib.sh"

waste="churn,realloc_chain,oversize,cross_thread_free,unbalanced_threads,burst,fragmentation"
check() { "$analyze" check "$@"; }
kinds() { # LOG [DETECTOR]: what is found, each "detector kind severity"
	check --only "${2:-$waste}" --format json "$1" | jq -r '[.findings[] | .detector + " " + .kind + " " + .severity] | sort | join(", ")'
}
of() { # LOG DETECTOR FILTER: of its first finding
	check --only "$2" --format json "$1" | jq -r ".findings[0] | $3"
}
run() { ok "$1 runs" recorded "$1.bin" "$targets/wasting" "$1"; }

# --- churn
run temporary
is "$(kinds temporary.bin)" "churn temporary low" "temporary blocks"
is "$(of temporary.bin churn '[.count, .bytes, .evidence.calls, .evidence.temporary, .evidence.share, .evidence.median_lifetime] | join(" ")')" \
	"20000 2000000 20000 20000 1 below 1 ms" "how many"
is "$(of temporary.bin churn '[.function, .stacks[0].what, .stacks[0].stack[1].function] | join(" ")')" \
	"make allocated scratch" "where"
is "$(of temporary.bin churn '[.evidence.calls, .evidence.temporary] | join(" ")')" \
	"$("$analyze" summary --format json temporary.bin |
		jq -r '.sites[] | select(.function == "make") | [.allocations, .temporary] | join(" ")')" \
	"as the summary counts them"
run pool
is "$(kinds pool.bin)" "" "a pool is none"
run short_lived
is "$(kinds short_lived.bin)" "churn short_lived info" "blocks with others in between"
ok "how many" [ "$(of short_lived.bin churn .evidence.short_lived)" -gt 39000 ] # one may have had to wait
ok "cull" recorded cull.bin MEMSCOPE_MODE=cull "$targets/wasting" temporary
is "$(kinds cull.bin churn)" "churn short_lived info" "cull: how long they lived is known"
ok "cull: of pairs in no event, too" [ "$(of cull.bin churn .count)" -gt 19000 ]
ok "sample" recorded sample.bin MEMSCOPE_MODE=sample MEMSCOPE_SAMPLE=1KiB "$targets/wasting" temporary
is "$(kinds sample.bin churn)" "churn short_lived info" "a sample: the same"
ok "about as many" [ "$(of sample.bin churn '.count > 16000 and .count < 24000')" = true ]
ok "counters" recorded counters.bin MEMSCOPE_MODE=counters "$targets/wasting" temporary
is "$(kinds counters.bin)" "" "counters: nothing"
is "$(check --only "$waste" --format json counters.bin | jq -r '.not_checked | length')" 7 "which is said"

# --- realloc_chain
run linear
is "$(kinds linear.bin realloc_chain)" "realloc_chain constant_steps info" "growth by equal steps"
is "$(of linear.bin realloc_chain '.evidence | [.chains, .steps, .longest_chain, .step_bytes] | join(" ")')" "2 200 100 1000" \
	"how long the chains are"
is "$(of linear.bin realloc_chain .evidence.moved_bytes)" \
	"$("$analyze" query --format json linear.bin "SELECT sum(a.size) AS bytes FROM allocations a
		WHERE a.ended = 'realloc' AND a.next <> a.address AND a.size >= 1000" | jq '.[0].bytes')" "what was moved, as SQL has it"
run geometric
is "$(kinds geometric.bin realloc_chain)" "" "growth by a factor is none"

# --- oversize
run tails
is "$(kinds tails.bin oversize)" "oversize at_peak low" "small blocks"
is "$(of tails.bin oversize '[.bytes, .evidence.waste_in_all, .evidence.share, .evidence.usable_bytes, .evidence.basis] | join(" ")')" \
	"300000 300000 0.625 24 glibc" "what they waste, and how it is known"
run full
is "$(kinds full.bin)" "" "blocks that are full"
for library in jemalloc:libjemalloc.so.2:140000 tcmalloc:libtcmalloc_minimal.so.4:null; do
	name=${library%%:*} rest=${library#*:}
	if LD_PRELOAD=${rest%:*} true 2>&1 | grep -q .; then
		skip "there is no $name" "$name"
		continue
	fi
	recorded "$name.bin" LD_PRELOAD="$recorder ${rest%:*}" "$targets/wasting" tails
	is "$(of "$name.bin" oversize .bytes)" "${rest#*:}" "$name: what is known of its blocks"
done
is "$(check --only oversize --format json tcmalloc.bin | jq -r '.not_checked | length')" 1 "or that it is not"

# --- threads
recorded handover.bin "$targets/handover" 8000 4
is "$(kinds handover.bin cross_thread_free)" "cross_thread_free cross_thread info" "frees of other threads' blocks"
is "$(of handover.bin cross_thread_free '[.count, .bytes] | join(" ")')" \
	"$("$analyze" threads --format json handover.bin | jq -r '[([.matrix[] | .blocks] | add), ([.matrix[] | .bytes] | add)] | join(" ")')" \
	"as threads counts them"
is "$(of handover.bin cross_thread_free '.evidence | [.pairs, .made_by, .freed_by, .pair_blocks, .pair_bytes] | join(" ")')" \
	"$("$analyze" threads --format json handover.bin | jq -r '[(.matrix | length), (.matrix[0] | .maker, .freer, .blocks, .bytes)] | join(" ")')" \
	"with the heaviest pair of its matrix"
is "$(of handover.bin cross_thread_free '[.stacks[] | .what] | join(" ")')" "allocated freed" "made and freed where"
run one_thread
is "$(kinds one_thread.bin unbalanced_threads)" "unbalanced_threads one_thread info" "one thread makes nearly all"
is "$(of one_thread.bin unbalanced_threads '[.site, .count, .evidence.allocating_threads] | join(" ")')" " 20000 4" "how many"
is "$(of one_thread.bin unbalanced_threads .evidence.thread)" \
	"$("$analyze" threads --format json one_thread.bin | jq '.rows | max_by(.allocations) | .tid')" "which"
run even
is "$(kinds even.bin unbalanced_threads,cross_thread_free)" "" "four that share the work, and free their own"

# --- burst
run burst
is "$(of burst.bin burst '[.kind, .count >= 25000, .evidence.share > 0.8, .function] | join(" ")')" "growth true true make" "a burst"
ok "in a short time" [ "$(of burst.bin burst '.evidence.to_ns - .evidence.from_ns < 200000000')" = true ]
run steady
is "$(kinds steady.bin burst)" "" "always the same is none"

# --- fragmentation
run pinned
is "$(kinds pinned.bin fragmentation)" "fragmentation retained low" "memory that blocks pin"
ok "how much" [ "$(of pinned.bin fragmentation '.bytes > 16000000 and .evidence.resident_bytes > 2 * .evidence.live_bytes')" = true ]
is "$(of pinned.bin fragmentation .evidence.peak_live_bytes)" "$(field pinned.bin .totals.peak_memory)" "after which peak"
is "$(of pinned.bin fragmentation '[.function, .stacks[0].what] | join(" ")')" "make still live" "whose blocks are still there"
is "$(check --only fragmentation --site make --format json pinned.bin | jq -r '[(.findings | length), (.not_checked | length)] | join(" ")')" \
	"0 1" "not of chosen blocks"
run released
is "$(kinds released.bin fragmentation)" "" "memory that is given back"

# --- quiet programs, and the same on any number of threads
for program in "true" "ls" "$targets/plain"; do
	recorded quiet.bin $program >/dev/null
	is "$(kinds quiet.bin)" "" "nothing of $program"
	rm quiet.bin
done
for log in temporary handover burst pinned; do
	check --only "$waste" --threads 1 --format json $log.bin >one
	check --only "$waste" --threads 4 --format json $log.bin >four
	same one four "$log: the same on four threads"
done
done_testing
