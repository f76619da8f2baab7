# SPDX-License-Identifier: Apache-2.0
# MEMSCOPE_FOLLOW: which children are recorded, and what becomes of their environment.
. "$(dirname "$0")/lib.sh"
export OTHER_LIBRARY="$counter"
functions="execve execv execvp execvpe execl execlp execle fexecve execveat execveat-fd"

# runs NAME FOLLOW FUNCTION ENVIRONMENT: execs run, its output in NAME.out.
runs() {
	if [ "$2" = - ]; then setting=; else setting=MEMSCOPE_FOLLOW=$2; fi
	recorded "$PWD/$1.%p.bin" $setting "$targets/execs" run "$3" "$4" 5 >"$1.out" 2>"$1.err"
}
# logs NAME: how often each size of a block is in all its logs.
logs() { for log in "$1".*.bin; do sizes "$log" 700000 700100; done | sort -n | xargs; }
all="700000 3 700005 3"
parent="700000 3"

# each WANTED-LOGS TEXT-OF-THE-LEAF FOLLOW ENVIRONMENT FUNCTION...
each() {
	wanted=$1 text=$2 follow=$3 kind=$4
	shift 4
	for function; do
		name=$function.$kind.$(echo "$follow" | tr -d ,)
		runs "$name" "$follow" "$function" "$kind"
		is "$? $(logs "$name")" "0 $wanted" "$function, environment $kind, FOLLOW=$follow: logs of $wanted"
		is "$(sed -e "s|$recorder|R|" -e "s|$counter|C|" "$name.out")" "$text" "$function: what it was given"
		rm -f "$name".*.bin
	done
}
said="5 6 <a b><><c> OWN"
each "$all" "$said - V2999 - DEPTH - FOLLOW - PRELOAD R more" - given $functions posix_spawn posix_spawnp \
	system popen vfork-execve vfork-execlp clone-execl
each "$parent" "$said - V2999 - DEPTH - FOLLOW - PRELOAD - few" - cleared $functions posix_spawn posix_spawnp vfork-execle
each "$parent" "$said 1 V2999 - DEPTH 7 FOLLOW - PRELOAD C few" - own execve execl posix_spawn
each "$all" "$said - V2999 - DEPTH - FOLLOW exec PRELOAD R few" exec cleared $functions posix_spawn posix_spawnp \
	vfork-execve vfork-execl
each "$all" "$said 1 V2999 - DEPTH 7 FOLLOW fork,exec PRELOAD R:C more" fork,exec own $functions posix_spawn \
	posix_spawnp clone-execve
each "$all" "$said 1 V2999 2999 DEPTH 7 FOLLOW fork,exec PRELOAD R:C more" fork,exec many execve execlp vfork-execle \
	posix_spawnp
each "$parent" "$said - V2999 - DEPTH - FOLLOW fork PRELOAD  more" fork given $functions posix_spawn posix_spawnp \
	system popen vfork-execve
each "$parent" "$said 1 V2999 - DEPTH 7 FOLLOW - PRELOAD C few" none own execvpe

