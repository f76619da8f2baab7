# SPDX-License-Identifier: Apache-2.0
# work.pl - a work-load for perl: hashes, lists, texts, regular expressions.
use strict;
use warnings;

my ($x, %count, @rows) = (12345);
for my $i (1 .. 200000) {
	$x = ($x * 1103515245 + 12345) % 2147483648;
	my $word = sprintf 'w%d', $x >> 12 & 8191;
	$count{$word}++;
	push @rows, { id => $i, word => $word, parts => [split //, $word] } if $i % 4 == 0;
}
my @sorted = sort { $a->{word} cmp $b->{word} || $a->{id} <=> $b->{id} } @rows;
my $text = join ' ', map { "$_->{word}:@{$_->{parts}}" } @sorted;
my $doubled = () = $text =~ /(\d) \1/g;
$text =~ s/w(\d+)/<$1>/g;
print scalar(keys %count), " $sorted[0]{id} $doubled ", length $text, "\n";
