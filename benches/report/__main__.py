"""Measures hallpass beside its peers, and writes docs/BENCHMARKS.md and the plots in docs/benchmarks.

    python3 benches/report                  everything, a quarter of an hour
    python3 benches/report axum load        these steps alone; what the others found last time stays
    python3 benches/report page             the page and the plots from what was found last time

Steps: verify, axum, actix, users, roles, cookies (times, in rounds), allocations, instructions, load, revocation, sign_in, builds, page.
What was found is kept in docs/benchmarks/results.json. Needs cargo and python3; `load` needs wrk and, for
the article's stack, a Python with starlette, pyjwt and uvicorn[standard] (PYTHON_OF_THE_ARTICLE names it; python3 otherwise); `sign_in`
needs psql and a PostgreSQL in DATABASE_URL, or measures SQLite alone.
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

# Rounds of each group: enough for a median that a busy moment does not move.
ROUNDS = {"verify": 101, "axum": 151, "actix": 151, "users": 21, "roles": 21, "cookies": 21}

STEPS = {group: lambda group=group: times(group, ROUNDS[group]) for group in TIMED}
STEPS |= {"allocations": allocations, "instructions": instructions, "load": load.measure}
# Without the peers' programs.
OWN = {"revocation": own.revocation, "sign_in": own.sign_in, "builds": builds.measure}
STEPS |= OWN


def main(wanted):
    unknown = set(wanted) - set(STEPS) - {"page"}
    if unknown:
        sys.exit(f"no step is called {', '.join(sorted(unknown))}\n\n{__doc__}")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    steps = [step for step in STEPS if step in wanted or not wanted]
    if set(steps) - set(OWN):
        build()
    if steps:
        results["machine"] = machine.describe()
    for step in steps:
        print(f"== {step}", flush=True)
        results[step] = STEPS[step]()
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    plots.draw(results)
    page.write(results)


main(sys.argv[1:])
