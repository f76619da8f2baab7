# SPDX-License-Identifier: Apache-2.0
# git and g++ with all their children, and a C++ program: same output, totals equal.
. "$(dirname "$0")/lib.sh"

git=$(command -v git) || git=
if [ -n "$git" ]; then
	export GIT_CONFIG_NOSYSTEM=1 HOME="$PWD" GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' \
		GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_PAGER=cat
	git init -q repo
	cd repo || exit 1
	git config user.name nobody
	git config user.email nobody@example.org
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		seq "$i" 200 >"file$((i % 3))"
		git add . && git commit -q -m "commit $i"
	done
	cd ..
	git -C repo --no-pager log --stat -p >bare.out 2>&1
	counted gitlog git -C repo --no-pager log --stat -p
	is $? 0 "git log: exit code"
	same gitlog.out bare.out "git log: the same output"
	ok "git log: totals equal the counter's" equal_counts gitlog

	# gc packs with threads and runs git in git in git
	counted gitgc git -C repo gc -q --aggressive
	is $? 0 "git gc: exit code"
	ok "git gc: several processes" [ "$(ls gitgc.counts | wc -l)" -gt 3 ]
	ok "git gc: totals of $(ls gitgc.counts | wc -l) processes equal the counter's" equal_counts gitgc
	ok "the repository is sound" git -C repo fsck --strict
else
	skip "no git" git
fi

cat >hello.cc <<'END'
#include <map>
#include <string>
#include <iostream>
template <int N> struct deep { static int go() { return N + deep<N - 1>::go(); } };
template <> struct deep<0> { static int go() { return 0; } };
int main() { std::map<std::string, int> m; m["x"] = deep<50>::go(); std::cout << m["x"] << "\n"; }
END
g++ -c -o bare.o hello.cc
counted gxx MEMSCOPE_FREE_STACKS=0 g++ -o hello hello.cc
is $? 0 "g++: exit code"
is "$(cat gxx.err)" "" "g++: no word"
ok "g++: driver, cc1plus, as, collect2, ld" [ "$(ls gxx.counts | wc -l)" -ge 5 ]
ok "g++: totals of $(ls gxx.counts | wc -l) processes equal the counter's" equal_counts gxx
is "$(./hello)" 1275 "what it made works"
recorded again.bin g++ -c -o again.o hello.cc
ok "byte for byte the same object" cmp bare.o again.o

"$targets/mixed_cxx" >bare.out
bare=$?
counted mixed "$targets/mixed_cxx"
is $? $bare "C++ with threads and exceptions: exit code"
same mixed.out bare.out "C++: the same output"
ok "C++: totals equal the counter's" equal_counts mixed
log=$(ls mixed.*.bin)
ok "operator new is seen as such" [ "$(rows "$log" | awk -F, '$3 == "new"' | wc -l)" -gt 10000 ]
is "$(raw -t "$log" | cut -d' ' -f 5-7)" "0 0 0" "none unmatched, none live twice"
done_testing
