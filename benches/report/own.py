"""Runs the benches that measure hallpass alone: verification behind a revocation view, and log-ins, renewals and log-outs on real databases."""
import json
import os
import re
import subprocess

from places import ROOT

GROUP = "verification with revocations"
SCHEMA = "hallpass_bench"


def bench(name, **more):
    command = ["cargo", "bench", "-p", "hallpass-benches", "--bench", name]
    return subprocess.run(command, cwd=ROOT, env=os.environ | more, check=True, stdout=subprocess.PIPE, text=True).stdout


def revocation():
    """Criterion's median for each size of the view."""
    bench("revocation")
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    found = []
    for case in ["no view", "0 entries", "1000 entries", "1000000 entries"]:
        estimates = json.loads((target / "criterion" / GROUP / case / "new" / "estimates.json").read_text())
        found.append({"case": case, "ns": round(estimates["median"]["point_estimate"], 1)})
        print(f"  {case:<45} {found[-1]['ns']:>10.1f} ns", flush=True)
    return found


def sign_in():
    """What the bench prints, database by database. DATABASE_URL names a PostgreSQL; without it there is SQLite alone."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        print("  no DATABASE_URL: PostgreSQL is left out")
        return read(bench("sign_in"))
    # The bench wants no tables there before it.
    statement(url, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
    try:
        mark = "&" if "?" in url else "?"
        return read(bench("sign_in", DATABASE_URL=f"{url}{mark}options[search_path]={SCHEMA}"))
    finally:
        statement(url, f"DROP SCHEMA {SCHEMA} CASCADE")


def statement(url, sql):
    quiet = os.environ | {"PGOPTIONS": "-c client_min_messages=warning"}
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", url, "-c", sql], check=True, env=quiet)


def read(printed):
    flushes = int(re.search(r"bare flushes of the disk: (\d+)/s", printed).group(1))
    databases = []
    for part in printed.split("\non ")[1:]:
        name, _, lines = part.partition(":\n")
        found = re.findall(r"^(.*, \d at once): (\d+)/s$", lines, re.MULTILINE)
        rates = {what: int(rate) for what, rate in found}
        databases.append({"database": name, "rates": rates})
        print(f"  {name}: {rates}", flush=True)
    return {"flushes": flushes, "databases": databases}
