# SPDX-License-Identifier: Apache-2.0
# Real programs on real work have no double, invalid or mismatched frees: each of their
# processes, forked ones too, that free what their parents made.
. "$(dirname "$0")/lib.sh"
export MEMSCOPE_QUIET=1

# clean NAME COMMAND...: its processes have none.
clean() {
	name=$1
	shift
	mkdir "$name.logs"
	env LD_PRELOAD="$recorder" MEMSCOPE_OUTPUT="$PWD/$name.logs/%p.bin" "$@" >"$name.out" 2>"$name.err" </dev/null
	is $? 0 "$name works"
	ok "$name was recorded" [ -n "$(ls "$name.logs")" ]
	"$analyze" check --only double_free,invalid_free,mismatched_free --format json "$name.logs"/*.bin >"$name.json"
	is "$(jq '.findings | length' "$name.json")" 0 "$name has no errors"
	jq -c '.findings[] | [.detector, .kind, .severity, .count, .site]' "$name.json" | head -n 20 | sed 's/^/# /'
	rm -rf "$name.logs"
}

clean perl perl -e 'my %h; $h{$_} = [1 .. $_ % 9] for 1 .. 20000; my $p = fork; if (!$p) { %h = (); exit 0 }
	waitpid $p, 0; my $t = join ",", map { scalar reverse } sort keys %h; $t =~ s/1+/x/g; print length `echo $p`'
clean python3 python3 -c 'import json, os, re, subprocess, threading
text = json.dumps({str(i): [i, str(i) * 3] for i in range(20000)})
data = json.loads(text)
threads = [threading.Thread(target=lambda: re.findall("[0-9]+", text)) for _ in range(3)]
[t.start() for t in threads]; [t.join() for t in threads]
pid = os.fork()
if not pid:
    data.clear(); os._exit(0)
os.waitpid(pid, 0); subprocess.run(["true"])'
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
if command -v sqlite3 >/dev/null; then
	clean sqlite3 sqlite3 :memory: 'CREATE TABLE t(a, b);
		WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 20000)
		INSERT INTO t SELECT x, x || "text" FROM c;
		CREATE INDEX i ON t(b); SELECT count(*), max(b) FROM t GROUP BY a % 7; DELETE FROM t WHERE a % 3; VACUUM;'
else
	skip "no sqlite3 program here" "sqlite3"
fi
clean bash bash -c 'f() { local a=(1 2 3 "$@"); echo "${a[@]^^}"; }
	for i in {1..100}; do x=$(f "$i" | tr 1 2); y+=$x; done
	(z=${y//2/3}; echo "${#z}") & wait; declare -A m; for i in {1..500}; do m[$i]=$y; done; unset m'
done_testing
