"""Writes the figures into docs/BENCHMARKS.md, between its markers. The rest is written by hand."""
import sys

from places import PAGE
from targets import targets

BEGIN, END = "<!-- written by python3 benches/report -->", "<!-- end of what it writes -->"


def write(results):
    PAGE.write_text(text(results))
    print(f"wrote {PAGE}")


def differences(results):
    if PAGE.read_text() == text(results):
        return []
    return [f"{PAGE} does not show the kept figures; run: python3 benches/report page"]


def text(results):
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{PAGE} has no markers: {BEGIN} and {END}")
    parts = [part(results) for part in PARTS]
    return before + BEGIN + "\n" + "\n".join(filter(None, parts)) + "\n" + END + after


def table(head, rows):
    """The first column to the left, the others to the right; without columns that are empty."""
    kept = [place for place in range(len(head)) if place == 0 or any(row[place] for row in rows)]
    head, rows = [head[place] for place in kept], [[row[place] for place in kept] for row in rows]
    rule = "|---|" + "---:|" * (len(head) - 1)
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", rule, *lines]) + "\n"


def number(value):
    return "" if value is None else f"{value:,.0f}"


def ratio(value):
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def strong(case):
    return f"**{case}**" if case.startswith("hallpass") else case


def machine(results):
    it, libc = results["machine"], results.get("alone", {}).get("processor", {}).get("libc")
    versions = ", ".join(f"{name} {' and '.join(found)}" for name, found in it["versions"].items())
    return f"""## Machine

{it['cpu']}, {it['cores']} cores, {"with" if it['sha_ni'] else "without"} SHA extensions,
{it['system']}, {libc + ", " if libc else ""}Rust {it['rust']}, release build with thin LTO and one codegen unit.
The other versions: {versions}; the rest is in [Cargo.lock](../benches/peers/Cargo.lock).

**Instructions and allocations repeat**: the same code gives the same count on a busy machine.
Instructions are those of user code on this processor, counted by its hardware counter or, where
there is none, by single-stepping (`ptrace`). Ratios are ratios of instructions where a table has
instructions, and of times elsewhere. A processor without SHA extensions needs several times as many
instructions for an HMAC.

**Times do not repeat**: the machine is shared. Times ({it['date']}) are medians of rounds in which
every case has its turn; compare them within one table only.
"""


def alone(results):
    if "alone" not in results:
        return ""
    found = {it["title"]: it["rows"] for it in results["alone"]["tables"]}
    tokens, sites = [], []
    for title, rows in found.items():
        if "whole request" in title:
            unit = next(row for row in rows if row["case"] in UNITS)
            sites.append(f"{title.split(',')[0]}:\n\n" + added_alone(rows, unit))
        else:
            unit = next((row for row in rows if row["case"] == "HS256 full"), rows[0])
            tokens += [
                [
                    strong(row["case"]) if row is unit else row["case"],
                    title,
                    ratio(row["instructions"] / unit["instructions"]),
                    number(row["instructions"]),
                    number(row["allocations"]),
                ]
                for row in rows
            ]
    return """## hallpass alone

`cargo bench -p hallpass-benches` with `--bench verify`, `request`, `actix` or `allocations`. CI
counts these tables again (`python3 benches/report check`) and fails if an instruction count differs
by more than 3 %.

One token, verified. "hallpass" reads the claims; "hallpass to an identity" also copies them into
the identity that a handler receives. The last rows are the whole way from the request's headers to
the identity. "Remembered" is the second and each later time that the same token arrives, with the
cache of verified tokens, which is on by default for asymmetric keys only.

""" + table(["verified by", "token", "ratio", "instructions", "allocations"], tokens) + """
One request, in process: the figures that hallpass adds to the plain page. "Outside" is the layer
around the router instead of in it.

""" + "\n".join(sites)


# The rows that are 1.
UNITS = ["layer outside, guard", "middleware and guard"]


def added_alone(rows, unit):
    plain = next(row for row in rows if row["case"] == "plain")
    one = unit["instructions"] - plain["instructions"]
    lines = []
    for row in rows:
        if row is plain:
            lines.append(["plain", "", f"({number(row['instructions'])})", f"({row['allocations']})"])
            continue
        more = row["instructions"] - plain["instructions"]
        name = f"**{row['case']}**" if row is unit else row["case"]
        allocations = row["allocations"] - plain["allocations"]
        lines.append([name, ratio(more / one), number(more), number(allocations)])
    return table(["added to the plain page", "ratio", "instructions", "allocations"], lines)


