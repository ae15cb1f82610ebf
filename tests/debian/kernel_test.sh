#!/bin/bash
# The kernel that runs here was installed from its own package.
# shellcheck disable=SC2317,SC2329  # the library calls the tests

test_package() {
	local image
	image=linux-image-$(uname -r)
	[[ $image == *-oom ]]
	expect "install ok installed" "$(dpkg-query -W -f '${Status}' "$image")"
	expect "$image: /boot/vmlinuz-$(uname -r)" "$(dpkg -S "/boot/vmlinuz-$(uname -r)")"
	oom-policy check
}

# shellcheck source=tests/debian/lib.sh
. "$(dirname "$0")/lib.sh"
