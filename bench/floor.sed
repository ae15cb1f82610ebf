# What by_pid.bpf.c chooses, compiled into the kernel: no policy can cost less.
# The pid is that of the module parameter oom_kfuncs.floor.
/^__weak noinline int bpf_oom_evaluate_task/ i unsigned int oom_floor;
/^\tbpf_set_policy_name(oc);/ i \	oom_policy.asking = true;
/^static int __init oom_kfuncs_init/ i module_param_named(floor, oom_floor, uint, 0600);
s/#include <linux\/memcontrol.h>/&\n#include <linux\/moduleparam.h>/
s/verdict = bpf_oom_evaluate_task(task, oc);/verdict = task->tgid == oom_floor ? BPF_EVAL_SELECT : BPF_EVAL_NEXT;/
s/^int bpf_oom_evaluate_task(/extern unsigned int oom_floor;\n&/