def counts(results, group, case):
    """Instructions and allocations; None where they are not counted yet."""
    return tuple(results.get(step, {}).get(group, {}).get(case) for step in ("instructions", "allocations"))


def compared(count, unit, ns, unit_ns):
    """The ratio of two counts, or of two times where nothing was counted."""
    return ratio(ns / unit_ns if count is None or unit is None else count / unit)


def verify(results):
    found = results.get("verify")
    if not found:
        return ""
    rows, ns = [], {case["case"]: case["ns"] for case in found}
    for case in found:
        name = case["case"]
        ours = "hallpass, EdDSA" if "EdDSA" in name or "public" in name else "hallpass"
        unit, _ = counts(results, "verify", ours)
        instructions, allocations = counts(results, "verify", name)
        of_unit = compared(instructions, unit, case["ns"], ns[ours])
        rows.append([strong(name), of_unit, number(instructions), number(allocations), number(case["ns"])])
    return """## Verifying one token, beside peers

Signature, issuer, audience and expiry are checked and all claims are read: user, two roles, times,
methods, session and generation. The algorithm is HS256 where the name gives no other. jsonwebtoken
has its faster backend (`rust_crypto`).

""" + table(["", "ratio", "instructions", "allocations", "ns"], rows) + """
![Verifying one token](benchmarks/verify.svg)
"""


def added_rows(results, group, unit):
    """The figures that each case adds to the plain page, and their ratio to the unit's."""
    def added(name):
        plain = "plain on axum 0.7" if "axum 0.7" in name else "plain"
        here, there = counts(results, group, name), counts(results, group, plain)
        return [None if mine is None else mine - base for mine, base in zip(here, there)]

    one, _ = added(unit)
    one_ns = next(case["added"] for case in results[group] if case["case"] == unit)
    rows = []
    for case in results[group]:
        name = case["case"]
        if name.startswith("plain"):
            whole = [*counts(results, group, name), case["ns"]]
            shown = ("" if value is None else f"({number(value)})" for value in whole)
            rows.append([name, "", *shown])
            continue
        instructions, allocations = added(name)
        figures = [number(value) for value in (instructions, allocations, case["added"])]
        of_unit = compared(instructions, one, case["added"], one_ns)
        rows.append([strong(name), of_unit, *figures])
    return rows


def axum(results):
    if "axum" not in results:
        return ""
    rows = added_rows(results, "axum", "hallpass: layer outside, guard")
    return """## A whole request on axum, beside peers

The page `GET /admin`, which an admin may read, in process: the figures that each guard adds to the
open page. The time includes reading the system's clock.

""" + table(["added to the open page", "ratio", "instructions", "allocations", "ns"], rows) + """
**The place of the layer matters.** axum boxes every layer inside of a `Router`: "no-op layer and
guard" are two layers that do nothing, in the places of hallpass's two. The cheapest way is the
layer around the router, and the guard as an argument of the handler (`Allowed<P>`) or around it
(`Handler::layer`); [the guide](guide/src/axum.md#7-where-the-layer-stands) shows both. Counts are
those of the request's own thread: SQLite's thread is not in them, and waiting for it is most of the
time of these rows. [Over loopback](#over-loopback) has the server's CPU time.

**Store calls per request: 0.** The request path has no store: `crates/internal/conformance` sends a
million requests and counts. axum-login makes two calls (the session, the account).

![Instructions that a guard adds](benchmarks/added.svg)
"""


def actix(results):
    if "actix" not in results:
        return ""
    rows = added_rows(results, "actix", "hallpass: middleware and guard")
    return """## A whole request on actix-web, beside peers

""" + table(["added to the open page", "ratio", "instructions", "allocations", "ns"], rows) + """
actix-identity has its session in an encrypted cookie here, which is its cheapest store.
"""


def growth(results):
    return "\n".join([
        """## As a site grows

A token that names many roles, verified.
""",
        grown(results, "roles", "roles in the token"),
        "![As roles grow](benchmarks/roles.svg)\n",
        "A whole request on axum with other cookies before ours.\n",
        grown(results, "cookies", "other cookies"),
        "![As cookies grow](benchmarks/cookies.svg)\n",
        """A whole request on axum, by the number of users of the site. Up to 10,000 different callers take
turns (1,000 sessions for axum-login), so tokens and accounts do not stay in the processor's caches;
instructions do not show that, and times do. In the second line every account has an entry in the
revocation list, so each request finds one.
""",
        grown(results, "users", "users"),
        "![As users grow](benchmarks/users.svg)\n",
    ])


