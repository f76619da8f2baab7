# SPDX-License-Identifier: Apache-2.0
# Suppressions: LeakSanitizer's, Valgrind's, those that programs embed, and the built-in ones.
. "$(dirname "$0")/lib.sh"

leaks() { "$analyze" leaks "$@"; }
of() { # of FILTER OPTION... TRACE
	filter=$1
	shift
	leaks --format json "$@" | jq -r "$filter"
}
has() { ok "$2" grep -qE -- "$1" out; }
totals='[.definite, .indirect, .possible, .reachable | "\(.bytes)/\(.blocks)"] | join(" ")'

recorded ways.bin "$targets/suppressed"
whole=$(of "$totals" --no-built-in-suppressions ways.bin)
is "${whole% *}" "4545/9 910/1 0/0" "what the program loses"

# LeakSanitizer's
cat >mine.supp <<'END'
# what we live with
leak:^c_function$
leak:outer::*::keep
leak:suppressed.cc$
leak:libnowhere.so
END
is "$(of "$totals" --suppressions mine.supp ways.bin)" "$whole" "the totals stay whole"
is "$(of '.sites | map(select(.kind != "reachable")) | length' --suppressions mine.supp ways.bin)" 0 "every site is taken"
sed -i 3,4d mine.supp
is "$(of '[.suppressed.by[] | select(.built_in | not) | .name, .origin, .line, .findings, .blocks, .bytes] | @csv' \
	--suppressions mine.supp ways.bin)" '"^c_function$","mine.supp",2,3,4,2728' "who took what: what hangs on a block goes with it"
is "$(of '.unused_suppressions | map(.name, .line) | @csv' --suppressions mine.supp ways.bin)" '"libnowhere.so",3' "what is not used"
leaks --suppressions mine.supp ways.bin >out
has '^suppressed: [0-9,]+ bytes in [0-9]+ blocks \(\^c_function\$, libstdc\+\+-start\)$' "in text: one line"
has '^ +3 +4 +2,728  \^c_function\$  \[mine.supp:2\]$' "in text: those used"
has '^unused suppression: libnowhere.so  \[mine.supp:3\]$' "in text: those not used"
is "$(leaks --format csv --suppressions mine.supp ways.bin | grep -c c_function)" 0 "no row in CSV"
is "$(leaks --blocks --format csv --suppressions mine.supp ways.bin | wc -l)" 7 "no block either"
is "$(of '.suppressed.by | map(select(.built_in | not)) | length' --suppressions mine.supp --suppressions mine.supp ways.bin)" \
	1 "of two that say the same the first counts"

# what is wrong
printf 'leak:x\nleek:y\n' >wrong.supp
leaks --suppressions wrong.supp ways.bin >out 2>&1
is $? 2 "a wrong line: exit code"
has 'wrong.supp:2: neither leak:PATTERN' "a wrong line: which"
leaks --suppressions none.supp ways.bin >out 2>&1
is $? 2 "no such file: exit code"
has 'none.supp: No such file' "no such file: said"

# Valgrind's, as it writes them itself for the same program
valgrind -q --leak-check=full --show-leak-kinds=all --gen-suppressions=all --log-file=valgrind.log "$targets/suppressed"
grep -v == valgrind.log >generated.supp
is "$(grep -c Memcheck:Leak generated.supp)" 10 "valgrind writes suppressions"
sed -i 's/<insert_a_suppression_name_here>/generated/' generated.supp
is "$(of '.sites | length' --suppressions generated.supp ways.bin)" 0 "they take all here, too"
is "$(of '[.unused_suppressions[]] | length' --suppressions generated.supp --no-built-in-suppressions ways.bin)" 0 "each of them takes something"
is "$(of '.suppressed | [.bytes, .blocks] | @csv' --suppressions generated.supp --no-built-in-suppressions ways.bin)" \
	5455,10 "each block is taken by one"
