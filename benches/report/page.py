"""Writes what was found into docs/BENCHMARKS.md, between its markers; what stands outside of them is written by hand."""
import sys

from places import PAGE
from targets import targets

BEGIN, END = "<!-- written by python3 benches/report -->", "<!-- end of what it writes -->"


def write(results):
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{PAGE} has no markers: {BEGIN} and {END}")
    parts = [part(results) for part in (machine, aims, verify, axum, actix, growth, load, revocation, sign_in, builds)]
    PAGE.write_text(before + BEGIN + "\n" + "\n".join(filter(None, parts)) + "\n" + END + after)
    print(f"wrote {PAGE}")


def table(head, rows):
    """The first column to the left, the others to the right."""
    rule = "|---|" + "---:|" * (len(head) - 1)
    lines = ["| " + " | ".join(head) + " |", rule] + ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def number(value):
    return f"{value:,.0f}"


def times(value):
    return f"{value:.1f}×" if value < 10 else f"{value:.0f}×"


def strong(case):
    return f"**{case}**" if case.startswith("hallpass") else case


def machine(results):
    it = results["machine"]
    versions = ", ".join(f"{name} {' and '.join(found)}" for name, found in it["versions"].items())
    return f"""## Machine

{it['cpu']}, {it['cores']} cores, {"with" if it['sha_ni'] else "without"} SHA extensions, {it['system']}, Rust {it['rust']}, release build with thin LTO and one codegen unit; {it['date']}. The
machine is shared with others, so times are medians of rounds in which every case has its turn, and a ratio says more than a time.
{versions}; the rest is in [Cargo.lock](../benches/peers/Cargo.lock).
"""


def aims(results):
    rows = [
        [aim.text, aim.figure, aim.verdict()] for aim in targets(results)
    ]
    missed = [f"- {aim.text}: {aim.reason}" for aim in targets(results) if "missed" in aim.verdict()]
    text = "## Targets\n\n" + table(["target", "measured", ""], rows)
    if missed:
        text += "\nWhat falls short, and why:\n\n" + "\n".join(missed) + "\n"
    return text


def counts(results, group, case):
    """Allocations and instructions, where they were counted."""
    allocations = results.get("allocations", {}).get(group, {}).get(case)
    instructions = results.get("instructions", {}).get(group, {}).get(case)
    return allocations, instructions


def verify(results):
    found = results.get("verify")
    if not found:
        return ""
    ns = {case["case"]: case["ns"] for case in found}
    rows = []
    for case in found:
        name = case["case"]
        ours = "hallpass, EdDSA" if "EdDSA" in name or "public" in name else "hallpass"
        allocations, instructions = counts(results, "verify", name)
        rows.append([strong(name), times(case["ns"] / ns[ours]), shown(instructions), number(case["ns"]), shown(allocations)])
    return """## Verifying one token

Signature, issuer, audience and expiry checked and all claims read: user, two roles, times, methods, session and generation. HS256 where nothing else is said; jsonwebtoken has its
faster backend for it (`rust_crypto`; for EdDSA as well).

""" + table(["", "of hallpass", "instructions", "ns", "allocations"], rows) + """
"To an identity" is what a request costs: the strings copied out of the token, so that a handler can keep them. "Remembered" is the second and any further time that the same
token comes, with the cache of verified tokens; it is on by default for asymmetric keys alone. The ratio is that of the times. Instructions are those of user code on this processor, counted by its hardware counter or, where the machine has none, by
single-stepping; they repeat where times do not.

![Verifying one token](benchmarks/verify.svg)
"""


def shown(count):
    return "" if count is None else number(count)


def added_rows(results, group, unit):
    """What each case adds to the plain one, and how much of what hallpass adds."""
    found = results[group]
    ours = next(case["added"] for case in found if case["case"] == unit)
    rows = []
    for case in found:
        name = case["case"]
        plain = "plain on axum 0.7" if "axum 0.7" in name else "plain"
        allocations, instructions = counts(results, group, name)
        base = counts(results, group, plain)
        if name == plain:
            rows.append([name, "", f"({shown(instructions)})", f"({number(case['ns'])})", f"({shown(allocations)})"])
            continue
        more_allocations, more_instructions = (shown(None if there is None else there - here) for there, here in zip((allocations, instructions), base))
        rows.append([strong(name), times(case["added"] / ours), more_instructions, number(case["added"]), more_allocations])
    return rows


