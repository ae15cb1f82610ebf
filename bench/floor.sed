# The choice of by_pid.bpf.c, compiled into mm/oom_policy.c: no policy can cost less.
# The pid is that of the module parameter oom_policy.floor.
s/#include <linux\/memcontrol.h>/&\n#include <linux\/moduleparam.h>/
/^int oom_policy_ask(/ i static unsigned int oom_floor;\nmodule_param_named(floor, oom_floor, uint, 0600);
s/return bpf_oom_evaluate_task(task, oc);/return task->tgid == oom_floor ? BPF_EVAL_SELECT : BPF_EVAL_NEXT;/
