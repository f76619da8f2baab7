# SPDX-License-Identifier: Apache-2.0
# However a program dies, every event whose call had returned is in its log.
. "$(dirname "$0")/lib.sh"

while read -r way code logs; do
	recorded $way.bin "$targets/deaths" $way 10000 2>/dev/null
	is $? $code "$way: the exit code is the program's"
	is "$(count $way.bin 800)" 10000 "$way: 10,000 in the log"
	"$analyze" summary --format json $way.bin >out 2>err
	is $? 0 "$way: the log is whole"
	is "$(cat err)" "" "$way: no complaint about it"
	is "$(find . -name "$way*.bin" | wc -l)" "$logs" "$way: $logs logs"
done <<END
kill 137 1
abort 134 1
segv 139 1
term 143 1
_exit 7 1
quick_exit 7 1
exit 7 1
exec 0 2
END

for run in 1 2 3 4 5; do
	recorded four$run.bin "$targets/deaths" kill 50000 4 "$PWD/returned$run" 2>/dev/null
	is $? 137 "four threads killed, run $run"
	raw four$run.bin | awk -F'\t' '$3 == "malloc" && $5 >= 800000 && $5 < 800004 { n[$5]++ }
		END { for (i = 0; i < 4; i++) print n[800000 + i] + 0 }' >logged
	od -An -v -tu8 -w8 -N32 returned$run >told
	is "$(paste logged told | awk '$1 < $2 { print "lost", $2 - $1 }
		$1 > $2 + 1 { print "more than one in flight", $1, $2 }')" "" \
		"every block whose malloc returned is in the log: $(xargs <told)"
	ok "its log is whole" quietly "$analyze" summary four$run.bin
done

"$targets/deaths" segv 1 2>/dev/null
is $? 139 "without the recorder the program dies the same way"
done_testing
