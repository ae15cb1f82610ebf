# Aliases; scripts/ has the help.
.PHONY: all demo test check objects layout export fold

all: demo
demo:
	@scripts/run-vm.sh
test:
	@scripts/run-vm.sh test
check:
	@scripts/check.sh
objects:
	@scripts/objects.sh
layout export fold:
	@scripts/series.sh $@