def grown(results, group, what):
    found, counted = results[group], results.get("instructions", {}).get(group, {})
    steps = sorted({case["grown"] for case in found})
    names = list(dict.fromkeys(case["case"] for case in found))
    at = {(case["case"], case["grown"]): case["ns"] for case in found}
    instructions = {(name, step): count for name in counted for step, count in counted[name]}
    head = [what, *(number(step) for step in steps)]
    rows = [
        [f"{strong(name)}, {unit}", *(number(of[name, step]) for step in steps)]
        for unit, of in (("instructions", instructions), ("ns", at))
        for name in names
        if of
    ]
    return table(head, rows)


def load(results):
    found = results.get("load")
    if not found:
        return ""
    ours = next(case for case in found if case["case"] == "hallpass: layer outside, guard")
    rows = [
        [
            strong(case["case"]),
            f"{case['share']:.3f}",
            ratio(ours["requests"] / case["requests"]),
            number(case["requests"]),
            f"{case['cpu']:.1f}",
        ]
        for case in found
    ]
    head = ["", "share of the open route", "hallpass answers … times", "requests/s", "CPU µs per request"]
    return f"""## Over loopback

One server process on one core, `wrk` with 16 connections on the other. The second column of ratios
compares with the layer outside the router. Requests per second are those of the best of
{len(ours['rates'])} rounds of a second; CPU time is the server's, by the kernel's accounting (the
lower quartile).

""" + table(head, rows) + """
![Requests per second](benchmarks/loopback.svg)
"""


def revocation(results):
    found = results.get("revocation")
    if not found:
        return ""
    one = found[0]
    rows = [
        [
            case["case"].replace("1000000", "1,000,000").replace("1000 ", "1,000 "),
            compared(case.get("instructions"), one.get("instructions"), case["ns"], one["ns"]),
            number(case.get("instructions")),
            number(case["ns"]),
        ]
        for case in found
    ]
    return """## With a revocation list

Verification of a live token with all claims, which looks up its account and its session:
`cargo bench -p hallpass-benches --bench revocation`. Half of the entries are accounts, half are
sessions.

""" + table(["in the list", "ratio", "instructions", "ns"], rows)


def accounts(results):
    found = results.get("accounts")
    if not found:
        return ""
    names = list(found["databases"][0]["rates"])
    rates = [database["rates"] for database in found["databases"]]
    rows = [[name, *(number(each[name]) for each in rates)] for name in names]
    head = ["per second", *(database["database"] for database in found["databases"])]
    return f"""## Logins, refreshes and logouts

`cargo bench -p hallpass-sqlx --features postgres --bench accounts`: one person, then eight people
concurrently. A login is one argon2 run at the default cost and one write; a refresh and a logout
are one write each. Each write is on the disk before it is acknowledged; this disk does
{number(found['flushes'])} bare flushes per second. The server is on the same machine.

""" + table(head, rows)


def builds(results):
    found = results.get("builds")
    if not found:
        return ""
    columns = ("crates", "with_build", "seconds", "cpu")
    rows = [[strong(it["case"]), *(number(it[what]) for what in columns)] for it in found]
    head = ["", "crates", "with those of build scripts", "seconds", "CPU seconds"]
    return """## What it takes to build

The dependencies of a service with one guarded route on axum, built from nothing in debug. The
[service that only verifies](guide/src/verify-only.md) is the one with public keys: they need
aws-lc, which is C.

""" + table(head, rows)


def aims(results):
    aims = targets(results)
    rows = [[aim.text, aim.figure, aim.verdict()] for aim in aims]
    missed = [f"- {aim.text}: {aim.reason}" for aim in aims if "missed" in aim.verdict()]
    text = "## Targets of times\n\n" + table(["target", "measured", ""], rows)
    if missed:
        text += "\nThe missed targets, with the reason:\n\n" + "\n".join(missed) + "\n"
    return text


# Instructions and ratios first; then times.
PARTS = (machine, alone, verify, axum, actix, growth, revocation, load, accounts, builds, aims)
