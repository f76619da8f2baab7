# SPDX-License-Identifier: Apache-2.0
# README: its commands run, its output is what they print (figures apart), its links exist.
. "$(dirname "$0")/lib.sh"
readme=$root/README.md
mkdir bin
ln -s "$analyze" bin/memscope-analyze
ln -s "$recorder" bin/libmemscope.so
cp "$targets/demo_app" app
export PATH="$tmp/bin:$PATH"

# The tour: each line "    $ command" and what follows it up to the next.
awk '/^## A short tour/ || /^## Ten questions/ { inside = 1; next } /^## / { inside = 0 }
	inside && /^    / { print substr($0, 5) }' "$readme" >tour
ok "there is a tour" grep -q '^\$ memscope-analyze' tour
sed -n 's/^\$ //p' tour >commands
number=0
while IFS= read -r command; do
	number=$((number + 1))
	eval "$command" >"real.$number" 2>&1 </dev/null
	is $? 0 "tour: $command"
	# A line in brackets stands for lines that were left out.
	awk -v wanted="$number" '/^\$ / { n++; next } n == wanted && !/^\[/' tour >"told.$number"
	# Figures, units and the order of threads differ from run to run, and functions of libc
	# are known or not; the other words are the same.
	grep -vE 'libc|ld-linux' "told.$number" | grep -oE '[A-Za-z_]{4,}' |
		grep -vxE 'temporary|other|sites' | sort -u >told.words
	grep -oE '[A-Za-z_]{4,}' "real.$number" | sort -u >real.words
	is "$(comm -13 real.words told.words)" "" "tour: every word of its output is there"
	ok "tour: its output is told" [ -s "told.$number" -o ! -s "real.$number" ]
done <commands

is "$(grep -c '^memscope-analyze query' commands)" 10 "ten questions"

# Of the figures, those that do not depend on the run.
for figure in 165,009 161,004 4,005 "2,000" "41,300"; do
	ok "the tour's $figure is there" grep -q -- "$figure" real.2
	ok "and in the README" grep -q -- "$figure" tour
done

# What it tells a newcomer to type is there, and goes through without apt once installed.
for script in demo test; do
	ok "scripts/$script is executable" [ -x "$root/scripts/$script" ]
	ok "README names it" grep -q "^    ./scripts/$script " "$readme"
done
ok ".ci/run calls it" grep -q scripts/test "$root/.ci/run"
printf '#!/bin/sh\necho "apt-get $*" >>"%s/apt.log"\nexit 1\n' "$tmp" >bin/apt-get
printf '#!/bin/sh\necho "sudo $*" >>"%s/apt.log"\nexit 1\n' "$tmp" >bin/sudo
chmod +x bin/apt-get bin/sudo
for what in build demo test; do
	"$root/scripts/install-deps" $what >out 2>&1
	is "$? $(cat out)" "0 " "install-deps $what: all there, nothing to do"
done
ok "no apt call" [ ! -e apt.log ]
"$root/scripts/install-deps" everything >out 2>&1
is $? 2 "install-deps: wrong usage"

# Something missing: one try, then the lists anew, then the reason.
printf '#!/bin/sh\nexit 1\n' >bin/dpkg-query
chmod +x bin/dpkg-query
"$root/scripts/install-deps" build >out 2>&1
is $? 1 "install-deps: apt that fails"
is "$(grep -oE ' (install|update)( |$)' apt.log | xargs)" "install update" "install, then update"
ok "the reason names the packages" grep -q "could not install:.* libdw-dev" out

# Files and pages that it links to.
for link in $(grep -oE '\]\([^)#]+\)' "$readme" | sed 's/](\(.*\))/\1/' | grep -v '^http'); do
	ok "link $link" [ -e "$root/$link" ]
done
for file in $(grep -oE '\b(tests|scripts|man|build/release)/[A-Za-z0-9_./-]+' "$readme" | sort -u); do
	ok "$file is there" [ -e "$root/$file" ]
done
done_testing
