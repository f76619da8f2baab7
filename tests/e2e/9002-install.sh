# SPDX-License-Identifier: Apache-2.0
# make install: what it puts where, that it works from there, that uninstall takes it away.
. "$(dirname "$0")/lib.sh"
export PREFIX=/opt/ms DESTDIR="$tmp/dest"
# A copy of the build, so that another prefix does not change the one that others test.
cp -a "$build" copy
install() { make -s -C "$root" OUT="$tmp/copy" CFLAGS= LDFLAGS= "$@" >make.out 2>&1; }

ok "make install" install install
cat make.out | head -n 20 | sed 's/^/# /'
headers=$(cd "$root" && ls analyzer/include/memscope preload/include/memscope | grep '\.h$' | sort |
	sed 's|^|./opt/ms/include/memscope/|' | tr '\n' ' ')
is "$(cd dest && find . -type f | LC_ALL=C sort | tr '\n' ' ')" \
	"./opt/ms/bin/memscope-analyze $headers./opt/ms/lib/libmemscope-analyzer.a ./opt/ms/lib/memscope/libmemscope.so ./opt/ms/lib/pkgconfig/memscope.pc ./opt/ms/share/man/man1/memscope-analyze.1 ./opt/ms/share/man/man1/memscope-gate.1 ./opt/ms/share/man/man5/memscope-log.5 ./opt/ms/share/man/man7/memscope-query.7 ./opt/ms/share/man/man7/memscope.7 " \
	"the files"
is "$(find dest -type f -perm /022 -o -type f -perm /6000)" "" "none is writable by others"

# It finds its recorder from where it was installed, moved or not.
dest/opt/ms/bin/memscope-analyze record -o moved.bin -- true >out 2>&1
is $? 0 "record works from the tree that was installed"
ok "and wrote a log" [ -s moved.bin ]
cp dest/opt/ms/bin/memscope-analyze lonely
./lonely record -- true >out 2>&1
is $? 2 "an analyzer without a recorder"
ok "says where it looked" grep -q lib/memscope out

# A program that links the library, by pkg-config alone.
cat >reader.c <<'C'
#include <memscope/memscope.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct memscope *m;
	struct memscope_error err;

	if (argc != 2 || memscope_open(&m, (const char *const *)&argv[1], 1, NULL, &err))
		return 1;
	printf("%zu trace, %zu damages\n", memscope_trace_count(m), memscope_damage_count(m, 0));
	memscope_close(m);
	return 0;
}
C
export PKG_CONFIG_PATH="$tmp/dest/opt/ms/lib/pkgconfig"
flags=$(pkg-config --define-variable=prefix="$tmp/dest/opt/ms" --define-variable=libdir="$tmp/dest/opt/ms/lib" \
	--define-variable=includedir="$tmp/dest/opt/ms/include" --cflags --libs memscope)
ok "it compiles and links" gcc -Wall -Werror -std=c99 -o reader reader.c $flags
is "$(./reader moved.bin)" "1 trace, 0 damages" "and reads a log"
# shellcheck disable=SC2086 # flags are several words
ok "the tour of the library compiles" gcc -Wall -Wextra -Werror -std=c99 -o tour "$root/tests/e2e/library_tour.c" $flags
recorded one.bin "$targets/two_runs" 1
recorded two.bin "$targets/two_runs" 2
ok "and goes through" eval './tour one.bin two.bin >tour.txt'
ok "the largest site at the peak" grep -q ' keep  two_runs.c' tour.txt
is "$(sed -n 's/ calls for 100 bytes or more//p' tour.txt)" \
	"$(for log in one two; do rows $log.bin; done | awk -F, '$5 >= 100 { n++ } END { print n }')" "events of both"
ok "what changed" grep -q '^  *+14.8 KiB  *-9 .* grown  *keep' tour.txt
is "$(./tour /none 2>&1; echo $?)" "/none: cannot be opened: No such file or directory
1" "what fails is told"
printf '#include <memscope/memscope.h>\n#include <memscope/snapshot.h>\nint main() { return memscope_version() == nullptr; }\n' >reader.cc
ok "from C++11 too" g++ -Wall -Werror -std=c++11 -o reader_cxx reader.cc $flags
is "$(pkg-config --modversion memscope)" "$(dest/opt/ms/bin/memscope-analyze --version | grep -o '[0-9.]*' | head -n 1)" \
	"one version"
is "$(pkg-config --variable=recorder memscope)" /opt/ms/lib/memscope/libmemscope.so \
	"pkg-config knows the recorder"

ok "make uninstall" install uninstall
is "$(find dest -type f)" "" "leaves nothing behind"

# All the sources say the same version.
is "$(sed -n 's/^VERSION := //p' "$root/Makefile")" \
	"$(sed -n 's/.*MEMSCOPE_VERSION  *"\(.*\)".*/\1/p' "$root/analyzer/include/memscope/memscope.h")" \
	"the Makefile's version is the header's"
done_testing
