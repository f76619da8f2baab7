# SPDX-License-Identifier: Apache-2.0
# Kinds of leaks of real programs, beside Valgrind's: bytes and blocks.
#
# bash and perl keep copies of their environment, which is another one under Valgrind (it
# adds variables, and puts its own library into LD_PRELOAD): of what may hold such copies,
# possible and reachable, their blocks are compared alone.
. "$(dirname "$0")/lib.sh"

ours() { # ours FORM LOG
	"$analyze" leaks --format json "$2" | jq -r "[.definite, .indirect, .possible, .reachable | $1] | join(\" \")"
}
form_ours='"\(.bytes)/\(.blocks)"'
theirs() { # theirs LOG: bytes/blocks of the four kinds
	awk '/(definitely lost|indirectly lost|possibly lost|still reachable):/ {
		gsub(",", ""); line = line sep $(NF - 4) "/" $(NF - 1); sep = " " } END { print line }' "$1"
}
both() { # both NAME COMMAND...
	name=$1
	shift
	MEMSCOPE_FOLLOW=none MEMSCOPE_QUIET=1 recorded "$PWD/$name.bin" "$@" >/dev/null 2>&1 </dev/null
	# one more module with thread-local storage, as the recorder is one
	LD_PRELOAD="$targets/libleak_module.so" valgrind --leak-check=full --show-leak-kinds=all \
		--run-libc-freeres=no --run-cxx-freeres=no --log-file="$name.valgrind" "$@" >/dev/null 2>&1 </dev/null
	got=$(ours "$form_ours" "$name.bin")
	wanted=$(theirs "$name.valgrind")
	ok "$name: valgrind has a verdict" [ -n "$wanted" ]
}
blocks() { echo "$1" | sed 's/[0-9]*\///g'; }
lost() { echo "$1" | cut -d' ' -f 1,2; }

both sqlite3 sqlite3 :memory: "create table t(a, b); insert into t values(1, 2); select * from t order by b;"
is "$got" "$wanted" "sqlite3: bytes and blocks of each kind"

git init -q repo && echo text >repo/file && git -C repo add file &&
	git -C repo -c user.name=a -c user.email=a@b commit -qm one
both git git -C repo log
is "$got" "$wanted" "git: bytes and blocks of each kind"

# shellcheck disable=SC2016 # it is bash's to expand
both bash bash -c 'a=(1 2 3); for i in "${a[@]}"; do b="$b$i"; done; echo $b'
is "$(blocks "$got")" "$(blocks "$wanted")" "bash: blocks of each kind"
is "$(lost "$got")" "$(lost "$wanted")" "bash: bytes of what is lost"

# shellcheck disable=SC2016 # and perl's
both perl /usr/bin/perl -e '%h = map { $_ => $_ * 2 } 1 .. 100; print join ",", sort values %h'
is "$(blocks "$got")" "$(blocks "$wanted")" "perl: blocks of each kind"
is "$(lost "$got")" "$(lost "$wanted")" "perl: bytes of what is lost"
done_testing
