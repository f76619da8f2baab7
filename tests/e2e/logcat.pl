#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# logcat.pl - an independent reader of memscope logs, written from memscope-log(5) alone.
#
# It judges the recorder without the analyzer, and the analyzer against the log.  It
# dies on anything that a sound log must not hold.
#
#   logcat.pl [-a | -m] LOG   events: ticks thread form address size align stack
#               -a adds the stack's absolute addresses, leaf first, comma-separated
#               -m adds them as module+0xoffset
#   logcat.pl -t LOG          totals: allocations reallocations deallocations bytes failed
#                             unmatched overwritten live live_bytes peak_bytes
#   logcat.pl -M LOG          mappings: maps unmaps remaps breaks failed current_bytes peak_bytes
#   logcat.pl -i LOG          what is known: head, status, facts, threads, modules, notes, marks
#   logcat.pl -P LOG MAP      words of a pointer map: kind address value
use strict;
use warnings;
no warnings "portable"; # a reader of 64-bit numbers

my $mode = '';
$mode = shift @ARGV if @ARGV && $ARGV[0] =~ /^-[amtMiP]$/;
my $path = shift @ARGV or die "usage: logcat.pl [-a | -m | -t | -M | -i] LOG\n";
my $wanted = shift @ARGV // 0;
my (%maps, @words);	# number: why state words whole
open my $in, '<:raw', $path or die "$path: $!\n";
my $log = do { local $/; <$in> };

my %form = (
	1 => 'malloc', 2 => 'calloc', 3 => 'realloc(NULL)', 4 => 'reallocarray(NULL)',
	5 => 'posix_memalign', 6 => 'aligned_alloc', 7 => 'memalign', 8 => 'valloc',
	9 => 'pvalloc', 10 => 'new', 11 => 'new nothrow', 12 => 'new aligned',
	13 => 'new aligned nothrow', 14 => 'new[]', 15 => 'new[] nothrow',
	16 => 'new[] aligned', 17 => 'new[] aligned nothrow', 20 => 'free', 21 => 'cfree',
	22 => 'free_sized', 23 => 'free_aligned_sized', 24 => 'delete',
	25 => 'delete nothrow', 26 => 'delete sized', 27 => 'delete aligned',
	28 => 'delete aligned nothrow', 29 => 'delete sized aligned', 30 => 'delete[]',
	31 => 'delete[] nothrow', 32 => 'delete[] sized', 33 => 'delete[] aligned',
	34 => 'delete[] aligned nothrow', 35 => 'delete[] sized aligned',
	40 => 'realloc begin', 41 => 'realloc', 42 => 'reallocarray', 43 => 'realloc(p, 0)',
	48 => 'mmap', 49 => 'munmap', 50 => 'mremap begin', 51 => 'mremap', 52 => 'brk',
);
my %short = (1 => 1, 2 => 20, 3 => 2, 4 => 10, 5 => 24, 6 => 40);
# how many fields follow the length
my %more = (48 => 2, 49 => 0, 50 => 0, 51 => 1, 52 => 1);
sub makes { my $k = shift; return $k < 20 || $k == 41 || $k == 42 || $k >= 48 }

die "$path: shorter than its head\n" if length $log < 4096;
my ($magic, $major, $minor, $head_bytes, $head_crc, $machine, $pointer, $clock, $page, $cpus,
	$pid, $ppid, $unix, $start, $mono, $flags) = unpack 'a8 v v V V v C C V V Q< Q< Q< Q< Q< Q<', $log;
die "$path: no memscope log\n" if $magic ne "\x89MSCOPE\n";
die "$path: version $major\n" if $major != 1;
my ($extent, $end, $stop, $stop_errno, $open, $stop_ticks, $end_ticks, @lost) =
	unpack 'Q< V V V V Q< Q< Q<32', substr $log, 1024;

my ($body, $at);	# the cursor
sub u { my $n = shift; die "past the end at $at" if $at + $n > length $body;
	my $v = unpack 'Q<', substr($body, $at, $n) . "\0" x (8 - $n); $at += $n; return $v }
# the trailing zero bits of the first byte tell how many bytes follow
sub v { my $first = ord substr $body, $at, 1; my $n = 1;
	if (!$first) { u(1); return u(8) }
	$n++ until $first >> $n - 1 & 1;
	return u($n) >> $n }

