# SPDX-License-Identifier: Apache-2.0
# record on a terminal: what the terminal sends arrives once; what is sent to it is handed on.
. "$(dirname "$0")/lib.sh"
python3 -c 'import pty; pty.openpty()' 2>/dev/null || skip_all "no python3, or no terminals here"

# Counts the SIGINTs and SIGTERMs that it gets, says that it is ready, ends after SIGTERM.
cat >count.sh <<'SH'
trap 'ints=$((ints + 1))' INT
trap 'echo "ints $ints"; exit 7' TERM
ints=0
echo ready
while :; do sleep 0.1; done
SH
# Runs a command on a new terminal, types ^C when it is ready, then sends its process SIGTERM.
cat >drive.py <<'PY'
import os, pty, signal, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
def until(word):
    global seen
    while word not in seen:
        seen += os.read(fd, 4096)
until(b"ready")
os.write(fd, b"\x03")
time.sleep(1)
os.kill(pid, signal.SIGTERM)
try:
    until(b"ints ")
    until(b"\n")
    while True:
        data = os.read(fd, 4096)
        if not data:
            break
        seen += data
except OSError:
    pass
_, status = os.waitpid(pid, 0)
print(seen[seen.find(b"ints "):].split(b"\r")[0].decode(), "exit", os.waitstatus_to_exitcode(status))
PY
is "$(timeout 60 python3 drive.py sh count.sh)" "ints 1 exit 7" "without us: one SIGINT, one SIGTERM"
is "$(timeout 60 python3 drive.py "$analyze" record -q -o log.bin -- sh count.sh)" "ints 1 exit 7" \
	"under record the same"
ok "with a log" [ -s log.bin ]

# A shell that ignores a signal hands that on: nohup.
(trap '' HUP && exec "$analyze" record -q -o hup.bin -- sh -c 'kill -HUP $$; echo alive') >out
is "$(cat out)" alive "ignored signals stay ignored"
# The mask and the dispositions are as we were given them, but for the recorder's own way of
# living through a cut log, which /proc shows as SIGBUS (0x40) caught.
signals() { "$@" perl -ne 'print "$1 ", hex($2) & ~($1 eq "Cgt" && 0x40), "\n" if /^Sig(Blk|Ign|Cgt):\s*([0-9a-f]+)/' /proc/self/status; }
signals env >bare
signals "$analyze" record -q -o mask.bin -- >under
ok "three rows" [ "$(wc -l <bare)" -eq 3 ]
same bare under "no signal is blocked, ignored or caught that was not"
ls -l /proc/self/fd | awk 'NF > 9 { print $9, $11 }' | grep -v /proc/ >bare
"$analyze" record -q -o fds.bin -- ls -l /proc/self/fd | awk 'NF > 9 { print $9, $11 }' | grep -v /proc/ >under
is "$(wc -l <under)" "$(wc -l <bare)" "no descriptor more"
done_testing
