"""Runs the benches that measure hallpass alone."""
import json
import os
import re
import subprocess

import machine
from places import ROOT

GROUP = "verification with a revocation list"
SCHEMA = "hallpass_bench"
# Instruction counts repeat on one machine. Another compiler release changes them by less than this.
TOLERANCE = 0.03
# A filter that matches no bench: the tables of instructions are printed, and no time is measured.
NO_TIMES = "^$"


def bench(name, *words, package="hallpass-benches", features="", **more):
    command = ["cargo", "bench", "-p", package, "--features", features, "--bench", name, "--", *words]
    run = subprocess.run(
        command, cwd=ROOT, env=os.environ | more, check=True, stdout=subprocess.PIPE, text=True)
    return run.stdout


def tables(printed):
    """Yields the title and the rows (case, count) of each table of instructions."""
    for part in printed.split("\n\n"):
        title, _, rest = part.strip().partition("\n")
        head, _, rows = rest.partition("\n")
        if head.split() == ["ratio", "instructions"]:
            found = re.findall(r"^ *[\d.]+ +(\d+)  (.+)$", rows, re.MULTILINE)
            yield title, [(case, int(count)) for count, case in found]


def alone():
    """Returns the instructions and allocations of each table that the benches print."""
    printed = bench("allocations")
    lines = re.findall(r"^ *(\d+)  (.+): (.+?)$", printed, re.MULTILINE)
    allocations = {(group, case): int(count) for count, group, case in lines}
    found = []
    for name in ("verify", "request", "actix"):
        for title, rows in tables(bench(name, NO_TIMES)):
            if "added to" in title:
                # A row is the difference of two rows of the previous table.
                continue
            group = title.split(",")[0]
            rows = [
                {"case": case, "instructions": count, "allocations": allocations[group, case]}
                for case, count in rows
            ]
            found.append({"title": title, "rows": rows})
            for row in rows:
                print(f"  {title}: {row['case']:<50} {row['instructions']:>9,}", flush=True)
    if not found:
        raise SystemExit("instructions cannot be counted on this machine")
    return {"processor": machine.processor(), "tables": found}


def differences(kept, counted):
    """Returns the differences from the figures of the page. Returns none if the machine differs."""
    if not kept:
        return ["no figures are kept; run: python3 benches/report alone"]
    if kept["processor"] != counted["processor"]:
        print(
            "instructions are counted, but not compared, because the page is from another machine: "
            f"page {kept['processor']}, here {counted['processor']}")
        return []
    old, new = (
        {(table["title"], row["case"]): row for table in found["tables"] for row in table["rows"]}
        for found in (kept, counted))
    faults = [
        f"{': '.join(key)} is {'on the page only' if key in old else 'not on the page'}"
        for key in sorted(old.keys() ^ new.keys())
    ]
    for key in sorted(old.keys() & new.keys()):
        was, now = (row[key]["instructions"] for row in (old, new))
        if abs(now - was) > TOLERANCE * was:
            faults.append(f"{': '.join(key)}: {was:,} instructions on the page, {now:,} counted")
        was, now = (row[key]["allocations"] for row in (old, new))
        if now != was:
            faults.append(f"{': '.join(key)}: {was} allocations on the page, {now} counted")
    if faults:
        faults.append("explain the difference in the commit and run: python3 benches/report alone")
    return faults


def revocation():
    """Returns the instructions and criterion's median for each size of the list."""
    [(_, counts)] = tables(bench("revocation"))
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    found = []
    for case, count in counts:
        estimates = target / "criterion" / GROUP / case / "new" / "estimates.json"
        median = json.loads(estimates.read_text())["median"]["point_estimate"]
        found.append({"case": case, "instructions": count, "ns": round(median, 1)})
        print(f"  {case:<45} {count:>8,} {median:>10.1f} ns", flush=True)
    return found


def accounts():
    """Returns the rates that the bench prints for each database."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        print("  no DATABASE_URL: PostgreSQL is not measured")
        return read(bench("accounts", package="hallpass-sqlx"))
    # The bench needs an empty schema.
    statement(url, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
    try:
        mark = "&" if "?" in url else "?"
        url_of_schema = f"{url}{mark}options[search_path]={SCHEMA}"
        printed = bench(
            "accounts", package="hallpass-sqlx", features="postgres", DATABASE_URL=url_of_schema)
        return read(printed)
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
        found = re.findall(r"^(.*, \d concurrent): (\d+)/s$", lines, re.MULTILINE)
        rates = {what: int(rate) for what, rate in found}
        databases.append({"database": name, "rates": rates})
        print(f"  {name}: {rates}", flush=True)
    return {"flushes": flushes, "databases": databases}