cat >kinds.supp <<'END'
{
   possible ones only
   Memcheck:Leak
   match-leak-kinds: possible
   ...
   fun:main
}
{
   of another tool
   Helgrind:Race
   fun:main
}
{
   with wildcards
   Memcheck:Leak
   fun:*alloc
   ...
   fun:_ZN5outer4deep*
   ...
   obj:*/suppressed
}
END
is "$(of '[.suppressed.by[0].bytes, .unused_suppressions[0].line] | @csv' --no-built-in-suppressions --suppressions kinds.supp ways.bin)" \
	808,2 "kinds of leaks, other tools, wildcards"

# check
check() { # check FILTER OPTION... TRACE
	filter=$1
	shift
	"$analyze" check --format json "$@" | jq -r "$filter"
}
taken='[(.findings | length), .suppressed_findings, .suppressed.findings] | @csv'
is "$(check "$taken" --only leak ways.bin)" 7,0,0 "check finds them"
"$analyze" check --only leak --fail-on leak --suppressions generated.supp ways.bin >out
is $? 0 "check: nothing is left to fail on"
has '^suppressed: ' "check: said"
"$analyze" check --only leak --fail-on leak --suppressions mine.supp ways.bin >out
is $? 1 "check: what is left fails"
is "$(check "$taken" --only leak --suppressions generated.supp ways.bin)" 0,9,9 "check: how many stacks"

# memory errors: the program dies of the first
recorded twice.bin "$targets/wrong_frees" twice 2>/dev/null
recorded pairs.bin "$targets/mismatches" all
printf 'double_free:^again$\nmismatched_free:new_free\nmismatched_free:libnowhere.so\n' >errors.supp
is "$(check "$taken" --only double_free twice.bin)" 1,0,0 "check: a double free"
"$analyze" check --only double_free --fail-on critical --suppressions errors.supp twice.bin >out
is $? 0 "check: a double free is taken"
has '^suppressed: .*\(\^again\$\)$' "check: by which"
is "$(check '[(.findings | length), .suppressed_findings, (.unused_suppressions | length)] | @csv' \
	--only mismatched_free --suppressions errors.supp pairs.bin)" 10,1,2 "check: a mismatch is taken by its call"
printf 'leak:main\ninvalid_free:main\n' >others.supp
is "$(check "$taken" --only double_free,mismatched_free --suppressions others.supp twice.bin pairs.bin)" 12,0,0 \
	"check: lines of other faults take none of them"
for program in "wrong_frees twice" "mismatches all"; do
	# shellcheck disable=SC2086 # two words
	valgrind -q --gen-suppressions=all --log-file=%p.valgrind "$targets/"$program >/dev/null 2>&1