my @counts = (0) x 5;	# allocations reallocations deallocations failed bytes
my (%thread_counts, @modes, @pending);
my @folded = (0, 0);	# blocks bytes
my ($class_blocks, $class_bytes) = (0, 0);
my (@events, %node, %module, %thread, %costs, @facts, @samples, @states, @notes, @clocks, @execs, @marks, %kinds);
my $offset = $head_bytes;
while ($offset + 64 <= length $log && $offset < $extent) {
	my ($wmagic, $kind, $header, $length, $owner, $sequence, $base, $crc, $r, $commit) =
		unpack 'V v v V V Q< Q< V V V', substr $log, $offset, 64;
	if ($wmagic == 0) { $offset += 4096; next }
	die sprintf "no window at %#x\n", $offset if $wmagic != 0x4e57534d;
	die sprintf "window at %#x has length %d\n", $offset, $length if !$length || $length % 4096;
	$kinds{$kind}++;
	$body = substr $log, $offset + $header, $kind == 3 || $kind == 4 ? $length - $header : $commit;
	$at = 0;
	if ($kind == 3) { nodes($owner) } elsif ($kind == 4) { counters($owner, $sequence) }
	elsif ($kind == 1 || $kind == 2) { window($kind, $owner, $sequence, $base) }
	elsif ($kind == 5) { items($owner) }
	$offset += $length;
}

# blocks whose event was not written, or just so
if (@pending) {
	my %there;
	$there{"$_->[0] $_->[5]"} = 1 for @events;
	for (@pending) {
		my ($state, $event) = @$_;
		push @events, $event if $state == 1 || !$there{"$event->[0] $event->[5]"};
	}
}

# exact totals, of threads (1) and of size classes (2)
sub counters {
	my ($what, $sequence) = @_;
	if ($what == 3) {
		for (; $at + 80 <= length $body; $at += 80) {
			my ($stack, $r, @n) = unpack 'V V Q<9', substr $body, $at, 80;
			next if !$n[0];
			my $lived = 0;
			$lived += $_ for @n[3 .. 8];
			die "lifetimes do not add up\n" if $lived != $n[0];
			$folded[0] += $n[0]; $folded[1] += $n[1];
		}
	} elsif ($what == 4) {
		my ($thread, $place) = (unpack('V', substr $body, 24, 4), 0);
		for ($at = 32; $at + 32 <= length $body; $at += 32) {
			my ($ticks, $size, $packed, $stack, $state) = unpack 'Q<3 V V', substr $body, $at, 32;
			next if !$state;
			push @pending, [$state, [$ticks, $sequence, $place++, $thread, $packed >> 8 & 0xff,
				$packed >> 16, $size, $packed & 0xff, $stack]];
		}
	} elsif ($what == 1) {
		for (; $at + 64 <= length $body; $at += 64) {
			my ($thread, $r, @n) = unpack 'V V Q<5', substr $body, $at, 64;
			$counts[$_] += $n[$_] for 0 .. 4;
			$thread_counts{$thread}[$_] += $n[$_] for 0 .. 4;
		}
	} elsif ($what == 2) {
		for (; $at + 1040 <= length $body; $at += 1040) {
			my @n = unpack 'Q<130', substr $body, $at, 1040;
			$class_blocks += $n[2 * $_], $class_bytes += $n[2 * $_ + 1] for 0 .. 64;
		}
	}
}

sub z { my $z = v(); return $z & 1 ? -($z >> 1) - 1 : $z >> 1 }

sub items {
	my $map = shift;
	my ($address, %value) = (0, 1 => 0, 2 => 0);
	my $m = $maps{$map} //= { words => 0 };
	while ($at < length $body) {
		my $tag = v();
		my ($kind, $rest) = ($tag & 7, $tag >> 3);
		$m->{whole} = 0;
		if ($kind == 0) { $m->{whole} = $rest == $m->{words} ? 1 : 0 }
		elsif ($kind <= 3) {
			$address += 8 * ($rest & 1 ? -($rest >> 1) - 1 : $rest >> 1);
			my $value = $kind == 3 ? v() : ($value{$kind} += z());
			$m->{words}++;
			push @words, sprintf '%d %#x %#x', $kind, $address, $value if $map == $wanted;
		} elsif ($kind == 4) {
			my ($start, $bytes, $id, $flags) = (v(), v(), v(), v());
			die "region $rest\n" if $rest < 1 || $rest > 8 || !$bytes || $start >> 47;
		} elsif ($kind == 5) { v() }
		elsif ($kind == 6) { v(); v() }
		else { die "item of kind $kind\n" }
	}
}

