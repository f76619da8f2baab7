# SPDX-License-Identifier: Apache-2.0
# Names from elsewhere: packs, directories, debug files, the cache, a server.
. "$(dirname "$0")/lib.sh"
command -v gcc >/dev/null || skip_all "no gcc"

mkdir bin
cat >app.c <<'C'
#include <stdlib.h>
static inline __attribute__((always_inline)) void *inner(size_t n) { char *p = malloc(n); if (p) *p = 1; return p; }
__attribute__((noinline)) void *keep(size_t n) { return inner(n); }
int main(void) { return !keep(77777) + !keep(88888); }
C
gcc -g -O2 -Wl,--build-id -o bin/app app.c
cp bin/app whole
recorded app.bin bin/app
recorded other.bin "$targets/inlines" >/dev/null

# report LOG OPTION...: every listing of it, as bytes.
report() {
	log=$1
	shift
	"$analyze" summary "$@" "$log" &&
		"$analyze" summary --format json "$@" "$log" &&
		"$analyze" snapshot --by stack --format json "$@" "$log" &&
		"$analyze" snapshot --at peak "$@" "$log" &&
		"$analyze" dump --stacks "$@" "$log"
}
lines() { "$analyze" summary --no-symbol-cache "$@" app.bin 2>&1 | grep -c 'app[.]c:'; }

# --- packs
report app.bin --no-symbol-cache >want 2>&1
ok "there are lines to be found" grep -q 'app[.]c:2' want
ok "symbols pack" "$analyze" symbols pack app.bin other.bin -o all.mspack
"$analyze" symbols list all.mspack >listed
ok "symbols list has the program" grep -q "$(readlink -f bin/app)$" listed
is "$("$analyze" symbols list --format json all.mspack | jq -r '.modules | map(.addresses > 0) | all')" \
	true "symbols list as JSON"
mv bin away
report app.bin --no-symbol-cache >got 2>&1
ok "without the program its lines are gone" eval '! grep -q "app[.]c:" got'
report app.bin --no-symbol-cache --symbols all.mspack >got 2>&1
same got want "with the pack every report is the same"
mkdir packs
cp all.mspack packs
report app.bin --no-symbol-cache --symbols packs >got 2>&1
same got want "a directory's packs are used"
"$analyze" symbols pack app.bin -o again.mspack --symbols all.mspack 2>err
is "$("$analyze" symbols list again.mspack --format csv | cut -d, -f 2-4 | grep -c 'bin/app$')" 1 \
	"a pack from a pack"
mv away bin

is "$("$analyze" symbols pack app.bin -o other.bin 2>err; echo $?)" 2 "a log is not overwritten"
ok "and is a log still" quietly "$analyze" summary other.bin
(umask 027 && "$analyze" symbols pack app.bin -o small.mspack)
is "$(stat -c %a small.mspack)" 640 "the mode of a pack follows the umask"
is "$(find . -name '*.tmp' | wc -l)" 0 "no temporary file is left"

# Every byte of a pack matters: exit 0 or one line.
wrong=0
size=$(stat -c %s small.mspack)
at=0
while [ $at -lt "$size" ]; do
	cp small.mspack bad.mspack
	printf "\\$(printf %o $((($(od -An -tu1 -j $at -N 1 small.mspack) + 1) % 256)))" |
		dd of=bad.mspack bs=1 seek=$at conv=notrunc 2>/dev/null
	"$analyze" symbols list bad.mspack >out 2>err
	status=$?
	[ $status = 2 ] && [ "$(wc -l <err)" = 1 ] && grep -q 'bad[.]mspack' err || wrong=$((wrong + 1))
	at=$((at + 7))
done
is $wrong 0 "a changed byte of a pack is seen"
is "$("$analyze" summary --symbols bad.mspack app.bin 2>err; echo $?)" 2 "a report with a damaged pack"
is "$(wc -l <err)" 1 "one line says so"

