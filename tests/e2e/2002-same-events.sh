# SPDX-License-Identifier: Apache-2.0
# dump prints the events of a log as another reader of the same bytes sees them.
. "$(dirname "$0")/lib.sh"

# as_dumped: the other reader's rows in dump's columns; threads go by the kernel's
# number and a realloc is one row.
as_dumped() {
	raw -i "$1" | sed -n 's/^thread \([0-9]*\) tid \([0-9]*\) .*/\1 \2/p' >tids
	raw "$1" | awk -F'\t' -v OFS=, '
		BEGIN { while ((getline line <"tids") > 0) { split(line, t, " "); tid[t[1]] = t[2] } }
		{ $2 = tid[$2] }
		{ form = $3; address = $4 == "0" ? "" : $4; size = $5 == "-" ? "" : $5 }
		form == "realloc begin" || form == "mremap begin" { old[$2, ++depth[$2]] = address; next }
		form == "realloc" || form == "reallocarray" || form == "mremap" { print $2, form, address, size, old[$2, depth[$2]--]; next }
		form == "realloc(p, 0)" { print $2, "realloc", "", 0, old[$2, depth[$2]--]; next }
		{ sub(/\(NULL\)/, "", form); if (form == "cfree" || form ~ /^free_/) form = "free"
		  sub(/ .*/, "", form); print $2, form, address, size, "" }'
}

while read -r name target args; do
	recorded $name.bin "$targets/$target" $args >/dev/null 2>&1
	as_dumped $name.bin | sort >want
	rows $name.bin | awk -F, -v OFS=, '{ print $2, $3, $4 == "0x0" ? "" : $4, $5, $6 }' | sort >got
	same got want "$name: $(wc -l <want) events"
	is "$(rows $name.bin | awk -F, '$1 < last { bad++ } { last = $1 } END { print bad + 0 }')" 0 \
		"$name: in the order of time"
done <<END
calls entry_points truth calls
lookup entry_points truth lookup
cxx entry_points_cxx truth forms
throw entry_points_cxx truth throw
race realloc_race 5000
threads short_threads 300
mixed mixed_cxx
death deaths kill 3000
maps maps calls
END
is "$("$analyze" dump --format csv calls.bin | head -n 1)" \
	"time_ns,thread,kind,address,size,old_address,stack" "the columns are as promised"
"$analyze" dump --format json calls.bin >json
ok "the JSON form parses" quietly jq -e . json
done_testing