sub check {
	my ($id, $where, $parent) = @_;
	use integer;
	my $h = $where * 0x9e3779b97f4a7c15;
	$h ^= ($parent << 32 | $id) * 0xd6e8feb86659fd93;
	$h ^= ($h >> 32) & 0xffffffff;
	$h *= 0x9e3779b97f4a7c15;
	return (($h >> 32) & 0xffffffff) | 1;
}

sub nodes {
	my $id = shift;
	for (; $at + 16 <= length $body; $at += 16, $id++) {
		my ($where, $parent, $check) = unpack 'Q< V V', substr $body, $at, 16;
		next if !$check || $check != check($id, $where, $parent);
		die "node $id has parent $parent\n" if $parent >= $id;
		# bit 47: interrupted there, no return address
		$node{$id} = [$where >> 48, $where & 0x7fffffffffff, $parent];
	}
}

sub window {
	my ($window, $tid, $sequence, $time) = @_;
	my ($last, $place, $latest) = (0, 0, 0);
	while ($at < length $body) {
		my $tag = u(1);
		my $kind = $tag & 7;
		die "tag zero\n" if !$tag;
		if (!$kind) {
			my $length = v();
			my $next = $at + $length;
			die "record past the end\n" if $next > length $body;
			if ($tag >> 3 == 1) { $tid = v(); $time = v(); $last = $latest = 0 }
			else { record($tag >> 3, substr $body, $at, $length) }
			$at = $next;
			next;
		}
		die "event in a META window\n" if $window != 1;
		my $ext = $kind == 7 ? u(1) : $short{$kind};
		my $event = $ext & 0x3f;
		if ($event >= 48) {
			my $length = v();
			my $next = $at + $length;
			die "event past the end\n" if $next > length $body;
			if ($form{$event}) {
				# the time counts from the last event of a smaller kind
				my ($t, $stack, $address, $size) = ($time + v(), v(), v(), v());
				my @more = map { v() } 1 .. $more{$event};
				die "event kind $event is longer than its fields\n" if $at != $next;
				$latest = $t if $t > $latest;
				push @events, [$latest, $sequence, $place++, $tid, $event, $address, $size, 0, $stack, @more];
			}
			$at = $next;
			next;
		}
		$time += u((1, 2, 4, 8)[$tag >> 3 & 3]);
		my $address;
		if ($kind == 7 && $ext & 0x40) { $address = u(8) }
		else {
			my $z = u((1, 2, 3, 6)[$tag >> 5 & 3]);
			$address = $last += 16 * ($z & 1 ? -($z >> 1) - 1 : $z >> 1);
		}
		my $align = $kind == 7 && $ext & 0x80 ? u(1) : 0;
		die "event kind $event\n" if !$form{$event};
		my $size = makes($event) ? v() : 0;
		my $stack = $tag & 0x80 ? v() : 0;
		$latest = $time if $time > $latest;
		push @events, [$latest, $sequence, $place++, $tid, $event, $address, $size, $align, $stack];
	}
}

