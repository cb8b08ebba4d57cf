"""Runs the programs of benches/peers and reads their output."""
import json
import os
import statistics
import subprocess

from places import PEERS, PEERS_TARGET, PROGRAMS

TIMED = ["verify", "axum", "actix", "users", "roles", "cookies"]
# The other groups repeat a case with growing numbers; its allocations are those of the first one.
ALLOCATING = ["verify", "axum", "actix"]


def build():
    environment = os.environ | {"CARGO_TARGET_DIR": str(PEERS_TARGET)}
    command = ["cargo", "build", "--release", "--bins", "--locked"]
    subprocess.run(command, cwd=PEERS, env=environment, check=True)


def lines(*command):
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def times(group, rounds):
    """Returns the median of each case, and the median of its differences from the plain case, per
    round."""
    found = lines(str(PROGRAMS / "measure"), "time", str(rounds), group)
    samples = {case["case"]: case["samples"] for case in found}
    figures = []
    for case in found:
        name = case["case"]
        plain = samples["plain on axum 0.7"] if "axum 0.7" in name else found[0]["samples"]
        figures.append({
            "case": name,
            "grown": case["grown"],
            "ns": round(statistics.median(case["samples"]), 1),
            "added": round(statistics.median(here - there for here, there in zip(case["samples"], plain)), 1),
        })
        print(f"  {case['grown'] or '':>8} {name:<45} {figures[-1]['ns']:>10.0f} ns", flush=True)
    return figures


def allocations():
    found = lines(str(PROGRAMS / "allocations"), *ALLOCATING)
    return {group: {case["case"]: case["allocations"] for case in of(found, group)} for group in ALLOCATING}


def instructions():
    """Returns the counts by group and case. A growing case has a list of [size, count]."""
    found = lines(str(PROGRAMS / "measure"), "instructions", *TIMED)
    counts = {}
    for group in TIMED:
        by_case = counts[group] = {}
        for case in of(found, group):
            if group in ALLOCATING:
                by_case[case["case"]] = case["instructions"]
            else:
                by_case.setdefault(case["case"], []).append([case["grown"], case["instructions"]])
    return counts


def of(found, group):
    return [case for case in found if case["group"] == group]
