#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the bench counted, as a table and a plot, and compared with before.

  report.py publish RESULTS README   the table between the marks in README, and
                                     RESULTS/tasks.svg, of RESULTS/*.tsv
  report.py show FILE                the table
  report.py compare OLD NEW          fail where a count of NEW is more than 2
                                     percent above that of OLD

A result is instructions per task: how much more 2000 processes cost than 500,
over 1500. What an OOM costs besides falls out of the difference.
"""
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

TOLERANCE = 1.02
NEAR, FAR = 500, 2000
# In the order in which they were measured.
LINES = [line.split()[0] for line in (Path(__file__).parent / "lines").read_text().splitlines()
         if line and line[0] != "#" and not line.startswith("earlyoom")]


class Results:
    """One file of run-vm.sh bench; of the OOMs those of the long or the short form."""

    def __init__(self, path, short=False):
        self.chosen, self.killed, self.pages = {}, {}, {}
        self.earlyoom, self.earlyoom_pages = [], 0
        self.sizes, self.code, self.stack = defaultdict(dict), defaultdict(dict), defaultdict(dict)
        for line in Path(path).read_text().splitlines():
            kind, *field = line.split("\t")
            if kind == "base":
                self.base, self.version, self.gcc = field
            elif kind == "oom":
                variant, scope, cgroups, tasks, name, chosen, killed, victim, pages = field
                if (variant == "short") != short:
                    continue
                key = (scope, int(cgroups), int(tasks), name)
                if victim != "big":
                    sys.exit(f"{path}: {key}: {victim} died, not the biggest")
                self.chosen[key], self.killed[key] = int(chosen), int(killed)
                self.pages[name] = int(pages)
            elif kind == "earlyoom":
                self.earlyoom.append(int(field[2]))
            elif kind == "earlyoom-pages":
                self.earlyoom_pages = int(field[2])
            elif kind == "size":
                self.sizes[field[0]][field[1]] = int(field[2])
            elif kind == "code":
                self.code[field[0]][field[1]] = field[2]
            elif kind == "stack":
                saved, frame = field[2].split(" ")
                self.stack[field[0]][field[1]] = int(saved) + int(frame or "0", 16)

    def tasks(self, scope, cgroups, name):
        return sorted(k[2] for k in self.chosen if (k[0], k[1], k[3]) == (scope, cgroups, name))

    def slope(self, scope, cgroups, name, near=NEAR, far=FAR):
        """Instructions per task, or None."""
        at = [self.chosen.get((scope, cgroups, n, name)) for n in (near, far)]
        if None in at:
            return None
        value = (at[1] - at[0]) / (far - near)
        # A handler is counted with the scan of the kernel that follows it.
        if name.startswith("handler-"):
            value -= self.slope(scope, cgroups, "idle", near, far)
        return value

    def ratio(self, scope, cgroups, name):
        value, of = self.slope(scope, cgroups, name), self.slope(scope, cgroups, "unpatched")
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
        earlyoom = min(r.earlyoom)
        for name in ("unpatched", "by-pid", "pid", "cgroup", "priority", "cgroup-size"):
            key = ("global", 1, 1000, name)
            rows.append([version, f"`{name}`", f"{r.chosen[key]:,}", f"{r.killed[key]:,}",
                         f"{r.pages[name]}", f"{earlyoom / r.chosen[key]:.0f}"])
        rows.append([version, "earlyoom 1.7", f"{earlyoom:,}", "", f"{r.earlyoom_pages}", "1"])
    rows.append(["", "systemd-oomd 252, as published", "", "", "16384", ""])
    return table(["kernel", "who decides", "instructions to the choice", "to SIGKILL",
                  "pages held", "earlyoom's choice takes"], rows)


def scale(results):
    rows = []
    for r in results:
        for scope in ("memcg", "global"):
            for cgroups in (1, 64):
                for name in ("unpatched", "idle", "by-pid", "cgroup-size", "handler-cgroup-size"):
                    tasks = r.tasks(scope, cgroups, name)
                    if len(tasks) < 3:
                        continue
                    row = [r.version.split("-")[0], scope, str(cgroups), f"`{name}`"]
                    row += [f"{r.slope(scope, cgroups, name, a, b):.0f}"
                            for a, b in zip(tasks, tasks[1:])]
                    row += [f"{r.chosen[(scope, cgroups, tasks[-1], name)] / 1e6:.1f} million"]
                    rows.append(row)
    steps = [100, 500, 1000, 2000, 10000, 30000]
    return table(["kernel", "OOM", "cgroups", ""] + [f"to {n:,}" for n in steps[1:]] +
                 ["all of it at 30,000"], rows)


def idle(results):
    rows = []
    for r in results:
        row = [r.version.split("-")[0]]
        for what in ("text", "data"):
            row.append(f"{r.sizes['patched'][what] - r.sizes['unpatched'][what]:+d}")
        for what in ("out_of_memory", "oom_evaluate_task"):
            row.append(f"{r.stack['patched'][what] - r.stack['unpatched'][what]:+d}")
        for what in ("mm/page_alloc.o", "mm/memcontrol.o"):
            same = r.code["patched"][what] == r.code["unpatched"][what]
            row.append("same" if same else "DIFFERS")
        rows.append(row)
    return table(["kernel", "text, bytes", "data, bytes", "stack of out_of_memory()",
                  "stack of oom_evaluate_task()", "code of mm/page_alloc.o",
                  "code of mm/memcontrol.o"], rows)


def plot(results, path):
    """One curve for each way to choose, instructions against processes."""
    data, curves = [], []
    for r in results:
        version = r.version.split("-")[0]
        for name in ("unpatched", "idle", "by-pid", "cgroup-size", "handler-cgroup-size"):
            tasks = r.tasks("global", 1, name)
            if len(tasks) < 3:
                continue
            points = []
            for n in tasks:
                y = r.chosen[("global", 1, n, name)]
                if name.startswith("handler-"):
                    y -= r.chosen[("global", 1, n, "idle")]
                points.append(f"{n} {y}")
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


def show(path):
    print("\n\n".join(make([Results(path)]) for make in PARTS.values()))


def publish(folder, readme):
    results = [Results(p) for p in sorted(Path(folder).glob("*.tsv"))]
    plot(results, Path(folder) / "tasks.svg")
    text = Path(readme).read_text()
    for name, make in PARTS.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = before + begin + make(results) + "\n" + end + rest.split(end)[1]
    Path(readme).write_text(text)


def compare(old, new):
    was, now = Results(old, short=True), Results(new, short=True)
    worse = 0
    if was.version != now.version:
        print(f"recorded on {was.version}, now on {now.version}")
    for scope, cgroups, name in dict.fromkeys((k[0], k[1], k[3]) for k in now.chosen):
        a, b = was.slope(scope, cgroups, name), now.slope(scope, cgroups, name)
        if a is None:
            sys.exit(f"{old} has no {name}: run bench without --short")
        bad = b > a * TOLERANCE
        worse += bad
        print(f"{name:12} {scope:7} {cgroups:2} {a:8.1f} -> {b:8.1f}  {b / a:.3f}{'  ROSE' * bad}")
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
