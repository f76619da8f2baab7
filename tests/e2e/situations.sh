# SPDX-License-Identifier: Apache-2.0
#
# situations.sh - every situation in which a recorder could harm a program (make situations).
#
#	situations.sh [-u] [NAME...]	-u: those that need no root and no file system of their own
#
# Each program runs as it is, and under the recorder with the independent counter in front
# of it.  Exit code, output and stderr must be the same, and what the counter saw must be in
# the log, or counted there as lost, exactly.  One line each: PASS or FAIL or SKIP, the
# name, and the counts or why.
. "$(dirname "$0")/lib.sh"

user_only=
[ "${1-}" = -u ] && user_only=1 && shift
wanted=" $* "
failed=0
passed=0

is_wanted() { [ "$wanted" = "  " ] || case $wanted in *" $1 "*) true ;; *) false ;; esac; }
pass() { passed=$((passed + 1)); echo "PASS $1"; }
fail() { failed=$((failed + 1)); echo "FAIL $1"; }
pass_over() { echo "SKIP $1"; }

# sums DIR: what the counter saw in all processes: made changed ended bytes failed.
sums() {
	for file in "$1"/*; do [ -f "$file" ] && counts "$file"; done |
		awk '{ a += $1; b += $2; c += $3; d += $4; e += $5 } END { print a + 0, b + 0, c + 0, d + 0, e + 0 }'
}

# logged LOG...: made changed ended bytes refused, in the logs; then made, ended, bytes counted
# as lost, other events lost, damage.
logged() {
	for log in "$@"; do
		[ -f "$log" ] || continue
		"$analyze" summary --format json "$log" 2>>damage || echo "$log" >>damage
	done | jq -rs '[([.[].totals] | (map(.total_allocations), map(.total_reallocations),
		map(.total_deallocations), map(.total_allocated), map(.failed_allocations)) | add // 0),
		([.[].lost] | (map(.stopped_allocations // 0), map(.stopped_frees // 0),
		map(.stopped_bytes // 0),
		map((.nested_events // 0) + (.threadless_events // 0) + (.boot_events // 0))) | add // 0)] | join(" ")'
}

# judge NAME SLACK: compare the counts of the run in ./watched; the line that says so.
# SLACK calls may have been under way when the program ended.
judge() {
	if [ -n "${gone-}" ]; then
		pass "$1: $(sums watched/run.counts | awk '{ print $1 " allocations, " $3 " frees" }') made; the log went with its name"
		return
	fi
	read -r made changed ended bytes refused <<END
$(sums watched/run.counts)
END
	read -r l_made l_changed l_ended l_bytes l_refused s_made s_ended s_bytes other <<END
$(logged $3)
END
	if [ -n "${unseen-}" ]; then
		# operator new of an allocator does not call malloc, which is all that the counter sees
		news=0 new_bytes=0 deletes=0
		for log in $3; do
			read -r n b d <<END
$(rows "$log" | awk -F, '$3 ~ /^new/ { n++; b += $5 } $3 ~ /^delete/ { d++ } END { print n + 0, b + 0, d + 0 }')
END
			news=$((news + n)) new_bytes=$((new_bytes + b)) deletes=$((deletes + d))
		done
		l_made=$((l_made - news)) l_bytes=$((l_bytes - new_bytes)) l_ended=$((l_ended - deletes))
	fi
	if [ -s damage ]; then
		fail "$1: $(head -n 1 damage)"
		return
	fi
	more=$((l_made + s_made - made))
	less=$((ended - l_ended - s_ended))
	text="$made allocations, $changed reallocations, $ended frees, $bytes bytes"
	[ "$refused" -gt 0 ] && text="$text, $refused refused"
	if [ "$more" -lt 0 ] || [ "$more" -gt "$2" ] || [ "$less" -gt "$2" ] || [ "$less" -lt "-$2" ] ||
		[ "$changed" != "$l_changed" ] ||
		{ [ "$2" = 0 ] && [ "$((l_bytes + s_bytes)) $l_refused" != "$bytes $refused" ]; }; then
		fail "$1: made $text; the log has $l_made + $s_made lost, $l_changed, $l_ended + $s_ended lost, $l_bytes + $s_bytes bytes, $l_refused refused; $other otherwise lost"
		return
	fi
	if [ "$s_made" -gt 0 ] || [ "$s_ended" -gt 0 ]; then
		text="$text: $l_made allocations and $l_ended frees in the log, $s_made and $s_ended counted as lost"
	else
		text="$text: all in the log"
	fi
	[ "$2" != 0 ] && [ "$more$less" != 00 ] && text="$text ($more and $less calls were under way)"
	pass "$1: $text${4-}"
}

# situation NAME SLACK SAYS COMMAND...: SAYS lines of ours on stderr are right.
# below, above: preloaded beside; native: preloaded in the native run, too.
# $before is run in the directory of each run first; $with are settings of the watched run.
situation() {
	name=$1 slack=$2 says=$3
	shift 3
	is_wanted "$name" || return
	mkdir "$tmp/$name" && cd "$tmp/$name" || exit 2
	mkdir native watched
	(cd native && eval "${before-:}" && exec env LD_PRELOAD="${native-}" "$@" >out 2>err </dev/null)
	code=$?
	if [ $code = 77 ]; then
		pass_over "$name: this machine cannot have it"
	else
		# shellcheck disable=SC2086
		(cd watched && eval "${before-:}" && mkdir run.counts && exec env ${with-} COUNTER_OUT="$PWD/run.counts" \
			MEMSCOPE_OUTPUT="${output-$PWD/run.%p.bin}" LD_PRELOAD="${above-} $counter $recorder ${below-}" \
			"$@" >out 2>err </dev/null)
		compare "$name" $? "$code" "$slack" "$says" && judge "$name" "$slack" "${logs-watched/run.*.bin}"
	fi
	cd "$tmp" && rm -rf "${tmp:?}/$name"
}

# compare NAME CODE NATIVE_CODE SLACK SAYS
compare() {
	grep '^memscope: ' watched/err >ours
	grep -v '^memscope: ' watched/err >theirs
	why=
	[ "$2" = "$3" ] || why="exit code $2, natively $3"
	cmp -s native/out watched/out || why="$why; another output"
	cmp -s native/err theirs || why="$why; stderr: $(head -c 300 theirs)"
	[ "$(wc -l <ours)" = "$5" ] || why="$why; $(wc -l <ours) lines of ours, not $5: $(head -c 300 ours)"
	[ -z "$why" ] && return
	fail "$1: $why"
	return 1
}

simple() { # NAME COUNT [SLACK [SAYS]]
	situation "$1" "${3-0}" "${4-0}" "$targets/situation" "$1" "$2"
}

# on_file_system NAME SAYS WHAT OPTION...: the log lies on a file system of its own.
on_file_system() {
	name=$1 says=$2 what=$3
	shift 3
	is_wanted "$name" || return
	mkdir -p "$tmp/mount"
	case $what in tmpfs) what="-t tmpfs tmpfs" ;; esac
	# shellcheck disable=SC2086
	if ! mount $what "$tmp/mount" "$@" 2>/dev/null; then
		pass_over "$name: no mounts here"
		return
	fi
	if [ "$says" = none ]; then
		nowhere "$name" "$tmp/mount/run.bin"
	else
		output=$tmp/mount/run.%p.bin logs="$tmp/mount/run.*.bin" \
			situation "$name" 0 "$says" "$targets/situation" plain 200000
	fi
	umount "$tmp/mount"
}

# nowhere NAME LOG [WRAPPER...]: the log cannot be made; all else is as it was.
nowhere() {
	name=$1 path=$2
	shift 2
	is_wanted "$name" || return
	"$@" "$targets/situation" plain 1000 >"$tmp/native" 2>&1
	code=$?
	"$@" env LD_PRELOAD="$recorder" MEMSCOPE_OUTPUT="$path" "$targets/situation" plain 1000 >"$tmp/out" 2>"$tmp/err"
	if [ $? = $code ] && cmp -s "$tmp/native" "$tmp/out" && [ "$(wc -l <"$tmp/err")" = 1 ] && [ ! -e "$path" ]; then
		pass "$name: nothing recorded; $(head -c 100 "$tmp/err")"
	else
		fail "$name: $(cat "$tmp/err")"
	fi
}

unwritable() {
	mkdir "$tmp/unwritable" && chmod 555 "$tmp/unwritable"
	nowhere unwritable "$tmp/unwritable/run.bin" setpriv --reuid=65534 --clear-groups
}

# --- descriptors and limits
simple plain 100000
for way in close_each closefrom close_range dup2 nofile4; do simple $way 50000; done
simple lowest 1
if is_wanted closed_stdio; then
	situation closed_stdio 0 0 sh -c 'exec "$0" plain 50000 <&- >&- 2>&-' "$targets/situation"
fi
simple small_stacks 5000
simple mlockall 50000
simple fsize 200000 0 1
simple address_space 100000

# --- threads and signals
simple deferred 1
simple asynchronous 1
simple exit_main 50000
simple exit_busy 20000 4
simple jumping 50000
situation cancelled_in_malloc 0 0 "$targets/late_events"
situation handlers_on_own_stack 0 0 "$targets/interrupted" raise

# --- processes
simple daemon 50000
situation forks_among_threads 0 0 "$targets/family" fork 20
situation exec_chain 0 0 "$targets/family" chain 5

# --- before main, after main, other allocators
situation early 0 0 "$targets/early"
situation early_ifunc 0 0 "$targets/early" "$targets/libifunc.so"
above=$targets/libifunc.so native=$targets/libifunc.so situation other_preload_before 0 0 "$targets/early"
below=$targets/libifunc.so native=$targets/libifunc.so situation other_preload_after 0 0 "$targets/early"
situation own_new 0 0 "$targets/own_new"
situation own_malloc 0 0 "$targets/own_malloc"
for library in libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so.2; do
	LD_PRELOAD=$library "$targets/plain" 1 >"$tmp/missing" 2>&1
	if [ -s "$tmp/missing" ]; then
		is_wanted "$library" && pass_over "$library: not installed"
		continue
	fi
	below=$library native=$library unseen=new situation "$library" 0 0 "$targets/short_threads" 500
done

# --- the log
nowhere missing_directory "$tmp/no/such/run.bin" env
output=log.bin logs="watched/log.bin watched/elsewhere.log" \
	situation renamed 0 1 "$targets/situation" renamed 200000 log.bin
output=log.bin gone=1 situation truncated 0 1 "$targets/situation" truncated 200000 log.bin
output=log.bin gone=1 situation deleted 0 1 "$targets/situation" deleted 200000 log.bin

# --- locked in
for by in prctl syscall; do
	situation "seccomp_allow_$by" 0 0 "$targets/locked_in" allow 200000 $by
	situation "seccomp_strict_$by" 0 1 "$targets/locked_in" strict 200000 $by
	situation "seccomp_deny_$by" 0 0 "$targets/locked_in" deny 300000 $by
done
situation seccomp_more_than_reserved 0 0 "$targets/locked_in" allow 1000000

# --- as root, or on file systems of their own
if [ -n "$user_only" ]; then
	for name in chroot setuid full_tmpfs full_ext4 read_only unwritable; do
		is_wanted $name && pass_over "$name: not asked for (make situations)"
	done
elif [ "$(id -u)" != 0 ]; then
	for name in chroot setuid full_tmpfs full_ext4 read_only unwritable; do
		is_wanted $name && pass_over "$name: needs root"
	done
else
	simple chroot 300000
	chmod 711 "$tmp"
	before='chmod 755 . ..' simple setuid 300000
	on_file_system full_tmpfs 1 tmpfs -o size=1m
	on_file_system read_only none tmpfs -o ro,size=1m
	truncate -s 2M "$tmp/image" && mkfs.ext4 -q -F "$tmp/image" 2>/dev/null &&
		on_file_system full_ext4 1 "$tmp/image" -o loop
	unwritable
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
