# SPDX-License-Identifier: Apache-2.0
# Double, invalid and mismatched frees: each is found, with the stacks of all that had a part
# in it, also when the C library kills the program for it.
. "$(dirname "$0")/lib.sh"
export MEMSCOPE_QUIET=1

errors() { "$analyze" check --only double_free,invalid_free,mismatched_free --format json "$@"; }

# found LOG: detector, kind, severity, count; then each point with the function above the helper.
found() {
	errors "$@" | jq -r '.findings[] | ([.detector, .kind, .severity, .count | tostring] +
		(.stacks | map(.what + " " + ((.stack | map(.function)) | map(select(. == "main" or . == null | not))
			| map(select(. == "release" or . == "again" | not))[0] // "?")))) | join(", ")'
}

# bad CASE FINDING: the program of that case has this finding alone.
bad() {
	recorded "$1.bin" "$targets/wrong_frees" "$1" 2>"$1.err" >/dev/null
	is "$(found "$1.bin")" "$2" "$1"
}

bad twice "double_free, freed, critical, 1, freed again twice, freed twice, allocated twice"
ok "glibc had killed it" grep -q "free(): double free detected in tcache" twice.err
bad twice_unseen "double_free, freed, critical, 1, freed again twice_unseen, freed twice_unseen, allocated twice_unseen"
bad twice_large "double_free, freed, critical, 1, freed again twice_large, freed twice_large, allocated twice_large"
bad twice_later "double_free, freed, critical, 1, freed again twice_later, freed twice_later, allocated twice_later"
bad twice_by_threads \
	"double_free, freed, critical, 1, freed again twice_by_threads, freed release_it, allocated twice_by_threads"
bad realloc_freed "double_free, reallocated, critical, 1, reallocated after it was freed realloc_freed, freed \
realloc_freed, allocated realloc_freed"
bad free_moved "double_free, freed, critical, 1, freed again free_moved, reallocated free_moved, allocated free_moved"
bad interior "invalid_free, interior, critical, 1, freed interior, inside of what was allocated interior"
ok "glibc had killed it" grep -q "free(): invalid pointer" interior.err
bad interior_freed "invalid_free, interior, critical, 1, freed interior_freed, freed before interior_freed, inside of \
what was allocated interior_freed"
bad stack "invalid_free, stack, critical, 1, freed on_stack"
bad threads_stack "invalid_free, stack, critical, 1, freed in_thread"
bad arguments "invalid_free, stack, critical, 1, freed arguments"
bad static "invalid_free, static, critical, 1, freed in_module"
bad literal "invalid_free, static, critical, 1, freed literal"
bad libc "invalid_free, static, critical, 1, freed in_libc"
bad mapped "invalid_free, mapped, critical, 1, freed mapped"
bad wild "invalid_free, not_a_block, critical, 1, freed wild"
is "$(errors interior.bin | jq -r '.findings[0] | [.site, .evidence.offset] | @csv')" '"again wrong_frees.c:31",16' \
	"the site of a fault is the call that is wrong"
is "$(errors static.bin | jq -r '.findings[0].evidence.module | sub(".*/"; "")')" wrong_frees "static: of which module"
is "$(errors twice.bin | jq -r '.findings[0].stacks | [length, (map(.address) | unique | length), (map(.size) | unique[])]
	| @csv')" 3,1,40 "the points are of one block"
"$analyze" check --fail-on double_free twice.bin >/dev/null
is $? 1 "it fails a check"

# a child frees what its parent made
children() { # CASE FINDINGS
	rm -f child.*.bin
	recorded child.%p.bin "$targets/wrong_frees" "$1" 2>/dev/null >/dev/null
	is "$(found child.*.bin)" "$2" "$1"
}
children child ""
children child_twice "double_free, freed, critical, 1, freed again twice, freed twice, allocated twice"
children child_again "double_free, freed, critical, 1, freed again in_child, freed in_child"

# what was made before recording began, or while it was paused, is no error
cat >paused.c <<'EOF'
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *volatile blocks[100];
static char *volatile kept;

static void make(void)
{
	for (int i = 0; i < 100; i++)
		blocks[i] = malloc(3000);
}

static void end(void)
{
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
}

int main(int argc, char **argv)
{
	make();
	raise(SIGUSR1); /* on or off */
	usleep(50000);
	end();
	make();
	raise(SIGUSR1);
	usleep(50000);
	end();
	make();
	raise(SIGUSR1);
	usleep(50000);
	end();
	if (argc > 1) {
		kept = malloc(40);
		free(kept);
		memset(kept, 0, 16);
		free(kept);
	}
	return 0;
}
EOF
cc -g -O0 -fno-builtin -w paused.c -o paused
for start in on off; do
	MEMSCOPE_START=$start MEMSCOPE_SIGNAL=USR1 recorded paused.$start.bin ./paused
	is "$(found paused.$start.bin)" "" "start $start: what was not recorded is no error"
done
ok "frees of unknown blocks were there" [ "$(field paused.off.bin .totals.unmatched_deallocations)" -ge 100 ]
MEMSCOPE_START=off MEMSCOPE_SIGNAL=USR1 recorded wrong.bin ./paused wrong
is "$(found wrong.bin | cut -d, -f 1-4)" "double_free, freed, critical, 1" "one that nothing explains is"
MEMSCOPE_MODE=cull MEMSCOPE_CULL=1ms recorded culled.bin "$targets/mixed_cxx" >/dev/null
is "$(found culled.bin)" "" "folded pairs are no errors"
MEMSCOPE_MAX_SIZE=256K recorded short.bin "$targets/mixed_cxx" >/dev/null
is "$(found short.bin)" "" "nor is what came after the size limit"
head -c 200000 culled.bin >cut.bin
is "$(errors cut.bin 2>/dev/null | jq -r '[.findings[] | select(.severity != "info")] | length')" 0 \
	"nor what a damaged log lacks"

# families
recorded pairs.bin "$targets/mismatches" all
is "$(errors pairs.bin | jq -r '.findings | map([.kind, .severity, (.bytes | tostring)] | join(" ")) | sort | .[]')" \
	"aligned new/delete low 109
malloc/delete high 101
malloc/delete high 13
malloc/delete[] high 102
new/aligned delete low 110
new/delete[] medium 104
new/free high 103
new/realloc high 107
new[]/delete medium 106
new[]/free high 105
new[]/realloc high 108" "each pair that does not belong together"
is "$(errors pairs.bin | jq -r '.findings[] | select(.kind == "new[]/delete") | .stacks | map(.what, .call) | @csv')" \
	'"freed","delete sized","allocated","new[]"' "both calls are named"
is "$(errors pairs.bin | jq -r '[.findings[].stacks | length] | unique | @csv')" 2 "with both stacks"
recorded right.bin "$targets/mismatches" right
is "$(found right.bin)" "" "what belongs together"
recorded own.bin "$targets/own_new" >/dev/null
is "$(found own.bin)" "" "a program with operators of its own"
recorded cxx.bin "$targets/mixed_cxx" >/dev/null
is "$(found cxx.bin)" "" "containers, strings and exceptions"

# Own operators: one of a pair only, by a call or by a jump, stripped or not.
cat >user.cc <<'EOF'
struct object {
	int *values = new int[100];
	~object() { delete[] values; }
};
int main()
{
	delete new object;
	delete[] new object[10];
	delete new int;
}
EOF
cat >wrong.cc <<'EOF'
#include <cstdlib>
int main()
{
	delete (int *)malloc(40);
}
EOF
own() { # NAME SOURCE
	{
		printf '#include <cstdlib>\n#include <new>\n%s\n' "$2"
		cat user.cc
	} >"own_$1.cc"
	for level in -O0 -O2\ -s; do
		# shellcheck disable=SC2086 # two options
		g++ -g $level -fno-builtin -w "own_$1.cc" -o own
		rm -f one.bin
		recorded one.bin ./own
		is "$(found one.bin)" "" "own $1, $level"
	done
}
own new 'void *operator new(size_t n) { return malloc(n ? n : 1); }'
own new_and_check 'void *operator new(size_t n) { void *p = malloc(n ? n : 1); if (!p) throw std::bad_alloc(); return p; }'
own new_array 'void *operator new[](size_t n) { return operator new(n); }'
own delete 'void operator delete(void *p) noexcept { free(p); } void operator delete(void *p, size_t) noexcept { free(p); }'
own delete_array 'void operator delete[](void *p) noexcept { operator delete(p); } void operator delete[](void *p, size_t) noexcept { operator delete(p); }'
own all 'void *operator new(size_t n) { return malloc(n); } void *operator new[](size_t n) { return malloc(n); }
void operator delete(void *p) noexcept { free(p); } void operator delete(void *p, size_t) noexcept { free(p); }
void operator delete[](void *p) noexcept { free(p); } void operator delete[](void *p, size_t) noexcept { free(p); }'

# A library that hides them, and whose objects others delete.
cat >hides.cc <<'EOF'
#include <cstdlib>
#include <new>
__attribute__((visibility("hidden"))) void *operator new(size_t n) { return malloc(n); }
extern "C" __attribute__((visibility("default"))) int *make() { return new int(7); }
EOF
cat >deletes.cc <<'EOF'
extern "C" int *make();
int main() { delete make(); }
EOF
for strip in -g -s; do
	g++ -O2 $strip -fno-builtin -w -fPIC -shared -fvisibility=hidden hides.cc -o libhides.so
	g++ -g -O1 deletes.cc -o deletes -L. -lhides -Wl,-rpath,"$PWD"
	rm -f hides.bin
	recorded hides.bin ./deletes
	is "$(errors hides.bin | jq -r '[.findings[] | select(.severity != "info")] | length')" 0 \
		"a library that hides its operators, $strip: nothing beyond info"
done
for level in -g -s; do
	g++ -O0 $level -w wrong.cc -o wrong
	rm -f wrong.bin
	recorded wrong.bin ./wrong
	is "$(found wrong.bin | cut -d, -f 1-4)" "mismatched_free, malloc/delete, high, 1" "a real mismatch alone, $level"
done
mv wrong gone
is "$(errors wrong.bin | jq -r '.findings[].severity')" info "no more than info where the program's file is gone"

# blocks of one module that another frees
recorded modules.bin ./deletes
is "$("$analyze" check --only cross_module_free --format json modules.bin |
	jq -r '.findings[] | [.severity, .count, (.evidence | map(sub(".*/"; "")))[]] | @csv')" \
	'"info",1,"libhides.so","deletes"' "a block of another module's"
done_testing
