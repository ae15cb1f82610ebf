#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the bench counted, as a table and a plot, and compared with before.

  report.py publish RESULTS README   the tables between the marks in README, and
                                     RESULTS/tasks.svg, of RESULTS/*.tsv
  report.py show FILE                the tables
  report.py compare OLD NEW          fail where a count of NEW is more than 2
                                     percent above that of OLD, or one is missing

A result is instructions per task: how much more 2000 processes cost than 500,
over 1500. What an OOM costs besides falls out of the difference.

Where what was counted is not what it is said to be they fail: all of them at the wrong
victim, or the right one by the choice of somebody else; publish and show also at growth
that is not linear, and at code that the series is not to touch, and did.
"""
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

TOLERANCE = 1.02
# What is counted from 100 to 30,000 processes.
SCALE = ("unpatched", "idle", "by-pid", "cgroup-size", "age", "handler-cgroup-size")
NEAR, FAR = 500, 2000
# In the order in which they were measured.
LINES = [line.split()[0] for line in (Path(__file__).parent / "lines").read_text().splitlines()
         if line and line[0] != "#" and not line.startswith("earlyoom")]
POLICIES = [name for name in LINES if not name.startswith("handler-")]
STEPS = [100, 500, 1000, 2000, 10000, 30000]
# How far the slope of a step may be from that of a table: from 10,000 on there are ticks
# in it, and now and then a million instructions of a worker that ran in between.
FLAT = [0.05, 0.05, 0.05, 0.05, 0.15]


def chooses(name):
    """What the report of the OOM says of who chose."""
    if name in ("unpatched", "idle", "observe"):
        return "-"
    if name in ("floor", "by-pid") or name.startswith("chain-"):
        return "bpf"
    return "handler" if name.startswith("handler-") else name.removesuffix("-stacked")


class Results:
    """One file of run-vm.sh bench."""

    def __init__(self, path):
        self.path = path
        self.chosen, self.killed, self.limit, self.held = {}, {}, {}, {}
        self.earlyoom = defaultdict(list)
        self.sizes, self.code, self.stack = defaultdict(dict), defaultdict(dict), defaultdict(dict)
        for line in Path(path).read_text().splitlines():
            kind, *field = line.split("\t")
            if kind == "base":
                self.base, self.version, self.gcc = field
            elif kind == "oom":
                _, scope, cgroups, tasks, name, chosen, killed, limit, victim, by, held = field
                key = (scope, int(cgroups), int(tasks), name)
                if (victim, by) != ("big", chooses(name)):
                    sys.exit(f"{path}: {key}: {victim} died, by the choice of {by}")
                self.chosen[key], self.killed[key] = int(chosen), int(killed)
                self.limit[key], self.held[key] = int(limit), int(held)
            elif kind == "earlyoom":
                self.earlyoom[field[2]].append(int(field[3]))
            elif kind == "earlyoom-version":
                self.earlyoom_version = field[0]
            else:
                {"size": self.sizes, "code": self.code,
                 "stack": self.stack}[kind][field[0]][field[1]] = int(field[2])

    def problems(self):
        """Why the tables of this file are not to be believed."""
        for scope in ("memcg", "global"):
            for cgroups in (1, 64):
                for name in SCALE:
                    at = [self.chosen[scope, cgroups, n, name] for n in STEPS]
                    slopes = [(b - a) / (far - near) for a, b, near, far
                              in zip(at, at[1:], STEPS, STEPS[1:])]
                    mean = (at[STEPS.index(FAR)] - at[STEPS.index(NEAR)]) / (FAR - NEAR)
                    if any(abs(s / mean - 1) > flat for s, flat in zip(slopes, FLAT)):
                        yield f"{scope} {cgroups} {name}: not linear: {slopes}"
        for name, value in self.code["unpatched"].items():
            if self.code["patched"][name] != value:
                yield f"{name} is other code with the series than without"

    def slope(self, scope, cgroups, name, near=NEAR, far=FAR):
        """Instructions per task, or None."""
        at = [self.until_chosen(scope, cgroups, n, name) for n in (near, far)]
        return None if None in at else (at[1] - at[0]) / (far - near)

    def until_chosen(self, scope, cgroups, tasks, name):
        """All instructions of an OOM until there is a victim, or None."""
        value = self.chosen.get((scope, cgroups, tasks, name))
        # A handler is counted with the scan of the kernel that follows it.
        if value is not None and name.startswith("handler-"):
            value -= self.chosen[(scope, cgroups, tasks, "idle")]
        return value

    def ratio(self, scope, cgroups, name, near=NEAR, far=FAR):
        value, of = (self.slope(scope, cgroups, n, near, far) for n in (name, "unpatched"))
        return value / of if value is not None and of else None


def table(head, rows):
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head)] + rows)


def per_task(results):
    rows = []
    for name in ["unpatched", "floor"] + LINES:
        row = [f"`{name}`"]
        for r in results:
            for scope in ("memcg", "global"):
                value, ratio = r.slope(scope, 1, name), r.ratio(scope, 1, name)
                row.append("" if value is None else f"{value:.0f} ({ratio:.2f})")
        rows.append(row)
    head = ["instructions per task"]
    head += [f"{r.version.split('-')[0]} {scope}" for r in results for scope in ("memcg", "global")]
    return table(head, rows)


def decision(results):
    rows = []
    for r in results:
        version = r.version.split("-")[0]
        later = min(r.earlyoom["later"])
        for name in ("unpatched", "by-pid", "pid", "cgroup", "priority", "cgroup-size"):
            one, all_of_it = ("memcg", 1, 1000, name), ("global", 1, 1000, name)
            rows.append([version, f"`{name}`", f"{r.chosen[all_of_it]:,}",
                         f"{later / r.chosen[all_of_it]:.0f}", f"{r.chosen[one]:,}",
                         f"{r.limit[one] + r.killed[one]:,}", f"{r.held[one] / 1024:.0f}"])
        held = f"{r.earlyoom['bytes'][0] / 1024:.0f}"
        for which, value in (("first", r.earlyoom["first"][0]), ("a later", later)):
            rows.append([version, f"earlyoom {r.earlyoom_version}, {which} decision", f"{value:,}",
                         "", "", "", held])
    for line in (Path(__file__).parent / "published.tsv").read_text().splitlines():
        if line[0] != "#":
            who, kib = line.split("\t")
            rows.append(["", who, "", "", "", "", kib])
    return table(["kernel", "who decides", "to the choice, global",
                  "times less than earlyoom later", "to the choice, memcg",
                  "limit reached to SIGKILL, memcg", "KiB held"], rows)


def scale(results):
    rows = []
    for r in results:
        for scope in ("memcg", "global"):
            for cgroups in (1, 64):
                for name in SCALE:
                    row = [r.version.split("-")[0], scope, str(cgroups), f"`{name}`"]
                    for near, far in zip(STEPS, STEPS[1:]):
                        value = r.slope(scope, cgroups, name, near, far)
                        ratio = r.ratio(scope, cgroups, name, near, far)
                        row.append("" if value is None else f"{value:.0f} ({ratio:.2f})")
                    # The scan of a memcg is no RCU read-side section.
                    total = scope == "global" and r.until_chosen(scope, cgroups, STEPS[-1], name)
                    rows.append(row + [f"{total / 1e6:.1f} million" if total else ""])
    return table(["kernel", "OOM", "cgroups", ""] + [f"to {n:,}" for n in STEPS[1:]] +
                 ["in one RCU section, at 30,000"], rows)


def idle(results):
    rows = []
    for r in results:
        row = [r.version.split("-")[0]]
        for what in ("text", "data", "BTF"):
            row.append(f"{r.sizes['patched'][what] - r.sizes['unpatched'][what]:+d}")
        for what in ("out_of_memory", "oom_evaluate_task"):
            row.append(f"{r.stack['patched'][what] - r.stack['unpatched'][what]:+d}")
        row += [str(r.stack["patched"][what]) for what in ("oom_policy_begin", "oom_policy_ask")]
        for what in ("mm/page_alloc.o", "mm/memcontrol.o"):
            same = r.code["patched"][what] == r.code["unpatched"][what]
            row.append("same" if same else "DIFFERS")
        rows.append(row)
    return table(["bytes", "text", "data", "BTF", "stack: out_of_memory()", "oom_evaluate_task()",
                  "and oom_policy_begin()", "or oom_policy_ask()", "code of mm/page_alloc.o",
                  "of mm/memcontrol.o"], rows)


def plot(results, path):
    """One curve for each way to choose, instructions against processes."""
    data, curves = [], []
    for r in results:
        version = r.version.split("-")[0]
        for name in SCALE:
            points = [f"{n} {r.until_chosen('global', 1, n, name)}" for n in STEPS]
            data.append(f"${'d' + str(len(data))} << E\n" + "\n".join(points) + "\nE")
            curves.append((len(data) - 1, f"{version} {name}"))
    lines = ", ".join(f"$d{i} using 1:2 with linespoints title '{t}' noenhanced" for i, t in curves)
    script = "\n".join(data) + f"""
set terminal svg size 900,600 noenhanced background rgb 'white'
set output '{path}'
set logscale xy
set format y '10^{{%L}}'
set xlabel 'processes'
set ylabel 'instructions until the victim is chosen (global OOM)'
set key left top
set grid
plot {lines}
"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


PARTS = {"per-task": per_task, "decision": decision, "scale": scale, "idle": idle}


def believe(results):
    wrong = [f"{r.path}: {problem}" for r in results for problem in r.problems()]
    if wrong:
        sys.exit("\n".join(wrong))


def show(path):
    results = [Results(path)]
    print("\n\n".join(make(results) for make in PARTS.values()))
    believe(results)


def publish(folder, readme):
    results = [Results(p) for p in sorted(Path(folder).glob("*.tsv"))]
    plot(results, Path(folder) / "tasks.svg")
    text = Path(readme).read_text()
    for name, make in PARTS.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = before + begin + make(results) + "\n" + end + rest.split(end)[1]
    Path(readme).write_text(text)
    believe(results)


def compare(old, new):
    was, now = Results(old), Results(new)
    worse = 0
    wanted = {(scope, 1, n, name) for scope in ("memcg", "global") for n in (NEAR, FAR)
              for name in POLICIES}
    wanted |= {(scope, 64, n, "cgroup-size") for scope in ("memcg", "global") for n in (NEAR, FAR)}
    for path, missing in ((old, wanted - set(was.chosen)), (new, wanted - set(now.chosen))):
        if missing:
            sys.exit(f"{path} has no {sorted(missing)}")
    if was.version != now.version:
        print(f"recorded on {was.version}, now on {now.version}")
    for scope, cgroups, n, name in sorted(wanted):
        a, b = (r.chosen[scope, cgroups, n, name] for r in (was, now))
        what = f"{n} processes"
        if n == FAR:
            a, b = (r.slope(scope, cgroups, name) for r in (was, now))
            what = "a process"
        bad = b > a * TOLERANCE
        worse += bad
        print(f"{name:12} {scope:7} {cgroups:2} {what:14} {a:9.0f} -> {b:9.0f}  {b / a:.3f}{'  ROSE' * bad}")
    if worse:
        sys.exit(f"{worse} counts rose by more than {TOLERANCE - 1:.0%}")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "publish":
        publish(*sys.argv[2:])
    elif len(sys.argv) == 3 and sys.argv[1] == "show":
        show(sys.argv[2])
    elif len(sys.argv) == 4 and sys.argv[1] == "compare":
        compare(*sys.argv[2:])
    else:
        sys.exit(__doc__)
