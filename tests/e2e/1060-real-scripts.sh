# SPDX-License-Identifier: Apache-2.0
# Interpreters: same output, same exit code, totals equal to the counter's.
. "$(dirname "$0")/lib.sh"

# alike NAME COMMAND...: bare and recorded runs cannot be told apart; all counts are equal.
alike() {
	what=$1
	shift
	"$@" >bare.out 2>bare.err
	bare=$?
	counted "$what" "$@"
	is $? $bare "$what: exit code $bare"
	same "$what.out" bare.out "$what: stdout"
	same "$what.err" bare.err "$what: stderr"
	ok "$what: totals of $(ls "$what.counts" | wc -l) processes equal the counter's" equal_counts "$what"
}

alike perl perl -e 'my %h; $h{$_ x 3} = [1 .. $_ % 20] for 1 .. 5000;
	my $n = 0; $n += @{$h{$_}} for sort keys %h; print "$n\n"; exit 4'
alike perl-fork perl -e '$| = 1; for (1 .. 3) { my $p = fork; if (!$p) { my @x = map { "x" x $_ } 1 .. 100; exit 0 }
	waitpid $p, 0 } print scalar(`echo hello`)'

python=/usr/bin/python3
[ -x $python ] || python=$(command -v python3)
if [ -n "$python" ]; then
	cat >script.py <<'END'
import json, re, threading, sys
def work(n):
    d = {str(i): [i] * (i % 10) for i in range(2000)}
    text = json.dumps(d)
    results[n] = len(re.findall(r'\d+', text)) + len(json.loads(text))
results = [0] * 4
threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(results)
sys.exit(6)
END
	alike python env PYTHONMALLOC=malloc PYTHONHASHSEED=0 $python -I script.py
	alike python-pools env PYTHONHASHSEED=0 $python -I script.py
else
	skip "no python3" python
fi

if command -v bash >/dev/null; then
	alike bash bash -c 'for i in 1 2 3; do echo "line $i" | cat | tr a-z A-Z; done | sort -r;
		x=$(seq 1 500 | while read -r n; do echo $((n * n)); done | tail -n 1); echo $x; (exit 3)'
else
	skip "no bash" bash
fi
alike jq jq -n '[range(2000) | {key: tostring, value: .}] | from_entries | length'
if command -v sqlite3 >/dev/null; then
	alike sqlite sqlite3 :memory: "create table t(a integer primary key, b text);
		with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
			insert into t select i, printf('row %d', i * 7919 % 5000) from n;
		create index tb on t(b); select count(*), max(b) from t where b > 'row 3';
		select b from t order by b desc limit 3; update t set b = b || 'x'; select sum(length(b)) from t;"
else
	skip "no sqlite3" sqlite
fi
done_testing