def axum(results):
    if "axum" not in results:
        return ""
    rows = added_rows(results, "axum", "hallpass: layer outside, guard")
    return """## A whole request on axum

The page `GET /admin`, which an admin may read, in process: what each guard adds to the open page. The first column is how much of the second hallpass line.

""" + table(["added to the open page", "of hallpass", "instructions", "ns", "allocations"], rows) + """
**Where the layer stands matters.** Inside of a `Router`, axum boxes every layer: "no-op layer and guard" are two layers that do nothing, in the places of hallpass's two. So the cheapest
way is the layer around the router, and the guard as an argument of the handler (`Allowed<P>`) or around it (`Handler::layer`);
[the guide](guide/src/axum.md#7-where-the-layer-stands) shows it. In process, a request to
SQLite waits for SQLite's thread to be woken, which is most of its time here; what it costs a busy server is [below](#over-loopback). The counts are the request's own thread's.

**Store queries per request: 0**, since the request path has no store that it could ask: `crates/hallpass-conformance` sends a million requests and counts. axum-login makes two (the session, the account).

![What a guard adds](benchmarks/added.svg)
"""


def actix(results):
    if "actix" not in results:
        return ""
    rows = added_rows(results, "actix", "hallpass: middleware and guard")
    return """## A whole request on actix-web

""" + table(["added to the open page", "of hallpass", "instructions", "ns", "allocations"], rows) + """
actix-identity has its session in an encrypted cookie here, which is its cheapest store.
"""


def growth(results):
    parts = []
    if "users" in results:
        found = results["users"]
        parts.append("""## As a site grows

A whole request on axum, by how many users the site has. Up to 10,000 different callers take turns (1,000 sessions for axum-login), so tokens and accounts do not stay in the processor's caches. In the second line
every account of the site had something revoked within the lifetime of a token, so each request finds an entry.

""" + grown(found, "users") + """
![As users grow](benchmarks/users.svg)
""")
    if "roles" in results:
        parts.append("A token that names many roles, verified; ns:\n\n" + grown(results["roles"], "roles in the token") + "\n![As roles grow](benchmarks/roles.svg)\n")
    if "cookies" in results:
        parts.append("A whole request with other cookies before ours; ns:\n\n" + grown(results["cookies"], "other cookies") + "\n![As cookies grow](benchmarks/cookies.svg)\n")
    return "\n".join(parts)


def grown(found, what):
    steps = sorted({case["grown"] for case in found})
    names = list(dict.fromkeys(case["case"] for case in found))
    at = {(case["case"], case["grown"]): case["ns"] for case in found}
    rows = [[strong(name), *(number(at[name, step]) for step in steps)] for name in names]
    return table([what, *(number(step) for step in steps)], rows)


def load(results):
    found = results.get("load")
    if not found:
        return ""
    ours = next(case for case in found if case["case"] == "hallpass: layer outside, guard")
    rows = [
        [strong(case["case"]), f"{case['share']:.3f}", times(ours["requests"] / case["requests"]), number(case["requests"]), f"{case['cpu']:.1f}"]
        for case in found
    ]
    return f"""## Over loopback

One server process on one core, `wrk` with 16 connections on the other. The first column is the share of the open route's requests, the second how many times as many hallpass answers
(the layer outside the router). Of {len(ours['rates'])} rounds of a second the best, since neighbours on
the machine only ever slow a server down; CPU is the server's, by the kernel's accounting (the lower quartile).

""" + table(["", "of open", "hallpass answers", "requests/s", "CPU µs a request"], rows) + """
![Requests per second](benchmarks/loopback.svg)
"""


def revocation(results):
    found = results.get("revocation")
    if not found:
        return ""
    rows = [[case["case"].replace("1000000", "1,000,000").replace("1000 ", "1,000 "), f"{case['ns']:,.0f}"] for case in found]
    return """## Behind a revocation view

Verification of a live token with all claims, which asks the view for its account and for its session: `cargo bench -p hallpass-benches --bench revocation`. Half of the entries are accounts, half sessions.

""" + table(["in the view", "ns"], rows)


def sign_in(results):
    found = results.get("sign_in")
    if not found:
        return ""
    names = list(found["databases"][0]["rates"])
    rows = [[name, *(number(database["rates"][name]) for database in found["databases"])] for name in names]
    head = ["a second", *(database["database"] for database in found["databases"])]
    return f"""## Log-ins, renewals and log-outs

`cargo bench -p hallpass-benches --bench sign_in`, one at a time and eight people at once. A log-in is one argon2 run at the default cost and one write, a renewal and a log-out are one write each. Each is on the disk before it is answered;
this disk does {number(found['flushes'])} bare flushes a second. The server is on the same machine.

""" + table(head, rows)


def builds(results):
    found = results.get("builds")
    if not found:
        return ""
    rows = [[strong(it["case"]), *(number(it[what]) for what in ("crates", "with_build", "seconds", "cpu"))] for it in found]
    return """## What it takes to build

What a service with one guarded route on axum depends on, built from nothing in debug. The [service that only verifies](guide/src/verify-only.md) is the one with public keys: they
bring aws-lc, which is C.

""" + table(["", "crates", "with build scripts'", "seconds", "CPU seconds"], rows)
