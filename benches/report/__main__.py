"""Measures hallpass beside its peers, and writes docs/BENCHMARKS.md and the plots in docs/benchmarks.

    python3 benches/report                  everything: half an hour
    python3 benches/report alone            named steps; the figures of the other steps stay
    python3 benches/report page             no step: the page and the plots from the kept figures
    python3 benches/report check            counts hallpass alone again and compares with the page

Steps: alone (instructions and allocations of hallpass), instructions and allocations (beside the
peers), verify, axum, actix, users, roles, cookies (times, in rounds), load, revocation, accounts,
builds.

`check` writes nothing. It fails if an instruction count differs from the page by more than 3 %, if
an allocation count differs, or if the page is not what `page` would write.

The figures are kept in docs/benchmarks/results.json. Needs cargo and python3. `load` needs wrk and,
for the article's stack, a Python with starlette, pyjwt and uvicorn[standard], named by
PYTHON_OF_THE_ARTICLE (default: python3). `accounts` needs psql and a PostgreSQL in DATABASE_URL;
without DATABASE_URL it measures SQLite only.
"""
import json
import sys

import builds
import load
import machine
import own
import page
import plots
from peers import TIMED, allocations, build, instructions, times
from places import RESULTS

# Enough for a median that one busy moment does not move.
ROUNDS = {"verify": 101, "axum": 151, "actix": 151, "users": 21, "roles": 21, "cookies": 21}

# The steps that do not need the peers' programs.
OWN = {
    "alone": own.alone,
    "revocation": own.revocation,
    "accounts": own.accounts,
    "builds": builds.measure,
}
STEPS = {"instructions": instructions, "allocations": allocations}
STEPS |= {group: lambda group=group: times(group, ROUNDS[group]) for group in TIMED}
STEPS |= {"load": load.measure} | OWN


def main(wanted):
    unknown = set(wanted) - set(STEPS) - {"page", "check"}
    if unknown:
        sys.exit(f"no step is called {', '.join(sorted(unknown))}\n\n{__doc__}")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if wanted == ["check"]:
        faults = own.differences(results.get("alone"), own.alone()) + page.differences(results)
        sys.exit("\n".join(faults) if faults else 0)
    steps = [step for step in STEPS if step in wanted or not wanted]
    if set(steps) - set(OWN):
        build()
    if set(steps) & set(TIMED):
        results["machine"] = machine.describe()
    for step in steps:
        print(f"== {step}", flush=True)
        results[step] = STEPS[step]()
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    plots.draw(results)
    page.write(results)


main(sys.argv[1:])
