# SPDX-License-Identifier: Apache-2.0
# Other allocators, below the recorder or in front of it.
. "$(dirname "$0")/lib.sh"

"$targets/mixed_cxx" >bare.out
for library in libjemalloc.so.2 libtcmalloc_minimal.so.4; do
	LD_PRELOAD=$library "$targets/plain" 1 2>err
	if [ -s err ]; then
		skip "not installed" $library
		continue
	fi
	env LD_PRELOAD="$recorder $library" MEMSCOPE_OUTPUT=$library.bin "$targets/mixed_cxx" >out
	is $? 3 "$library: exit code"
	same out bare.out "$library: the same output"
	is "$(raw -t $library.bin | cut -d' ' -f 5-7)" "0 0 0" "$library: none failed, unmatched or live twice"
	rows $library.bin >events
	ok "$library: operator new is seen" [ "$(awk -F, '$3 == "new"' events | wc -l)" -gt 10000 ]
	left=$(awk -F, '$3 == "new" { n++ } $3 == "delete" { n-- } END { print n }' events)
	ok "$library: and each delete, but for the library's own ($left)" [ "$left" -ge 0 -a "$left" -le 4 ]
	env LD_PRELOAD="$recorder $library" MEMSCOPE_OUTPUT=$library.c.bin "$targets/entry_points_cxx" truth forms
	is $? 0 "$library: the twenty forms"
	between $library.c.bin >got
	same got truth "$library: each as itself"
done

"$targets/own_malloc" >bare.out
recorded own.bin "$targets/own_malloc" >out 2>err
is $? 0 "a program with a malloc of its own"
same out bare.out "does what it did"
is "$(cat err)" "" "without a word"
done_testing
