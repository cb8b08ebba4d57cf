"""Measures hallpass and its peers; writes docs/BENCHMARKS.md and the plots in docs/benchmarks.

    python3 benches/report                  all steps: half an hour
    python3 benches/report alone            these steps; the figures of the other steps are kept
    python3 benches/report page             writes the page and the plots from the kept figures
    python3 benches/report check            repeats the step `alone` and compares it with the page

Steps: alone (instructions and allocations of hallpass), instructions and allocations (of hallpass
and its peers), verify, axum, actix, users, roles, cookies (times, in rounds), load, revocation,
accounts, builds.

`check` writes nothing. It fails if an instruction count differs from the page by more than 3 %, if
an allocation count differs, or if `page` would write another page.

The figures are kept in docs/benchmarks/results.json. All steps need cargo and python3. `load` also
needs wrk. To measure the article's stack (benches/peers/article.py), `load` needs a Python with
starlette, pyjwt and uvicorn[standard]; PYTHON_OF_THE_ARTICLE names it (default: python3).
`accounts` needs psql and a PostgreSQL in DATABASE_URL. Without that it measures SQLite only.
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

# So many rounds that one busy moment of the machine does not change the median.
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
        sys.exit(f"unknown step: {', '.join(sorted(unknown))}\n\n{__doc__}")
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
