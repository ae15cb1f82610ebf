# Aliases; scripts/ has the help of each.
.PHONY: help demo test everything check objects package fuzz-parsers rfc layout export fold

help:
	@echo "make demo      a patched kernel in a virtual machine, and programs that choose victims"
	@echo "make test      the tests, in the same guest"
	@echo "make everything  all that HACKING.md lists, in days"
	@echo "make check     one truth, applies to both bases, checkpatch, shellcheck: seconds"
	@echo "make objects   every patch with gcc and clang, W=1, sparse; the calls of the hooks"
	@echo "make package   Debian packages of the command, in build/packages"
	@echo "make fuzz-parsers  what oom-policy reads, under libFuzzer: minutes"
	@echo "make rfc       both postings with your name, and the checks before they are sent"
	@echo "make layout    the series as commits, in build/series"
	@echo "make export    those commits -> patches/ and the files here"
	@echo "make fold      the files here -> those commits -> patches/"
demo:
	@scripts/run-vm.sh
test:
	@scripts/run-vm.sh test
everything:
	@scripts/everything.sh
check:
	@scripts/check.sh
objects:
	@scripts/objects.sh
package:
	@scripts/package.sh
fuzz-parsers:
	@scripts/fuzz-parsers.sh
rfc:
	@scripts/rfc.sh
layout export fold:
	@scripts/series.sh $@
