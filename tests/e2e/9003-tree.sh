# SPDX-License-Identifier: Apache-2.0
# The checks of the tree see what they are there to see.
. "$(dirname "$0")/lib.sh"

# --- layers
mkdir -p tree/scripts tree/common tree/preload tree/analyzer/base tree/analyzer/cli \
	tree/analyzer/capture tree/analyzer/metadata tree/analyzer/include/memscope \
	tree/preload/include/memscope
cp "$root/scripts/layers" "$root/scripts/check-layers" tree/scripts
echo >tree/common/wire.h
echo >tree/analyzer/base/error.h
echo >tree/analyzer/include/memscope/memscope.h
echo >tree/preload/include/memscope/annotate.h
echo >tree/analyzer/metadata/metadata.h
echo >tree/analyzer/metadata/trie.h
printf '#include "common/wire.h"\n#include "analyzer/metadata/metadata.h"\n#include <stdio.h>\n' >tree/analyzer/capture/log.c
printf '#include <memscope/memscope.h>\n#include "common/wire.h"\n' >tree/analyzer/cli/main.c
ok "permitted arrows pass" tree/scripts/check-layers
breach() { # FILE LINE-TO-ADD WANTED DESCRIPTION
	cp "tree/$1" kept 2>/dev/null || : >kept
	printf '%s\n' "$2" >>"tree/$1"
	tree/scripts/check-layers >out 2>&1
	is "$? $(cat out)" "1 $3" "$4"
	if [ -s kept ]; then cp kept "tree/$1"; else rm "tree/$1"; fi
}
breach analyzer/cli/main.c '#include "analyzer/base/error.h"' \
	"analyzer/cli/main.c:3: cli must not see base (analyzer/base/error.h)" "an arrow that is not there"
breach analyzer/capture/log.c '  # include "analyzer/metadata/trie.h"' \
	"analyzer/capture/log.c:4: analyzer/metadata/trie.h is private to metadata" "a private header"
breach common/wire.h '#include "analyzer/base/error.h"' \
	"common/wire.h:2: common must not see base (analyzer/base/error.h)" "an arrow upwards"
breach analyzer/capture/log.c '#include "log.h"' \
	'analyzer/capture/log.c:4: "log.h" is no file of the tree (write it from the root)' "a relative include"
breach preload/log.c 'int x;' \
	"preload/log.c:1: a second file of that name, beside analyzer/capture/log.c" "a name twice"
breach stray.c 'int x;' "stray.c:1: lies in no room of scripts/layers" "a file in no room"
breach analyzer/cli/main.c '#include <memscope/none.h>' \
	"analyzer/cli/main.c:3: no such public header: memscope/none.h" "a public header that is not there"

breach analyzer/cli/main.c '#include <memscope/annotate.h>' \
	"analyzer/cli/main.c:3: cli must not see annotate (preload/include/memscope/annotate.h)" "the watched program's header in the analyzer"

# --- symbols
mkdir -p lib/scripts lib/preload
cp "$root/scripts/check-symbols" lib/scripts
printf '{ global: one; /* a comment; with\n words */ two;\nlocal: *; };\n' >lib/preload/exports.map
printf '# comment\nstrlen - reads memory only\n' >lib/scripts/allowed-imports
cat >lib.c <<'C'
#include <string.h>
size_t one(const char *s) { return strlen(s); }
int two(void) { return 2; }
#ifdef MORE
int three(void) { return 3; }
#endif
#ifdef ALLOCATES
#include <stdlib.h>
void *keep(void) { return malloc(1); }
#endif
#ifdef TLS
__thread int counter;
int next(void) { return ++counter; }
#endif
C
library() { # MAP FLAGS...: -nostartfiles leaves out what the C runtime would import
	map=$1
	shift
	gcc -O1 -fno-builtin -fPIC -shared -nostartfiles -o lib.so lib.c -Wl,--version-script="$map" "$@"
}
symbols() { lib/scripts/check-symbols lib.so >out 2>&1; }
library lib/preload/exports.map
ok "a library as listed passes" symbols
printf '{ global: one; two; three; local: *; };\n' >map
library map -DMORE
ok "an export too many fails" eval '! symbols'
ok "and is named" grep -q "not listed in preload/exports.map: three" out
printf '{ global: one; local: *; };\n' >map
library map
ok "an export too few fails" eval '! symbols'
ok "and is named" grep -q "not exported: two" out
printf 'NODE { global: one; two; local: *; };\n' >map
library map
ok "a named version node fails" eval '! symbols'
library lib/preload/exports.map -DALLOCATES -Wl,-u,keep
ok "an import that is not listed fails" eval '! symbols'
ok "and is named" grep -q "not in scripts/allowed-imports: malloc" out
printf '# comment\nstrlen - reads memory only\nstrchr - no longer used\n' >lib/scripts/allowed-imports
library lib/preload/exports.map
ok "a listed import that is gone fails" eval '! symbols'
printf '# comment\nstrlen - reads memory only\n__tls_get_addr - to see the other check\n' >lib/scripts/allowed-imports
library lib/preload/exports.map -DTLS -Wl,-u,next
ok "dynamic thread-local storage fails" eval '! symbols'
ok "and is named" grep -q "dynamic thread-local storage" out

# --- the runner
run() { # SCRIPT-TEXT...: the sum that run-tests gives
	rm -f t*.sh
	for text in "$@"; do
		n=$((${n:-0} + 1))
		printf '%b' "$text" >"t$n.sh"
	done
	"$root/scripts/run-tests" -t 3 t*.sh 2>&1 | tail -n 1
}
is "$(run 'echo ok 1\necho 1..1\n')" "1 passed, 0 failed" "a test that passes"
is "$(run 'echo 1..2\necho ok 1\necho not ok 2\n')" "1 passed, 1 failed" "one that fails"
is "$(run 'echo ok 1\nexit 0\n')" "1 passed, 1 failed" "no plan"
is "$(run 'echo 1..3\necho ok 1\n')" "1 passed, 1 failed" "a plan that is not kept"
is "$(run 'echo 1..1\necho ok 1\nexit 3\n')" "1 passed, 1 failed" "an exit code"
is "$(run 'echo 1..1\nkill -9 $$\n')" "0 passed, 1 failed" "an early death"
is "$(run 'echo 1..1\necho ok 1\nsleep 20\n')" "1 passed, 1 failed" "a hang"
is "$(run 'echo Bail out!\n')" "0 passed, 1 failed" "nothing but a bail-out"
is "$(run 'echo 1..1\necho ok 1\n' 'echo 1..1\necho not ok 1\n')" "1 passed, 1 failed" "two files"
"$root/scripts/run-tests" >out 2>&1
is $? 1 "no test at all is a failure"
done_testing
