# SPDX-License-Identifier: Apache-2.0
# Files that are no log, or no longer one: exit 2 or 3, a clear line, no crash, no hang.
. "$(dirname "$0")/lib.sh"

recorded good.bin "$targets/plain" 3
ok "the log itself is good" quietly "$analyze" good.bin

# refused FILE DESCRIPTION: exit 2, nothing on stdout, one line that names the file.
refused() {
	timeout 20 "$analyze" summary "$1" >out 2>err
	is "$? $(wc -c <out) $(wc -l <err)" "2 0 1" "$2: exit 2, one line"
	ok "$2: the line names the file" grep -qF "$1" err
}
: >empty
refused empty "an empty file"
head -c 10000 "$e2e/lib.sh" >text
refused text "a text file"
mkdir directory
refused directory "a directory"
refused missing "no file"
head -c 100000 /dev/zero >zeros
refused zeros "zeros"
head -c 100 good.bin >torn
refused torn "a torn head"
cp good.bin future
printf '\002\000' | dd of=future bs=1 seek=8 conv=notrunc 2>/dev/null
refused future "a later major version"
ok "it says that a newer analyzer is needed" grep -qi newer err
cp /bin/true elf
refused elf "a program"
mkfifo pipe
(cat good.bin >pipe &)
timeout 20 "$analyze" summary --format json pipe >out 2>err
is "$? $(jq .totals.total_allocations <out)" "0 $(field good.bin .totals.total_allocations)" "a log from a pipe"

# Each length from nothing to the whole: what remains is read, the rest is told.
perl - "$analyze" good.bin >result 2>&1 <<'END'
my ($analyze, $path) = @ARGV;
open my $in, '<:raw', $path or die; my $log = do { local $/; <$in> };
my $whole = length $log;
# every length where something changes: all of the head, then around each page and in the committed parts
my %lengths = map { $_ => 1 } 0 .. 140, 1020 .. 1340, 4090 .. 4170;
for (my $at = 4096; $at < $whole; $at += 4096) {
	$lengths{$_} = 1 for $at - 2 .. $at + 2;
	my ($magic, $commit) = unpack 'V x36 V', substr $log, $at, 64;
	if ($magic == 0x4e57534d) {
		my $step = $commit > 300 ? int($commit / 150) : 1;
		for (my $i = 0; $i < $commit + 70; $i += $step) { $lengths{$at + $i} = 1 }
	}
}
my ($done, $bad, %codes) = (0, 0);
for my $length (sort { $a <=> $b } grep { $_ < $whole } keys %lengths) {
	open my $out, '>:raw', 'cut' or die; print $out substr $log, 0, $length; close $out;
	my $command = $done % 4 ? 'dump --format csv' : 'summary --format json';
	my $said = `timeout 20 $analyze $command cut 2>&1 >cut.out`;
	my $code = $? >> 8;
	my $lines = () = $said =~ /\n/g;
	$done++;
	$codes{$code}++;
	my $fine = $code == 2 ? $lines == 1 && !-s 'cut.out' : $code == 3 ? $lines >= 1 && -s 'cut.out'
		: $code == 0 ? $lines == 0 && -s 'cut.out' : 0;
	$fine = 0 if $? & 127 || $said =~ /[^\n\x20-\x7e]/ || ($code == 0 && $length < 4096 * 2);
	if (!$fine && $bad++ < 5) { print "# length $length: exit $code ($?): $said" }
}
print "# ", join(', ', map { "$codes{$_} times exit $_" } sort keys %codes), "\n";
print "$done $bad\n";
END
grep '^#' result
is "$(tail -n 1 result | cut -d' ' -f2)" 0 "cut at each of $(tail -n 1 result | cut -d' ' -f1) lengths"

perl - "$analyze" good.bin >result 2>&1 <<'END'
my ($analyze, $path) = @ARGV;
open my $in, '<:raw', $path or die; my $log = do { local $/; <$in> };
my ($seed, $bad, $done, %codes) = (1, 0, 0);
sub pick { $seed = ($seed * 1103515245 + 12345) & 0x7fffffff; return int($seed / 65536) % shift }
my @used = (0 .. 127, 1024 .. 1327);
for (my $at = 4096; $at < length $log; $at += 4096) {
	my ($magic, $kind, $commit) = unpack 'V v x34 V', substr $log, $at, 64;
	push @used, $at .. $at + 63 + ($kind == 3 ? 400 : $commit) if $magic == 0x4e57534d;
}
for my $n (1 .. 450) {
	my $copy = $log;
	for (1 .. 1 + pick(3)) {
		my $at = $used[$n <= 432 && $_ == 1 ? $n - 1 : pick(scalar @used)];
		next if $at >= length $copy;
		substr($copy, $at, 1) = chr(ord(substr $copy, $at, 1) ^ (1 << pick(8)));
	}
	open my $out, '>:raw', 'flip' or die; print $out $copy; close $out;
	my $command = $n % 4 ? 'dump' : 'summary';
	my $said = `timeout 20 $analyze $command --format json flip 2>&1 >flip.out`;
	my $code = $? >> 8;
	$done++;
	$codes{$code}++;
	my $lines = () = $said =~ /\n/g;
	my $fine = $code == 2 ? $lines == 1 : $code == 3 ? $lines >= 1 : $code == 0;
	$fine = 0 if $? & 127 || $said =~ /[^\n\x20-\x7e]/;
	if (!$fine && $bad++ < 5) { print "# flip $n: exit $code ($?): $said"; rename 'flip', "bad$n" }
}
print "# ", join(', ', map { "$codes{$_} times exit $_" } sort keys %codes), "\n";
print "$done $bad\n";
END
grep '^#' result
is "$(tail -n 1 result | cut -d' ' -f2)" 0 "bits flipped in $(tail -n 1 result | cut -d' ' -f1) logs"
done_testing
