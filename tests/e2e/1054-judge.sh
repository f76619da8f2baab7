# SPDX-License-Identifier: Apache-2.0
# libunwind, from inside real programs, agrees with every stack it is asked about.
. "$(dirname "$0")/lib.sh"

# judged NAME EVERY COMMAND...: run it; one in EVERY stacks is walked by libunwind too.
judged() {
	name=$1 every=$2
	shift 2
	rm -f verdict
	LD_PRELOAD=$targets/libmemscope-judge.so MEMSCOPE_OUTPUT=$PWD/judged.%p.bin \
		MS_JUDGE_OUT=$PWD/verdict MS_JUDGE_EVERY=$every "$@" >out 2>&1
	is $? 0 "$name runs as ever"
	compared=$(awk '/compared/ { n += $1 } END { print n + 0 }' verdict)
	differ=$(awk '/compared/ { n += $5 } END { print n + 0 }' verdict)
	grep '^differ' verdict | cut -c 1-300 | head -n 3 | sed 's/^/# /'
	is "$differ" 0 "$name: none of $compared stacks differs"
	ok "$name: some were compared" [ "$compared" -gt "${least:-1000}" ]
	total=$((${total:-0} + compared))
	rm -f judged.*.bin
}

cat >list.cc <<'END'
#include <map>
#include <stdexcept>
#include <string>
int main()
{
	std::map<int, std::string> m;
	for (int i = 0; i < 300; i++)
		try {
			m[i] = std::string(i, 'x');
			if (i % 3 == 0)
				throw std::runtime_error(m[i]);
		} catch (const std::exception &e) {
			m.erase(i);
		}
	return m.empty();
}
END
judged "a C++ compiler" 20 g++ -O2 -c list.cc -o list.o
g++ -O2 list.cc -o list && least=100 judged "a program that throws" 1 ./list
judged "fibers, coroutines and exceptions" 1 "$targets/coroutines"
least=100 judged "frames of every shape, signal handlers, fibers" 1 "$targets/walks" truth
least=100 judged "exceptions in flight" 1 "$targets/walks_cxx" truth
least=100 judged "two libraries at one address in turn" 1 "$targets/loads" twins "$targets/libtwin_a.so" \
	"$targets/libtwin_b.so"
judged "chains of calls" 3 "$targets/depth_bench" 30 20000 2 500
judged "python3" 5 env PYTHONMALLOC=malloc "$(PATH=/usr/bin:$PATH command -v python3)" -c \
	'import json, re, threading
t = [threading.Thread(target=lambda: [json.dumps({str(i): [i]}) for i in range(500)]) for _ in range(4)]
[x.start() for x in t]; [x.join() for x in t]; re.compile("(a|b)+c{2,3}").match("abcc")'
judged "perl" 5 perl -e 'my %h; $h{$_ % 97}[$_] = "x" x $_ for 1 .. 3000'
judged "sqlite3" 2 sqlite3 :memory: 'create table t(a, b); with recursive c(x) as
	(select 1 union all select x + 1 from c where x < 20000) insert into t select x, x * 2
	from c; create index i on t(b); select sum(b) from t group by a % 10'
ok "$total stacks were compared in all" [ "$total" -ge 100000 ]
done_testing
