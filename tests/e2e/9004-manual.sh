# SPDX-License-Identifier: Apache-2.0
# The man pages: every example in them runs, and what they list is what there is.
#
# An example is a line of a literal block that begins with "$ "; the examples of a page are
# run in order, in one shell and one directory.
. "$(dirname "$0")/lib.sh"
export MANPAGER=cat RECORDER="$recorder"
mkdir bin
ln -s "$analyze" bin/memscope-analyze
ln -s "$recorder" bin/libmemscope.so
export PATH="$tmp/bin:$PATH"

# examples PAGE: the commands.
examples() {
	awk '/^\.Bd/ { inside = 1; next } /^\.Ed/ { inside = 0 }
		inside && /^\$ / { print substr($0, 3) }' "$1" |
		sed -e 's/\\e/\\/g' -e 's/\\-/-/g' -e 's/\\&//g' -e "s/\\\\(aq/'/g"
}

for page in memscope.7 memscope-analyze.1 memscope-query.7 memscope-gate.1; do
	mkdir "$page"
	cp "$targets/demo_app" "$page/app"
	examples "$root/man/$page" >"$page.sh"
	ok "$page has examples" [ -s "$page.sh" ]
	cd "$page" || exit 2
	number=0
	while IFS= read -r command; do
		number=$((number + 1))
		printf '%s\n' "$command" >>../so_far
		if eval "$command" >../out 2>../err; then status=0; else status=$?; fi
		is "$status" 0 "$page example $number: $command"
		[ "$status" = 0 ] || head -n 20 ../out ../err | sed 's/^/# /'
		ok "$page example $number complains of nothing" eval '! grep -q "^memscope: \|unknown\|cannot\|damaged" ../err'
	done <"../$page.sh"
	ok "$page: left a log" [ -n "$(find . -name '*.bin' -size +4k)" ]
	cd "$tmp" || exit 2
done

# Variables: the page's are those that the recorder knows.
sed -n 's/^\.It Ev \(MEMSCOPE_[A-Z_]*\)$/\1/p' "$root/man/memscope.7" | sort >page.variables
tr '{' '\n' <"$root/preload/config.c" | sed -n 's/^ "\([A-Z_]*\)", parse_.*/MEMSCOPE_\1/p' | sort >code.variables
same page.variables code.variables "memscope(7) lists the variables"
while read -r variable; do
	ok "README names $variable" grep -q "\`$variable\`" "$root/README.md"
done <code.variables

# Commands and options: the page's are those of --help.
"$analyze" --help >help
for command in $(sed -n 's/^\.Ss The \(.*\) command$/\1/p' "$root/man/memscope-analyze.1"); do
	ok "--help lists $command" grep -qE "^ +$command( |$)" help
	"$analyze" "$command" --help | grep -oE -- '^ +(-., )?--[a-z][a-z-]*' |
		sed 's/.* //' | sort -u >help.options
	awk -v wanted=".Ss The $command command" '
		/^\.S[sh] / { inside = $0 == wanted || $0 == ".Ss Options of every command" || $0 == ".Ss Options that choose blocks" || $0 == ".Ss Options that leave findings aside" }
		/^\.Sh / { inside = 0 }
		inside' "$root/man/memscope-analyze.1" >page.text
	case $command in
	gate | record) cat "$root/man/memscope-gate.1" >>page.text ;;
	esac
	sed -n 's/^\.It.*Fl -\([a-z-]*\).*/--\1/p' page.text | sort -u >page.options
	ok "$command: each option of --help is in the page" [ -z "$(comm -23 help.options page.options)" ]
	comm -23 help.options page.options | sed 's/^/# not in the page: /'
done
sed -n '/^[Cc]ommands/,/^$/p' help | sed -n 's/^  *\([a-z]*\)  .*/\1/p' | sort >help.commands
sed -n 's/^\.Ss The \(.*\) command$/\1/p' "$root/man/memscope-analyze.1" | sort >page.commands
same help.commands page.commands "each command of --help is in the page, and no other"

