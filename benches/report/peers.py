"""Runs the programs of benches/peers and makes figures of what they print."""
import json
import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from places import PEERS, PROGRAMS

TIMED = ["verify", "axum", "actix", "users", "roles", "cookies"]
COUNTED = ["verify", "axum", "actix"]
# How often callgrind sees each case: it repeats to the instruction, so a few are enough.
TIMES = 200
WITHIN = "measure::instructions::measured"


def build():
    environment = os.environ | {"CARGO_TARGET_DIR": str(PEERS / "target")}
    subprocess.run(["cargo", "build", "--release", "--bins", "--locked"], cwd=PEERS, env=environment, check=True)


def lines(*command):
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def times(group, rounds):
    """The median of each case; and what it adds to the plain one, as the median of the differences within a round."""
    found = lines(str(PROGRAMS / "measure"), "time", str(rounds), group)
    samples = {case["case"]: case["samples"] for case in found}
    figures = []
    for case in found:
        name = case["case"]
        beside = samples["plain on axum 0.7"] if "axum 0.7" in name else found[0]["samples"]
        figures.append({
            "case": name,
            "grown": case["grown"],
            "ns": round(statistics.median(case["samples"]), 1),
            "added": round(statistics.median(here - there for here, there in zip(case["samples"], beside)), 1),
        })
        print(f"  {case['grown'] or '':>8} {name:<45} {figures[-1]['ns']:>10.0f} ns", flush=True)
    return figures


def allocations():
    found = lines(str(PROGRAMS / "allocations"), *COUNTED)
    return {group: {case["case"]: case["allocations"] for case in found if case["group"] == group} for group in COUNTED}


def instructions():
    """Callgrind writes a dump each time it leaves `measured`: one for each case, in order."""
    counted = {}
    with tempfile.TemporaryDirectory() as directory:
        for group in COUNTED:
            found = lines(
                "valgrind", "--quiet", "--tool=callgrind", f"--toggle-collect={WITHIN}", f"--dump-after={WITHIN}",
                f"--callgrind-out-file={directory}/{group}", str(PROGRAMS / "measure"), "instructions", str(TIMES), group,
            )
            counted[group] = {
                case["case"]: round(summary(Path(directory, f"{group}.{number}")) / TIMES)
                for number, case in enumerate(found, 1)
            }
    return counted


def summary(dump):
    return int(re.search(r"^(?:summary|totals): (\d+)", dump.read_text(), re.MULTILINE).group(1))