# A child that is not followed: no log at all, though the same program with another's eyes.
children() { # NAME FOLLOW WAY... : how many logs
	name=$1 follow=$2
	shift 2
	counted "$name" MEMSCOPE_FOLLOW="$follow" "$targets/family" "$@" || echo failed
	find . -name "$name.*.bin" | wc -l
}
is "$(children both fork,exec fork 10) $(children order exec,fork fork 10)" "11 11" "fork among the words: eleven logs"
is "$(children exec exec fork 10)" 1 "FOLLOW=exec: a forked child has none"
is "$(find exec.counts -type f | wc -l)" 11 "and yet eleven processes allocated"
is "$(children none none grand) $(children threads none threads 20)" "1 1" "FOLLOW=none: nor has a grandchild, nor one among threads"
is "$(children clone none clone)" 1 "nor one made by the system call itself"
for name in exec none threads clone; do
	log=$(ls $name.*.bin)
	id=${log#"$name".}
	is "$(totals "$log")" "$(counts "$name.counts/${id%.bin}.0")" "$name: the parent's log has its totals all the same"
	is "$(cat $name.err)" "" "$name: not a word"
done
name=others
env COUNTER_OUT="$(mkdir others && cd others && pwd)" LD_PRELOAD="$counter:$recorder" MEMSCOPE_OUTPUT="$PWD/others.%p.bin" \
	MEMSCOPE_FOLLOW=none "$targets/execs" run posix_spawn given 5 >others.out
is "$(sed "s|$counter|C|" others.out)" "$said - V2999 - DEPTH - FOLLOW none PRELOAD C more" "another library stays in LD_PRELOAD"
is "$(find others -type f | wc -l) $(find . -name 'others.*.bin' | wc -l)" "2 1" "and is loaded: two counts, one log"
# by a bare name, the way an administrator may have set it up
mkdir bare && ln -s "$recorder" bare/libmemscope.so
for follow in exec none; do
	env LD_LIBRARY_PATH="$PWD/bare" LD_PRELOAD=libmemscope.so MEMSCOPE_OUTPUT="$PWD/bare.$follow.%p.bin" MEMSCOPE_FOLLOW=$follow \
		"$targets/execs" run execve given 5 >bare.$follow.out
done
is "$(logs bare.exec)" "$all" "a bare name in LD_PRELOAD is followed"
is "$(logs bare.none)" "$parent" "and taken out"
ln -s "$recorder" libmemscope.so
env LD_PRELOAD=./libmemscope.so MEMSCOPE_OUTPUT="$PWD/relative.%p.bin" MEMSCOPE_FOLLOW=exec \
	"$targets/execs" run execve cleared 5 >relative.out
is "$(sed "s|$PWD/|HERE |; s| ./lib| lib|" relative.out)" "$said - V2999 - DEPTH - FOLLOW exec PRELOAD HERE libmemscope.so few" \
	"a relative path is made absolute"
is "$(logs relative)" "$all" "and followed"

# In vain: the same results and errno as without the recorder.
"$targets/execs" fail >bare.fail
for follow in exec none; do
	recorded fail.bin MEMSCOPE_FOLLOW=$follow "$targets/execs" fail >fail.out
	is $? 3 "the program goes on"
	same fail.out bare.fail "FOLLOW=$follow: each failed exec fails as it does without us"
done
is "$(field fail.bin .process.became)" null "a log of failed execs does not say that the program became another"
is "$(raw -i fail.bin | grep -c '^exec 0')" "$(raw -i fail.bin | grep -c '^exec [1-9]')" "as many failed as were tried"
is "$(raw -i fail.bin | grep -c '^exec 0')" 33 "and the log has each"

# How the log of an image ends that became another.
for function in $functions; do
	recorded "$PWD/became.$function.bin" "$targets/execs" become $function given 5 >/dev/null
	is "$(field became.$function.bin .process.became)" "$targets/execs" "$function: the log knows what the program became"
	is "$(field became.$function.1.bin '[.process.became, .process.end] | join(" ")')" " exited" "$function: its successor exited"
done
"$analyze" summary became.execve.bin >text
ok "the summary says so" grep -q "left by exec of $targets/execs" text
"$analyze" info became.execve.bin >text
ok "so does info" grep -q "left by exec of $targets/execs" text
for function in vfork-execve posix_spawn; do
	recorded "$PWD/stays.$function.%p.bin" "$targets/execs" run $function given 5 >/dev/null
	is "$(cat stays.$function.*.bin >/dev/null; for log in stays.$function.*.bin; do field "$log" '.process.became'; raw -i "$log" | grep -c '^exec'; done | sort | uniq -c | xargs)" \
		"2 0 2 null" "$function: a child that shares our memory leaves no mark in our log"
done

# The command line.
"$analyze" record -q -o cli.%p.bin --follow exec -- "$targets/execs" run execve cleared 5 >/dev/null
is "$(logs cli)" "$all" "record --follow exec"
"$analyze" record -q -o cli2.%p.bin --follow none -- "$targets/execs" run execve given 5 >/dev/null
is "$(logs cli2)" "$parent" "record --follow none"
"$analyze" record -q --follow sideways -- true 2>err
is "$? $(grep -c -- --follow err)" "2 1" "record --follow sideways is refused"
done_testing
