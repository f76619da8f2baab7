# SPDX-License-Identifier: Apache-2.0
# README's examples for CI, as they stand there: make, CTest, Meson, the steps of a GitHub job.
. "$(dirname "$0")/lib.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL GITHUB_WORKSPACE GITHUB_STEP_SUMMARY
mkdir bin
ln -s "$analyze" bin/memscope-analyze
ln -s "$recorder" bin/libmemscope.so
export PATH="$tmp/bin:$PATH"

# example TITLE: the literal lines that follow the first line that begins so.
example() {
	awk -v title="$1" '/^## / { inside = /^## In CI/ } !inside { next }
		index($0, title) == 1 { found = 1; next }
		found && /^    / { print substr($0, 5); some = 1; next }
		found && some { exit }' "$root/README.md"
}
# Two programs: one that leaks, and one that does not.
cp "$targets/demo_app" leaky
cat >clean.c <<'C'
#include <stdlib.h>
int main(void)
{
	free(malloc(100));
	return 0;
}
C
gcc -o clean clean.c

# --- make
for app in clean leaky; do
	mkdir make-$app
	cp $app make-$app/app
	example "A rule of a Makefile" >make-$app/Makefile
	(cd make-$app && make memcheck) >make-$app.out 2>&1
	echo $? >make-$app.code
done
is "$(cat make-clean.code)" 0 "make: a clean program"
is "$(cat make-leaky.code)" 2 "make: one that leaks stops it"
ok "make: and says where" grep -q 'begin_session' make-leaky.out
ok "make: the logs are there" [ -s "$(find make-clean -name 'memcheck.*.bin')" ]

# --- CTest
if command -v cmake >/dev/null && command -v ctest >/dev/null; then
	for app in clean leaky; do
		mkdir ctest-$app
		if [ $app = clean ]; then cp clean.c ctest-$app/app.c; else cp "$root/tests/targets/demo_app.c" ctest-$app/app.c; fi
		{
			printf 'cmake_minimum_required(VERSION 3.13)\nproject(app C)\nenable_testing()\n'
			printf 'find_package(Threads REQUIRED)\nadd_executable(app app.c)\n'
			printf 'target_compile_options(app PRIVATE -g)\ntarget_link_libraries(app Threads::Threads)\n'
			example "CTest, in CMakeLists.txt"
		} >ctest-$app/CMakeLists.txt
		(cd ctest-$app && cmake -B build . && cmake --build build && cd build && ctest --output-on-failure) \
			>ctest-$app.out 2>&1
		echo $? >ctest-$app.code
	done
	is "$(cat ctest-clean.code)" 0 "ctest: a clean program"
	ok "ctest: one that leaks fails" [ "$(cat ctest-leaky.code)" != 0 ]
	ok "ctest: and says where" grep -q 'begin_session' ctest-leaky.out
	is "$(xmllint --xpath 'string(/testsuites/@failures)' ctest-clean/build/app-memory.xml)" 0 "ctest: JUnit"
	[ "$(cat ctest-clean.code)" = 0 ] || sed 's/^/# /' ctest-clean.out
else
	skip "no cmake" "ctest"
fi

# --- Meson
if command -v meson >/dev/null && command -v ninja >/dev/null; then
	mkdir meson
	cp clean.c "$root/tests/targets/demo_app.c" meson
	{
		printf "project('app', 'c')\n"
		printf "test('tidy', executable('tidy', 'clean.c'))\n"
		printf "test('leaky', executable('leaky', 'demo_app.c', dependencies: dependency('threads')))\n"
		example "Meson, in meson.build"
	} >meson/meson.build
	(cd meson && meson setup build && meson compile -C build) >meson.out 2>&1
	is $? 0 "meson: it is built"
	(cd meson/build && meson test) >plain.out 2>&1
	is $? 0 "meson: the tests pass"
	(cd meson/build && meson test --setup memory --print-errorlogs) >memory.out 2>&1
	is $? 1 "meson: with the gate one fails"
	ok "meson: the other does not" grep -qE 'tidy +OK' memory.out
	ok "meson: it says where" grep -q begin_session memory.out
else
	skip "no meson" "meson"
fi

# --- GitHub: the command of its step, as the runner's shell takes it
example "GitHub Actions" >steps
sed -n 's/^  run: //p' steps >run
ok "github: there is a command" [ -s run ]
ok "github: the report that is uploaded is the one that is written" \
	[ "$(sed -n 's/.*--sarif \([^ ]*\).*/\1/p' run)" = "$(sed -n 's/ *sarif_file: //p' steps)" ]
step() { # PROGRAM: in a checkout with that program and a baseline of it
	(cd "job-$1" && GITHUB_WORKSPACE="$PWD" GITHUB_STEP_SUMMARY="$tmp/summary-$1" bash -e ../run) >"job-$1.out" 2>"job-$1.err"
}
for app in clean leaky; do
	mkdir job-$app
	cp $app job-$app/app
	echo "before" >summary-$app
	(cd job-$app && memscope-analyze record -q -o base.bin -- ./app &&
		memscope-analyze gate --write-baseline memory.baseline base.bin) >/dev/null
done
step leaky
is $? 0 "github: a leak that the baseline has"
sed -i 's/^[0-9]*\(.*begin_session\)/0\1/; s/^[0-9]*\(.*(total)\)/0\1/' job-leaky/memory.baseline
step leaky
is $? 1 "github: one that it has not"
ok "github: an annotation" grep -q '^::error .*title=memscope%3A baseline-leaked::' job-leaky.out
ok "github: the summary" grep -q 'memscope gate: .* failed' summary-leaky
is "$(head -n 1 summary-leaky)" before "github: which keeps what was there"
is "$(jq -r '.runs[0].results[0].ruleId' job-leaky/memory.sarif)" baseline-leaked "github: SARIF"
step clean
is $? 0 "github: a clean program"
is "$(grep -c '^::' job-clean.out)" 0 "github: no annotation"

# --- a whole suite
mkdir suite suite/logs
cp clean leaky suite
(cd suite && printf 'check:\n\t./clean\n\t./leaky\n\t./clean\n' >Makefile &&
	LD_PRELOAD="$recorder" MEMSCOPE_OUTPUT="$PWD/logs/%p.bin" make check) >suite.out 2>&1
is $? 0 "suite: it runs"
(cd suite && memscope-analyze gate --junit memory.xml logs/*.bin) >gate.out 2>&1
is $? 1 "suite: the gate fails"
is "$(grep -c '^FAILED' gate.out) $(grep '^FAILED' gate.out | grep -c leaky)" "1 1" "suite: on the one that leaks"
is "$(xmllint --xpath 'count(//testsuite)' suite/memory.xml)" "$(ls suite/logs/*.bin | wc -l)" "suite: each is in JUnit"
done_testing