sub record {
	my ($type, $payload) = @_;
	my ($keep, $keep_at) = ($body, $at);
	($body, $at) = ($payload, 0);
	if ($type == 2) { push @facts, [split /\0/, $payload, 2] }
	elsif ($type == 3) {
		my ($id, $ticks, $base, $from, $to, $n) = (v(), v(), v(), v(), v(), v());
		my $build = unpack 'H*', substr $body, $at, $n;
		$module{$id} = { seen => $ticks, base => $base, start => $from, end => $to,
			build => $build, path => substr($body, $at + $n), gone => 0 };
	}
	elsif ($type == 4) { my ($id, $t) = (v(), v()); $module{$id}{gone} = $t }
	elsif ($type == 5) { my ($id, $t, $tid) = (v(), v(), v()); @{$thread{$id}}{'begin', 'tid'} = ($t, $tid) }
	elsif ($type == 6) { my ($id, $t) = (v(), v()); $thread{$id}{name} = substr $body, $at }
	elsif ($type == 7) { my ($id, $t) = (v(), v()); $thread{$id}{end} = $t }
	elsif ($type == 8) { push @samples, [v(), v(), v(), v()] }
	elsif ($type == 9) { push @clocks, [v(), v()] }
	elsif ($type == 10) { push @states, [v(), v()] }
	elsif ($type == 11) { push @notes, $payload }
	elsif ($type == 16) { push @modes, [v(), v(), v()] }
	elsif ($type == 12) { my ($t, $error) = (v(), v()); push @execs, [$error, substr $body, $at] }
	elsif ($type == 20) { push @marks, [v(), v(), substr $body, $at] if v() == 1 }
	elsif ($type == 22) {
		my ($id, $t, %cost) = (v(), v());
		while ($at < length $body) { my $key = v(); $cost{$key} = v() }
		$costs{$id} = [$t, \%cost] if !$costs{$id} || $t >= $costs{$id}[0];
	}
	elsif ($type == 19) {
		my ($map, $t, $why, $state) = (v(), v(), v(), v());
		$maps{$map}{why} = $why;
		$maps{$map}{state} = $state;
	}
	($body, $at) = ($keep, $keep_at);
}

my %frames;
sub frames {
	my $id = shift;
	return '' if !$id;
	return $frames{$id} if defined $frames{$id};
	my @text;
	for (my $n = $id; $n; $n = $node{$n}[2]) {
		die "no node $n\n" if !$node{$n};
		my ($m, $where) = @{$node{$n}};
		if ($m == 0xffff) { push @text, "cut$where"; last }
		die "no module $m\n" if $m && !$module{$m};
		if ($mode eq '-a') { push @text, sprintf '%#x', $where + ($m ? $module{$m}{base} : 0) }
		else { push @text, sprintf '%s+%#x', $m ? $module{$m}{path} : '?', $where }
	}
	return $frames{$id} = join ',', @text;
}