# --- directories
strip bin/app
is "$(lines)" 0 "a stripped program has no lines"
mkdir -p named
cp whole named/app
ok "the program before it was stripped, by name" [ "$(lines --symbols named)" -gt 0 ]
gcc -g -O1 -DOTHER -Wl,--build-id=0x1234567890 -o named/app app.c
is "$(lines --symbols named)" 0 "another build-id is refused"
rm named/app
objcopy --only-keep-debug whole app.debug
mkdir -p named/.debug
cp app.debug named/.debug/app.debug
ok "a debug file in .debug" [ "$(lines --symbols named)" -gt 0 ]
ok "the second of two places" [ "$(lines --symbols packs --symbols named)" -gt 0 ]
rm -r named/.debug
objcopy --add-gnu-debuglink=app.debug bin/app linked
cp linked bin/app
cp app.debug bin/app.debug
ok "a debug link beside the program" [ "$(lines)" -gt 0 ]
rm bin/app.debug
id=$(readelf -n whole | sed -n 's/.*Build ID: //p')
mkdir -p "named/.build-id/${id%"${id#??}"}"
cp app.debug "named/.build-id/${id%"${id#??}"}/${id#??}.debug"
ok "a tree of build-ids" [ "$(lines --symbols named)" -gt 0 ]
ok "a tree of build-ids, by --debug-dir" [ "$(lines --debug-dir named)" -gt 0 ]
ok "a tree of build-ids itself" [ "$(lines --symbols named/.build-id)" -gt 0 ]
rm -r named/.build-id
if command -v dwz >/dev/null; then
	gcc -g -O2 -DOTHER -Wl,--build-id -o second app.c -lm
	objcopy --only-keep-debug second second.debug
	cp app.debug first.debug
	dwz -m common.debug first.debug second.debug 2>dwz.err
	if readelf -SW first.debug 2>/dev/null | grep -q gnu_debugaltlink; then
		common=$(readelf -n common.debug 2>/dev/null | sed -n 's/.*Build ID: //p')
		mkdir -p "named/.build-id/${id%"${id#??}"}" "named/.build-id/${common%"${common#??}"}"
		cp first.debug "named/.build-id/${id%"${id#??}"}/${id#??}.debug"
		cp common.debug "named/.build-id/${common%"${common#??}"}/${common#??}.debug"
		mv common.debug elsewhere.debug
		ok "what dwz moved out" [ "$(lines --symbols named)" -gt 0 ]
		rm -r named/.build-id
	else
		skip "dwz finds nothing to share" "what dwz moved out"
	fi
else
	skip "no dwz" "what dwz moved out"
fi

# --- the cache
cp -p whole bin/app
rm -rf .cache
report app.bin >first 2>&1
ok "names are kept" [ "$(find .cache/memscope -name "$id-*.mspack" | wc -l)" = 1 ]
cmp -s bin/app whole || diag "the program is not what it was"
report app.bin >second 2>&1
same second first "a report is the same from the cache"
same first want "and without it"
strip bin/app
is "$("$analyze" summary app.bin | grep -c 'app[.]c:')" 0 "a program that was changed is looked at again"
cp -p whole bin/app
for file in .cache/memscope/*; do echo >"$file"; done
report app.bin >second 2>&1
same second first "a broken cache is none"
rm -rf .cache
echo >.cache
report app.bin >second 2>&1
same second first "a cache that cannot be made is none"
rm .cache
report app.bin --no-symbol-cache >second 2>&1
ok "--no-symbol-cache keeps nothing" [ ! -e .cache ]

# --- a server of debug files
if ! command -v python3 >/dev/null || ! ldconfig -p 2>/dev/null | grep -q libdebuginfod; then
	skip "needs python3 and libdebuginfod" "debuginfod"
else
	cp linked bin/app
	mkdir -p "server/buildid/$id"
	cp app.debug "server/buildid/$id/debuginfo"
	python3 -u -m http.server --bind 127.0.0.1 --directory server 0 >server.out 2>server.err &
	server=$!
	trap 'kill $server 2>/dev/null; cd / && rm -rf "$tmp"' EXIT
	tries=0
	until grep -q 'port [0-9]' server.out || [ $tries = 100 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' server.out)
	export DEBUGINFOD_URLS="http://127.0.0.1:$port/" DEBUGINFOD_CACHE_PATH="$tmp/fetched"
	is "$(lines)" 0 "no server is asked unless one wants it"
	ok "not once" [ ! -s server.err ]
	ok "--debuginfod fetches the lines" [ "$(lines --debuginfod)" -gt 0 ]
	ok "from the server" grep -q "GET /buildid/$id/debuginfo" server.err
	kill $server
fi
done_testing
