# SPDX-License-Identifier: Apache-2.0
# memscope-log(5) says what the code does: its tables, and its worked example byte by byte.
. "$(dirname "$0")/lib.sh"
page=$root/man/memscope-log.5
tools=$build/tools

# block MARK: the literal block that follows the comment MARK in the page.
block() {
	awk -v mark=".\\\\\" $1" '
		$0 == mark { found = 1 }
		found && /^\.Ed/ { exit }
		inside { gsub(/\\e/, "\\"); gsub(/\\-/, "-"); sub(/^\\&/, ""); print }
		found && /^\.Bd/ { inside = 1 }' "$page"
}

# flowed: rows of a table on one line each, single blanks; a row begins with a number.
flowed() {
	awk '{ gsub(/[ \t]+/, " "); sub(/^ /, "") }
		/^[0-9]+ / && NR > 1 { print row; row = "" }
		{ row = row == "" ? $0 : row " " $0 }
		END { print row }' | sed 's/ $//'
}

# bytes: what a listing of hexdump -C shows; a star stands for zeros up to the next offset.
bytes() {
	perl -ne '
		next if /^\*/;
		my ($at, $rest) = /^([0-9a-f]+)(?:\s\s(.*))?$/ or die "odd line: $_";
		my $gap = hex($at) - $have;
		die "goes back: $_" if $gap < 0;
		print "\0" x $gap;
		my ($hex) = ($rest // "") =~ /^((?:[0-9a-f]{2}\s+)*)/;
		my @b = split " ", $hex;
		print pack "C*", map { hex } @b;
		$have = hex($at) + @b;'
}

block "example: bytes" >listing
block "example: dump" >page.csv
ok "the page has the example's bytes" [ -s listing ]
ok "the page has the example's dump" [ -s page.csv ]
bytes <listing >page.bin
"$tools/small_log" >code.bin
same page.bin code.bin "the example is what its writer writes (scripts/update-log-page)"
"$analyze" dump --format csv page.bin >code.csv 2>err
is $? 0 "the example is a log without damage"
same page.csv code.csv "it decodes to what the page says"
is "$(cat err)" "" "nothing to complain about"
is "$(field page.bin '.totals | [.total_allocations, .total_reallocations, .total_deallocations] | join(" ")')" \
	"3 1 1" "its totals"

# Each row of bytes in the text that explains the events is in the window, in order.
awk '/^\.\\" example: events/ { found = 1 } found && /^\.Ed/ { exit } inside { print }
	found && /^\.Bd/ { inside = 1 }' "$page" |
	perl -ne 'print "$1 " if /^((?:[0-9a-f]{2} )+)/' | tr -s ' ' >explained
tail -c +12353 page.bin | head -c 40 | od -An -v -tx1 -w40 | sed 's/^ //; s/$/ /' | tr -d '\n' >window
is "$(cat explained)" "$(cat window)" "the explained bytes are the window's"

block "table: kinds" | flowed >page.kinds
"$tools/log_tables" kinds >code.kinds
same page.kinds code.kinds "the kinds of event"
block "table: lost" | flowed >page.lost
"$tools/log_tables" lost >code.lost
same page.lost code.lost "the counters"
block "table: cost" | flowed >page.cost
"$tools/log_tables" cost >code.cost
same page.cost code.cost "the keys of what recording cost"
# Types of record: numbers and names as common/wire.h has them.
block "table: records" | flowed | awk '{ gsub(/-/, "_", $2); print $1, toupper($2) }' >page.records
tr '\n\t' '  ' <"$root/common/wire.h" | grep -oE 'MS_RECORD_[A-Z_]+ = +[0-9]+' |
	sed 's/MS_RECORD_\([A-Z_]*\) = *\([0-9]*\)/\2 \1/' | awk '$1 <= 16 || $1 == 19 || $1 == 20 || $1 >= 22' >code.records
same page.records code.records "the types of record"
for mode in counters sample cull marks; do
	"$tools/mode_log" $mode >$mode.bin
	same "$root/tests/fuzz/corpus/log/$mode" $mode.bin "the fuzz corpus has the log $mode as it is today"
done
# The numbers of pointer maps.
while read -r table prefix; do
	block "table: $table" | flowed | awk '{ gsub(/-/, "_", $2); print $1, toupper($2) }' >"page.$table"
	tr '\n\t' '  ' <"$root/common/wire.h" | grep -oE "\b${prefix}_[A-Z_]+ = +[0-9]+" |
		sed "s/${prefix}_\([A-Z_]*\) = *\([0-9]*\)/\2 \1/" >"code.$table"
	ok "the page has a table of $table" [ -s "page.$table" ]
	same "page.$table" "code.$table" "the numbers of $table"
done <<END
items MS_ITEM
regions MS_REGION
region-flags MS_STRETCH
map-why MS_MAP
map-states MS_NOMAP
unscanned MS_UNSCANNED
END
done_testing
