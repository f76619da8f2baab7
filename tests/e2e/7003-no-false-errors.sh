# SPDX-License-Identifier: Apache-2.0
# Real programs on real work have no double, invalid or mismatched frees: each of their
# processes, forked ones too, that free what their parents made.
. "$(dirname "$0")/lib.sh"
export MEMSCOPE_QUIET=1
below= # another allocator

# clean NAME COMMAND...: its processes have none.
clean() {
	name=$1
	shift
	mkdir "$name.logs"
	env LD_PRELOAD="$recorder${below:+:$below}" MEMSCOPE_OUTPUT="$PWD/$name.logs/%p.bin" "$@" >"$name.out" 2>"$name.err" </dev/null
	is $? 0 "$name works"
	ok "$name was recorded" [ -n "$(ls "$name.logs")" ]
	"$analyze" check --only double_free,invalid_free,mismatched_free --format json "$name.logs"/*.bin >"$name.json"
	is "$(jq '.findings | length' "$name.json")" 0 "$name has no errors"
	jq -c '.findings[] | [.detector, .kind, .severity, .count, .site]' "$name.json" | head -n 20 | sed 's/^/# /'
	rm -rf "$name.logs"
}

clean perl perl -e 'my %h; $h{$_} = [1 .. $_ % 9] for 1 .. 20000; my $p = fork; if (!$p) { %h = (); exit 0 }
	waitpid $p, 0; my $t = join ",", map { scalar reverse } sort keys %h; $t =~ s/1+/x/g; print length `echo $p`'
cat >work.py <<'EOF'
import json, os, re, sqlite3, subprocess, threading
text = json.dumps({str(i): [i, str(i) * 3] for i in range(20000)})
data = json.loads(text)
threads = [threading.Thread(target=lambda: re.findall("[0-9]+", text)) for _ in range(3)]
[t.start() for t in threads]; [t.join() for t in threads]
pid = os.fork()
if not pid:
    data.clear(); os._exit(0)
os.waitpid(pid, 0); subprocess.run(["true"])
EOF
python=$(command -v /usr/bin/python3 || command -v python3) # rather than a script that starts one
clean python3 "$python" work.py
clean python3-malloc env PYTHONMALLOC=malloc "$python" work.py
git init -q work && cp "$root"/README.md "$root"/Makefile work && cd work || exit 2
cat >commands <<'EOF'
set -e
git add . && git -c user.name=a -c user.email=a@b commit -qm one
echo more >>README.md && git diff | grep -q more
git -c user.name=a -c user.email=a@b commit -qam two
git log --stat -p && git status && git gc -q
EOF
cd ..
clean git sh -c 'cd work && . ./commands'
cat >work.cc <<'EOF'
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
int main()
{
	std::map<std::string, int> words;
	std::regex word("[a-z]+");
	std::string line("some words of a line");
	for (std::sregex_iterator i(line.begin(), line.end(), word), end; i != end; ++i)
		words[i->str()]++;
	for (const auto &w : words)
		std::cout << w.first << w.second;
}
EOF
clean g++ g++ -O1 work.cc -o work.out
clean cxx ./work.out
statements='CREATE TABLE t(a, b);
	WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 20000)
	INSERT INTO t SELECT x, x || "text" FROM c;
	CREATE INDEX i ON t(b); SELECT count(*), max(b) FROM t GROUP BY a % 7; DELETE FROM t WHERE a % 3; VACUUM;'
clean sqlite3 sqlite3 :memory: "$statements"
clean bash bash -c 'f() { local a=(1 2 3 "$@"); echo "${a[@]^^}"; }
	for i in {1..100}; do x=$(f "$i" | tr 1 2); y+=$x; done
	(z=${y//2/3}; echo "${#z}") & wait; declare -A m; for i in {1..500}; do m[$i]=$y; done; unset m'
# Others that have allocators of their own, or that share work among threads and processes.
cat >script.js <<'EOF'
const map = new Map();
for (let i = 0; i < 50000; i++) map.set("key" + i, { i });
console.log(JSON.stringify([...map]).length);
require("zlib").gzipSync(Buffer.alloc(100000));
EOF
printf 'all: a b\na b: ; @echo $@; sleep 0.01\n' >rules
clean jq jq -n '[range(5000) | {a: ., b: "x\(.)"}] | group_by(.a % 7) | map(length)'
clean tar sh -c 'tar -cf - "$1" | xz -T2 | xz -d | tar -tf -' sh "$root/common"
clean make make -j2 -f rules
clean gdb gdb -nx -batch -ex 'break main' -ex run -ex bt ./work.out
for program in "ssh -V" "node script.js" "cmake --version"; do
	if command -v "${program%% *}" >/dev/null; then
		# shellcheck disable=SC2086 # words
		clean "${program%% *}" $program
	else
		skip "not installed" "${program%% *}"
	fi
done

for below in libjemalloc.so.2 libtcmalloc_minimal.so.4; do
	LD_PRELOAD=$below "$targets/plain" 1 2>err
	if [ -s err ]; then
		skip "not installed" $below
		continue
	fi
	clean "sqlite3-$below" sqlite3 :memory: "$statements"
	clean "cxx-$below" ./work.out
done
done_testing
