# SPDX-License-Identifier: Apache-2.0
# The index beside a log: it is made, it changes nothing that is printed, and it is used for
# the log that it was made of only.
. "$(dirname "$0")/lib.sh"

recorded a.bin "$targets/depth_bench" 8 40000 2 500 >/dev/null 2>&1
ok "a log was recorded" [ -s a.bin ]

# reports OPTIONS FILE: what readers print of a.bin, into FILE.
reports() {
	for command in summary "snapshot --at 63%" "snapshot --at peak" "dump --from 40% --to 60%"; do
		echo "== $command"
		"$analyze" ${command%% *} $1 $(echo "$command" | cut -s -d ' ' -f 2-) --format csv a.bin
	done >"$2" 2>&1
}
index_of() { "$analyze" info --format json "$1" | jq -c '.traces[0].index != null'; }

reports --no-index plain
ok "--no-index writes none" [ ! -e a.bin.idx ]
reports "" short
ok "a short log gets none by itself" [ ! -e a.bin.idx ]
same plain short "and reads the same"
is "$(index_of a.bin)" false "info says that there is none"

"$analyze" index a.bin >said
is $? 0 "index makes one"
ok "and says so" grep -q '^a\.bin\.idx: .*checkpoints$' said
is "$(stat -c %a a.bin.idx)" 600 "nobody else can read it"
is "$(index_of a.bin)" true "info says that it is there"
reports "" indexed
same plain indexed "every report is the same with the index"
reports "--threads 1" one
same plain one "and on one thread"
reports "--no-index --threads 4" four
same plain four "and on four, without it"
"$analyze" index a.bin >said
ok "it is not made again" grep -q 'was there already' said

# Whatever becomes of the index, the reports are the same.
cp a.bin.idx good
size=$(stat -c %s good)
for at in 0 9 20 60 $((size / 2)) $((size - 5)); do
	cp good a.bin.idx
	printf 'X' | dd of=a.bin.idx bs=1 seek="$at" conv=notrunc 2>/dev/null
	reports "" broken
	same plain broken "the same with byte $at of the index changed"
done
head -c $((size / 2)) good >a.bin.idx
reports "" broken
same plain broken "the same with half an index"
"$analyze" index a.bin >said
ok "an index that is broken is made anew" eval '! grep -q already said'
recorded b.bin "$targets/depth_bench" 8 20000 1 300 >/dev/null 2>&1
cp good b.bin.idx
is "$(index_of b.bin)" false "another log's index is not used"

# A log that has changed.
touch -d '2001-01-01' a.bin
is "$(index_of a.bin)" false "a log of another time has none"
"$analyze" index a.bin >/dev/null
cp a.bin c.bin
cp a.bin.idx c.bin.idx
touch -d '2001-01-01' c.bin
is "$(index_of c.bin)" true "a copy with the same time takes its index along"
truncate -s -4096 c.bin
touch -d '2001-01-01' c.bin
"$analyze" summary c.bin >/dev/null 2>err
is $? 3 "a log that was cut off is damaged, whatever its index says"
"$analyze" index c.bin >said 2>/dev/null
is $? 3 "a damaged log cannot be indexed"
ok "which is said" grep -q 'is damaged' said

# What is not ours is left alone.
echo mine >d.bin.idx
cp a.bin d.bin
"$analyze" index d.bin >/dev/null 2>err
is $? 2 "a file of that name that is no index stays"
is "$(cat d.bin.idx)" mine "as it is"
ok "which is said, too" grep -q 'd\.bin\.idx.*cannot be written' err
rm d.bin.idx
ln -s elsewhere d.bin.idx
"$analyze" index d.bin >/dev/null 2>&1
ok "a link is not followed" [ ! -e elsewhere ]
"$analyze" summary d.bin >/dev/null 2>err
ok "and a reader says nothing about it" [ ! -s err ]

# A long log gets its index by itself, where that can be written.
long=$((17 * 1024 * 1024))
recorded long.bin "$targets/depth_bench" 8 1400000 1 1000 >/dev/null 2>&1
ok "a long log was recorded" [ "$(stat -c %s long.bin)" -ge $long ]
mkdir read-only
cp -p long.bin read-only
"$analyze" summary --no-index long.bin >plain
"$analyze" summary long.bin >first 2>err
ok "a long log gets an index by itself" [ -s long.bin.idx ]
ok "without a word" [ ! -s err ]
"$analyze" summary long.bin >second
same plain first "the first summary is the plain one"
same plain second "and so is the second"
if unshare -m mount --bind read-only read-only 2>/dev/null; then
	unshare -m sh -c 'mount --bind read-only read-only && mount -o remount,bind,ro read-only &&
		cd read-only && "$0" summary long.bin' "$analyze" >there 2>err
	is $? 0 "a read-only directory is fine"
	same plain there "and its log reads the same"
	ok "without a word" [ ! -s err ]
	ok "nor an index" [ ! -e read-only/long.bin.idx ]
else
	skip "no mount is allowed" "a read-only directory is fine"
fi
is "$(find . -name '*.idx.*' | wc -l)" 0 "no half of an index was left behind"
done_testing
