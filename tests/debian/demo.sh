#!/bin/bash
# The lines that an administrator types, each with its output.
export SYSTEMD_PAGER='' SYSTEMD_COLORS=0 LC_ALL=C COLUMNS=100

# show LINE - print a command as it is typed, then run it.
show() {
	printf '\n# %s\n' "$1"
	bash -c "$1" 2>&1
}

export hog=/run/oom/tests/hog
cat >/etc/systemd/system/db.service <<END
[Service]
ExecStart=$hog 200 db
END
cat >/etc/systemd/system/report@.service <<END
[Service]
Slice=batch.slice
ExecStart=$hog 60 report-%i
END
systemctl daemon-reload

echo "A database of 200 MiB, two reports of 60 MiB in a slice of their own, and no memory left."
show "oom-policy check"
show "systemctl start db report@1 report@2; sleep 10"
show "oom-policy rank | head -n 5"
show "printf '%s\n' 'never cgroup=/system.slice/db.service' 'first cgroup=/batch.slice' >/etc/oom-policy.conf"
show "oom-policy check /etc/oom-policy.conf"
show "systemctl reload oom-policy"
show "oom-policy rank | head -n 5"
show "systemctl restart db; sleep 5"
show "systemd-run -q --wait -p OOMScoreAdjust=-1000 $hog until-kill"
show "systemctl is-active db report@1 report@2"
show "dmesg | grep -o 'oom_policy=.*\|Killed process.*' | cut -c-60"
show "journalctl -q -o cat -u oom-policy-watch"
show "echo 'last cgroup=/batch.slice' >>/etc/oom-policy.conf; systemctl reload oom-policy"
show "sed -i 2d /etc/oom-policy.conf; systemctl reload oom-policy"
show "oom-policy status rules"