$| = 0;
if ($mode eq '-i') {
	print "pid $pid\nparent $ppid\nflags $flags\nclock $clock\nextent $extent\nend $end\nstop $stop\n";
	print "stop_errno $stop_errno\nopen_windows $open\nevents ", scalar @events, "\n";
	print "lost $_ $lost[$_]\n" for grep { $lost[$_] } 0 .. 31;
	print "fact $_->[0] ", $_->[1] =~ s/\n/\\n/gr, "\n" for @facts;
	for (sort { $a <=> $b } keys %thread) {
		my $t = $thread{$_};
		print "thread $_ tid ", $t->{tid} // '?', ' ended ', defined $t->{end} ? 1 : 0, ' name ', $t->{name} // '', "\n";
	}
	for (sort { $a <=> $b } keys %module) {
		my $m = $module{$_};
		printf "module %d %#x-%#x base %#x gone %d build %s path %s\n", $_, $m->{start}, $m->{end}, $m->{base}, $m->{gone} ? 1 : 0, $m->{build}, $m->{path};
	}
	print "sample @$_\n" for @samples;
	print "clock_pair @$_\n" for @clocks;
	print "state @$_\n" for @states;
	print "note $_\n" for @notes;
	print "mode $_->[0] $_->[1]\n" for sort { $a->[2] <=> $b->[2] } @modes;
	print "counts $_ @{$thread_counts{$_}}\n" for sort { $a <=> $b } keys %thread_counts;
	print "exec $_->[0] $_->[1]\n" for @execs;
	print "mark $_->[0] $_->[1] $_->[2]\n" for sort { $a->[0] <=> $b->[0] } @marks;
	for (sort { $a <=> $b } keys %maps) {
		my $m = $maps{$_};
		print "map $_ why ", $m->{why} // '?', ' state ', $m->{state} // '?', ' whole ', $m->{whole} // 0, "\n";
	}
	for my $id (sort { $a <=> $b } keys %costs) {
		my $c = $costs{$id}[1];
		print "cost $id $_ $c->{$_}\n" for sort { $a <=> $b } keys %$c;
	}
	exit 0;
}
if ($mode eq '-P') {
	print "$_\n" for @words;
	exit 0;
}
if ($mode eq '-t') {
	my (%live, %taken, $old);
	my ($made, $changed, $ended, $bytes, $failed, $unmatched, $over, $now, $peak) = (0) x 9;
	my $begin = sub { my ($at, $size) = @_;
		if (exists $live{$at}) { $over++; $now -= $live{$at} }
		$live{$at} = $size; $now += $size; $peak = $now if $now > $peak };
	for (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] || $a->[2] <=> $b->[2] } @events) {
		my ($tid, $event, $at, $size) = @$_[3 .. 6];
		next if $event >= 48;
		if ($event < 20) {
			if (!$at) { $failed++; next }
			$made++; $bytes += $size; $begin->($at, $size);
		} elsif ($event < 40) {
			$ended++;
			if (exists $live{$at}) { $now -= delete $live{$at} } else { $unmatched++ }
		} elsif ($event == 40) { push @{$taken{$tid}}, [$at, delete $live{$at}] }
		else {
			my $taken = pop @{$taken{$tid}} or die "a realloc ends that did not begin\n";
			my ($from, $held) = @$taken;
			if ($event != 43 && !$at) { $failed++; $live{$from} = $held if defined $held; next }
			if (defined $held) { $now -= $held } else { $unmatched++ }
			if ($event == 43) { $ended++; next }
			$changed++; $bytes += $size; $begin->($at, $size);
		}
	}
	if ($kinds{4}) {
		die "size classes do not add up\n"
			if $class_blocks != $counts[0] + $counts[1] || $class_bytes != $counts[4];
		my ($first) = sort { $a->[2] <=> $b->[2] } @modes;
		# the full mode has counts of what came after the size limit only
		die "folded and written blocks are not all\n" if $first->[0] == 2 && !$stop &&
			($made + $folded[0] != $counts[0] || $bytes + $folded[1] != $counts[4] ||
			$changed != $counts[1] || $ended + $folded[0] != $counts[2]);
		($made, $changed, $ended, $failed, $bytes) = (0) x 5 if $first->[0] != 1;
		$made += $counts[0]; $changed += $counts[1]; $ended += $counts[2];
		$failed += $counts[3]; $bytes += $counts[4];
	}
	print join(' ', $made, $changed, $ended, $bytes, $failed, $unmatched, $over, scalar keys %live, $now, $peak), "\n";
	exit 0;
}
if ($mode eq '-M') {
	# page by page, so it is slow and cannot be wrong; brk's parts of pages count apart
	my %page;
	my ($maps, $unmaps, $remaps, $breaks, $failed, $broken, $peak) = (0) x 7;
	my $pages = sub { my ($at, $size, $on) = @_;
		for (my $p = $at >> 12; $p < $at + $size + 4095 >> 12; $p++) {
			if ($on) { $page{$p} = 1 } else { delete $page{$p} }
		} };
	for (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] || $a->[2] <=> $b->[2] } @events) {
		my ($event, $at, $size, $down) = @$_[4 .. 6, 9];
		next if $event < 48;
		if ($event == 49 || $event == 50) { $pages->($at, $size, 0); $unmaps++ if $event == 49 }
		elsif (!$at) { $failed++ }
		elsif ($event == 52) { $breaks++; $broken += $down ? -$size : $size }
		else { $pages->($at, $size, 1); if ($event == 48) { $maps++ } else { $remaps++ } }
		my $now = 4096 * keys(%page) + $broken;
		$peak = $now if $now > $peak;
	}
	print join(' ', $maps, $unmaps, $remaps, $breaks, $failed, 4096 * keys(%page) + $broken, $peak), "\n";
	exit 0;
}
for (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] || $a->[2] <=> $b->[2] } @events) {
	my ($time, $s, $p, $tid, $event, $address, $size, $align, $stack) = @$_;
	printf "%d\t%d\t%s\t%#x\t%s\t%d\t%d", $time - $start, $tid, $form{$event}, $address,
		makes($event) ? $size : '-', $align ? 1 << $align : 0, $stack;
	print "\t", frames($stack) if $mode;
	print "\n";
}