# JSON keys: the page's are those of the report.
recorded keys.bin "$targets/demo_app" >/dev/null
"$analyze" summary --format json keys.bin >keys.json
block_keys() {
	awk -v mark=".\\\\\" keys: $1" '$0 == mark { found = 1 } found && /^\.Ed/ { exit }
		inside { print } found && /^\.Bd/ { inside = 1 }' "$root/man/memscope-analyze.1" |
		grep -oE '^[a-z_.]+(\[\])?[a-z_.]*' | sort
}
has() { # KEY: some object of the report has a value for it
	jq -e "[.$(printf '%s' "$1" | sed 's/\[\]/[]?/g')] | map(. != null) | any" keys.json >/dev/null
}
block_keys summary >page.keys
ok "the page lists the summary's keys" [ -s page.keys ]
while read -r key; do
	ok "summary has $key" has "$key"
done <page.keys

# SQL: the page's tables, arguments, columns and functions are those of --schema.
"$analyze" query --schema --format json >schema.json
jq -r '.tables[] | .name as $t | (.arguments[] | $t + " " + .name + "()"),
	(.columns[] | $t + " " + .name + (if .narrows then " *" else "" end))' schema.json >schema.columns
awk '/^\.Ss The table / { table = $4 } /^\.Sh FUNCTIONS/ { table = "" }
	table != "" && /^\.It Fa / { print table, $3 "()" }
	table != "" && /^\.It Va / { print table, substr($0, 8) }' "$root/man/memscope-query.7" >page.columns
same page.columns schema.columns "memscope-query(7) has the columns of --schema"
jq -r '.functions[].usage' schema.json >schema.functions
sed -n 's/^\.It Li "\(.*\)"$/\1/p' "$root/man/memscope-query.7" >page.functions
same page.functions schema.functions "and the functions"
"$analyze" query --list --format csv | tail -n +2 | cut -d, -f 1 >presets
while read -r preset; do
	ok "memscope-analyze(1) names $preset" grep -q "$preset" "$root/man/memscope-analyze.1"
done <presets
"$analyze" leaks --format json keys.bin >keys.json
block_keys leaks | grep -v reason >page.keys
ok "the page lists the keys of leaks" [ -s page.keys ]
while read -r key; do
	ok "leaks has $key" has "$key"
done <page.keys
printf 'leak:lost_tree\nleak:nowhere\n' >keys.supp
recorded lost.bin "$targets/leak_truth" lost_tree
"$analyze" leaks --format json --suppressions keys.supp lost.bin >keys.json
block_keys suppressions | grep -v notes >page.keys
ok "the page lists the keys of suppressions" [ -s page.keys ]
while read -r key; do
	ok "suppressions have $key" has "$key"
done <page.keys
"$analyze" check --list-suppressions --format csv | tail -n +2 | cut -d, -f 1 >names
awk '/^\.\\" suppressions/ { on = 1 } on && /^\.It Cm/ { print $3 } on && /^\.El/ { exit }' \
	"$root/man/memscope-analyze.1" >page.names
same page.names names "the page lists the built-in suppressions"
recorded faults.bin "$targets/entry_points" truth calls
MEMSCOPE_MODE=counters recorded none.bin "$targets/demo_app" >/dev/null
"$analyze" check --format json faults.bin none.bin >keys.json
block_keys check >page.keys
ok "the page lists the keys of check" [ -s page.keys ]
while read -r key; do
	ok "check has $key" has "$key"
done <page.keys
"$analyze" check --list --format csv | tail -n +2 | cut -d, -f 1,2 >detectors
awk '/^\.\\" detectors/ { on = 1 } on && /^\.It Cm/ { print $3 "," $5 } on && /^\.El/ { exit }' \
	"$root/man/memscope-analyze.1" >page.detectors
while IFS=, read -r detector _; do
	ok "README names $detector" grep -q "^| \`$detector\` |" "$root/README.md"
done <detectors
same page.detectors detectors "the page lists the detectors, each with its worst severity"
MEMSCOPE_HEAPMAP=USR2,exit recorded since.bin "$targets/server_like" 200 1 leak maps >/dev/null
"$analyze" leaks --since 1 --format json since.bin >keys.json
block_keys "leaks since" >page.keys
ok "the page lists the keys of leaks --since" [ -s page.keys ]
while read -r key; do
	ok "leaks --since has $key" has "$key"
done <page.keys
done_testing
