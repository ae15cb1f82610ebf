# Mail of the series with a name in place of the placeholder; cover letters get the
# recipients and, if it is given, the base-commit. Set as variables: placeholder, who,
# recipients (a file), commit.
BEGIN {
	cover = ARGV[1] ~ /0000-/
	# Names without their addresses, as in the list of the patches.
	list = placeholder
	sub(/ <.*/, "", list)
	name = who
	sub(/ <.*/, "", name)
}
{
	while (at = index($0, placeholder))
		$0 = substr($0, 1, at - 1) who substr($0, at + length(placeholder))
}
cover && index($0, list " (") == 1 {
	$0 = name substr($0, length(list) + 1)
}
cover && !to && /^Date: / {
	to = 1
	while ((getline line < recipients) > 0) {
		if (line !~ /^#/)
			print line
	}
}
{ print }
END {
	if (cover && commit)
		print "base-commit: " commit
}