done
cat ./*.valgrind | grep -v == | sed 's/<insert_a_suppression_name_here>/generated/' >errors.valgrind.supp
ok "valgrind writes suppressions of errors" [ "$(grep -c Memcheck:Free errors.valgrind.supp)" -ge 10 ]
is "$(check "$taken" --only double_free,mismatched_free --suppressions errors.valgrind.supp twice.bin pairs.bin)" \
	2,10,10 "check: they take the same here"

printf 'zero_size:main\n' >detector.supp
is "$(of '.unused_suppressions[0].name' --suppressions detector.supp ways.bin)" main "a detector's name is a type"

# what programs embed
embed() { # embed NAME FLAGS...: compiled from what is on standard input
	name=$1
	shift
	cat - >"$name.c"
	cat >>"$name.c" <<'END'
#include <stdlib.h>
static volatile int sink;
__attribute__((noinline)) static void lost_one(void) { sink += malloc(321) != NULL; }
__attribute__((noinline)) static void lost_two(void) { sink += malloc(123) != NULL; }
int main(void)
{
	lost_one();
	lost_two();
	return 0;
}
END
	gcc -g -Wl,--build-id -o "$name" "$@" "$name.c" && recorded "$name.bin" "./$name"
}
constant() {
	cat <<'END'
#ifdef __cplusplus
extern "C"
#endif
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:lost_one\nleak:lost_nobody\n"; }
END
}
embedded='[.suppressed.bytes, (.sites | map(.bytes) | join(" ")), (.suppression_notes | length), (.unused_suppressions | length)] | @csv'
constant | embed c0 -O0 -fno-builtin-malloc
is "$(of "$embedded" c0.bin)" '321,"123",0,0' "embedded: -O0"
constant | embed c2 -O2 -fno-builtin-malloc -fno-pie -no-pie
is "$(of "$embedded" c2.bin)" '321,"123",0,0' "embedded: -O2, not PIE"
constant | embed cxx -O2 -fno-builtin-malloc -fPIE -pie -x c++
is "$(of "$embedded" cxx.bin)" '321,"123",0,0' "embedded: C++, -O2, PIE"
is "$(of '.suppressed.by[0] | [.name, .built_in] | @csv' cxx.bin)" '"lost_one",false' "embedded: by name"
is "$(of "$embedded" --no-embedded-suppressions cxx.bin)" '0,"321 123",0,0' "embedded: not heeded when so asked"
is "$(check "$taken" --only leak cxx.bin)" 1,1,1 "embedded: check heeds them"
is "$(check "$taken" --only leak --no-embedded-suppressions cxx.bin)" 2,0,0 "embedded: check, when not so asked"
is "$(of '[.suppressed.bytes, .definite.bytes] | @csv' cxx.bin ways.bin)" "$((321 + 72704)),$((4545 + 444))" \
	"embedded: another program's are its own"
printf '%s\n' '#include <stdlib.h>' 'const char *__lsan_default_suppressions(void);' \
	'const char *__lsan_default_suppressions(void) { return getenv("LSAN"); }' | embed more -O2 -fno-builtin-malloc
is "$(of "$embedded" more.bin)" '0,"321 123",1,0' "embedded: more than a text is left alone"
leaks more.bin >out
has 'more: its own suppressions .* cannot be read' "embedded: said"
sed -i 's/lost_one/lost_two/' cxx # its build-id stays, its text does not: the file is believed
is "$(of '.sites | map(.bytes) | join(" ")' cxx.bin)" 321 "embedded: read from the file"
rm cxx
is "$(of "$embedded" cxx.bin)" '0,"321 123",0,0' "embedded: nothing without the file"

# the built-in ones
leaks --list-suppressions >out
is $? 0 "the list needs no trace"
has '^stdio-buffers +buffers' "the list has names"
is "$(leaks --list-suppressions --format json | jq -r '.suppressions | length')" \
	"$("$analyze" check --list-suppressions --format csv | tail -n +2 | wc -l)" "the list in other formats"
recorded keeps.bin "$targets/kept_by_libc" >/dev/null 2>&1
for symbols in found none; do
	set -- --format json keeps.bin
	[ $symbols = found ] || set -- --debug-dir /nonexistent --no-symbol-cache "$@"
	leaks "$@" >out.json
	is "$(jq '[.sites[] | select(.kind != "reachable")] | length' out.json)" 0 "debug files $symbols: nothing lost is the program's"
	jq -r '.suppressed.by[].name' out.json >names
	for name in stdio-buffers threads dlopen name-service locale; do
		ok "debug files $symbols: $name" grep -q "^$name$" names
	done
	is "$(jq -r "$totals" out.json)" "$(of "$totals" --no-built-in-suppressions keeps.bin)" "debug files $symbols: totals"
done
ok "they can be left out" [ "$(of '.sites | length' --no-built-in-suppressions keeps.bin)" -gt \
	"$(of '.sites | length' keeps.bin)" ]
is "$(of .suppressed.blocks --no-built-in-suppressions keeps.bin)" 0 "then they take nothing"
recorded mine.bin "$targets/kept_by_libc" mine >/dev/null 2>&1
is "$(of '[.sites[] | select(.kind == "definite") | .bytes] | @csv' mine.bin)" "77,66,55" \
	"a program's functions of the libraries' names, and its constructors, are told"
done_testing
