# SPDX-License-Identifier: Apache-2.0
# Trees, bars and plots: what a fixed log looks like, on a terminal and elsewhere.
. "$(dirname "$0")/lib.sh"
python3 -c 'import pty; pty.openpty()' 2>/dev/null || skip_all "no python3, or no terminals here"

"$build/tools/small_log" >small.bin
golden() { # NAME COMMAND...: prints what NAME.wanted has
	name=$1
	shift
	"$analyze" "$@" small.bin >"$name.got" 2>&1
	sed 's/ *$//' "$name.got" >"$name.bare"
	same "$name.bare" "$name.wanted" "$*"
}
cat >flame.wanted <<'END'
./app -v
bytes live at the peak: 4.35 KiB (4,452 bytes)

   4.35 KiB  100.0 %  ############  0x11c4 in app
      100 B    2.3 %  #             0x1196 in app
END
golden flame flame
cat >inverted.wanted <<'END'
./app -v
bytes live: 356 B (356 bytes); callers stand below what they call

      256 B   71.9 %  #########     |- 0x11c4 in app
      100 B   28.1 %  ###           `- 0x1196 in app
      100 B   28.1 %  ###              0x11c4 in app
END
golden inverted flame --inverted --metric live
cat >least.wanted <<'END'
./app -v
bytes live at the peak: 4.35 KiB (4,452 bytes)

   4.35 KiB  100.0 %  ############  0x11c4 in app

1 lighter or deeper call is not shown (--min, --depth)
END
golden least flame --min 5%
golden least flame --depth 1
cat >top.wanted <<'END'
./app -v
       live    share                    calls  site
      256 B   71.9 %  ############          2  app+0x11c4
      100 B   28.1 %  #####                 2  app+0x1196
END
golden top top
cat >allocated.wanted <<'END'
./app -v
  allocated    share                    calls  site
   4.25 KiB   97.2 %  ############          2  app+0x11c4
END
golden allocated top --sort allocated -n 1
cat >plot.wanted <<'END'
./app -v
at most 4.35 KiB live, after 500 ns; from 0 ns to 2.1 ms

            v peak 4.35 KiB
  4.35 KiB +####################
           |####################
           |####################
           |####################
           |####################
  2.17 KiB +####################
           |####################
           |####################
           |####################
           |######################################
         0 +--------------------------------------
            0 ns                            2.1 ms

END
golden plot timeline --plot --width 50

# the same document in each format
"$analyze" flame --format json small.bin >flame.json
"$analyze" flame --format csv small.bin >flame.csv
is "$(jq -r '.rows[] | [.depth, .caller // "", .name, .module, .value, .self] | @csv' flame.json | tr -d '"')" "$(tail -n +2 flame.csv)" "flame: CSV is JSON"
"$analyze" snapshot --format csv small.bin >snapshot.csv
"$analyze" top --format csv small.bin | cmp - snapshot.csv
is $? 0 "top: CSV is that of snapshot"
recorded demo.bin "$targets/demo_app" >/dev/null
for metric in peak live allocated calls temporary leaked; do
	is "$("$analyze" flame --format json --min 0 --metric $metric demo.bin | jq '"\(.total) \([.rows[].self] | add)"')" \
		"\"$("$analyze" render --format folded --metric $metric demo.bin | awk '{ s += $NF } END { print s + 0, s + 0 }')\"" "flame: $metric is that of folded"
done
ok "flame: filters hold" [ "$("$analyze" flame --format json --function cache_put demo.bin | jq '[.rows[].name] | any(. == "begin_session")')" = false ]

# on a terminal: colours and Unicode, unless told otherwise
cat >on.py <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
try:
    while True:
        data = os.read(fd, 4096)
        if not data:
            break
        seen += data
except OSError:
    pass
os.waitpid(pid, 0)
sys.stdout.buffer.write(seen.replace(b"\r\n", b"\n"))
PY
terminal() { env TERM=xterm LC_ALL=C.UTF-8 COLUMNS=60 "$@"; }
terminal python3 on.py "$analyze" timeline small.bin >out
ok "timeline on a terminal: a plot" grep -q '█' out
is "$(terminal python3 -c 'import sys, re; print(max(len(re.sub("\x1b\\[[0-9;]*m", "", l.rstrip("\n"))) for l in open("out")))')" 60 "as wide as COLUMNS"
ok "with colours" grep -q "$(printf '\033')" out
terminal env NO_COLOR=1 python3 on.py "$analyze" timeline small.bin >out
ok "NO_COLOR: none" [ "$(grep -c "$(printf '\033')" out)" = 0 ]
terminal python3 on.py "$analyze" timeline --color never --no-plot small.bin >out
ok "--no-plot: rows" grep -q 'until, s' out
terminal env LC_ALL=C python3 on.py "$analyze" timeline --color never small.bin >out
ok "a terminal without UTF-8: rows" grep -q 'until, s' out
terminal "$analyze" timeline small.bin >out
ok "no terminal: rows" grep -q 'until, s' out
terminal python3 on.py "$analyze" timeline --format json small.bin | quietly jq -e .rows
is $? 0 "JSON stays JSON"
terminal env NO_COLOR=1 python3 on.py "$analyze" flame -i --metric live small.bin >out
ok "flame on a terminal: lines of a tree" grep -q '└─ 0x1196 in app' out

# wrong usage
for options in "timeline --plot --no-plot" "timeline --plot --format json" "timeline --plot --events" "flame --min 101" "flame --min x" "flame --metric size" "top --sort size"; do
	# shellcheck disable=SC2086 # the options are several words
	"$analyze" $options small.bin >out 2>err
	is "$? $(wc -c <out) $(wc -l <err)" "2 0 1" "refused: $options"
done
done_testing
