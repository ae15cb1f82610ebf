# shellcheck shell=bash
# Boots a guest, and tells what became of it. To be sourced.

# shellcheck source=scripts/guest.sh
. "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

# Lines that a healthy kernel does not print. The stack trace of an OOM report is
# none of it.
SPLATS='(^|\] )(BUG: |WARNING: |INFO: task .* blocked|INFO: rcu|rcu: INFO: .*(stall|detected)|watchdog: BUG|KASAN: |UBSAN: |Oops: |Internal error: |general protection fault|============+ *$|.*possible (recursive|circular) locking|.*suspicious RCU usage|.*sleeping function called|unreferenced object |Kernel panic)'

# The processors, and whatever else QEMU is to be told.
VM_QEMU=(-smp 2)

# accel_pick WANTED - tcg or kvm, in ACCEL. /dev/kvm may be there and yet not
# run a guest, where the processor shows no virtualization.
accel_pick() {
	ACCEL=$1
	[ "$ACCEL" = auto ] || return 0
	ACCEL=tcg
	if [ -r /dev/kvm ] && [ -w /dev/kvm ] && grep -Eqw 'vmx|svm' /proc/cpuinfo; then
		ACCEL=kvm
	fi
}

# vm_boot MODE JOBFILE CONSOLE - run JOBFILE in a guest; its output goes to
# stdout as it comes, the kernel's to the file CONSOLE. Returns the status of
# the job, or EX_BOOT (never spoke, or fell silent) or EX_SPLAT (panicked).
vm_boot() {
	local mode=$1 job=$2 console=$3 work rc=0 cpio status='' line
	work=$(mktemp -d "$DIR/vm.XXXXXX")
	cp "$job" "$work/job"
	echo "$mode" >"$work/mode"
	cpio=$work/job.cpio
	printf 'file /job %s 755 0 0\nfile /mode %s 644 0 0\n' "$work/job" "$work/mode" >"$work/list"
	"$OBJ/usr/gen_init_cpio" "$work/list" | gzip -1 >"$cpio"
	cat "$DIR/initramfs" "$cpio" >"$work/initrd"
	: >"$console"

	# One thread for all CPUs: before QEMU 8.1 one CPU may run what another has
	# just patched, and the guest dies of "Oops: int3" where programs come and
	# go (linux-kernel, July 2023, "still see int3").
	local how=$ACCEL
	[ "$how" != tcg ] || how=tcg,thread=single
	# The line of the job is the second of a PC; an arm64 board has one, beside those on PCI.
	local qemu=(qemu-system-x86_64) tty=ttyS0 second=isa-serial
	[ "$ARCH" != arm64 ] ||
		qemu=(qemu-system-aarch64 -machine virt -cpu cortex-a72) tty=ttyAMA0 second=pci-serial
	qemu+=(-accel "$how" "${VM_QEMU[@]}" -pidfile "$work/pid" -nodefaults
		-device "$second,chardev=job" -display none -no-reboot -m "${VM_MEMORY:-384}"
		-kernel "${VM_KERNEL:-$OBJ/arch/$ARCH/boot/$BOOT_IMAGE}" -initrd "$work/initrd"
		-append "console=$tty panic=-1 oops=panic numa=fake=2 brd.rd_size=65536 brd.rd_nr=1 quiet loglevel=7 rdinit=/init ${VM_ARGS:-}")
	[ "$ACCEL" != kvm ] || qemu+=(-cpu host)
	if [ "$mode" = shell ]; then
		"${qemu[@]}" -serial mon:stdio -chardev null,id=job || rc=$EX_BOOT
		rm -rf "$work"
		return "$rc"
	fi

	exec 8< <("${qemu[@]}" -serial "file:$console" -chardev stdio,id=job </dev/null 2>"$work/err" 9>&- || :; echo "@qemu")
	while :; do
		if ! IFS= read -r -t "${VM_SILENCE:-120}" line <&8; then
			say "the guest has been silent for ${VM_SILENCE:-120} seconds"
			kill "$(<"$work/pid")" 2>/dev/null || :
			status=$EX_BOOT
			break
		fi
		case $line in
		"@exit "*) status=${line#* } ;;
		"@qemu") break ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	exec 8<&-
	if [ -z "$status" ]; then
		status=$EX_BOOT
		grep -qs 'Kernel panic' "$console" && status=$EX_SPLAT
		[ -s "$console" ] || sed 's/^/qemu: /' "$work/err" >&2
	fi
	rm -rf "$work"
	# Nothing at all came from the guest: perhaps KVM promised too much.
	if [ "$ACCEL" = kvm ] && [ ! -s "$console" ]; then
		say "the guest does not speak under KVM; again without"
		ACCEL=tcg
		vm_boot "$@"
		return
	fi
	return "$status"
}

# vm_splats CONSOLE - print what a healthy kernel does not; false if there is
# nothing of the kind. $2: a regular expression of what was expected.
vm_splats() {
	grep -E "$SPLATS" "$1" | grep -Ev "${2:-^\$}"
}
