#!/usr/bin/env bash
# Metrics of a guest where a policy has chosen, as promtool reads them.
#
#   metrics.sh [BASE]
#
# Exit status: 0, 1 promtool has found something or a counter is missing, 3 to 7 as of
# run-vm.sh.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# In the guest: a process takes more than its cgroup may have, and is chosen.
# shellcheck disable=SC2016  # for the guest's shell
JOB='cd /sys/fs/cgroup && echo +memory >cgroup.subtree_control && mkdir small && echo 16M >small/memory.max &&
	oom-policy load pid && oom-policy load cgroup --set /small=prefer &&
	{ sh -c "echo 0 >small/cgroup.procs; echo 0 >/proc/self/oom_score_adj; exec tail /dev/zero"
	oom-policy status --openmetrics; } 2>/dev/null'

need promtool=prometheus
make_dirs "$BUILD"
"$ROOT/scripts/run-vm.sh" -b "${1:-6.12}" exec -- sh -c "$JOB" >"$BUILD/metrics"
promtool check metrics <"$BUILD/metrics" || die $EX_FAIL "promtool does not take $BUILD/metrics"
for line in 'oom_policy_victims_total{policy="cgroup"} 1' 'oom_policy_victims_total{policy="pid"} 0' \
	'oom_policy_outcomes_total{policy="cgroup",outcome="policy"} 1'; do
	grep -qxF "$line" "$BUILD/metrics" || die $EX_FAIL "not in $BUILD/metrics: $line"
done
