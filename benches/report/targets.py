"""What was aimed at, and whether it was reached."""
from dataclasses import dataclass

OUTSIDE = "hallpass: layer outside, guard"
INSIDE = "hallpass: layer and guard"
REMEMBERED = "hallpass: layer outside, guard, remembered"
BY_HAND = "by hand: CookieJar, jsonwebtoken, role"
SQLITE = "axum-login: SQLite file"
ARTICLE = "Starlette, PyJWT, @requires (the article)"


@dataclass
class Target:
    text: str
    figure: str
    met: bool
    reason: str = ""


def targets(results):
    found = []
    if "axum" in results:
        found += in_process({case["case"]: case["added"] for case in results["axum"]}, results.get("allocations", {}).get("axum"))
    if "actix" in results:
        added = next(case["added"] for case in results["actix"] if case["case"] == "hallpass: middleware and guard")
        found.append(Target("middleware and guard add at most 700 ns on actix-web", f"{added:,.0f} ns", added <= 700))
    if "load" in results:
        found += on_the_wire({case["case"]: case for case in results["load"]})
    return found


def in_process(added, allocations):
    ours = added[OUTSIDE]
    found = [
        Target("layer and guard add at most 800 ns to a request on axum", f"{ours:,.0f} ns (layer outside the router), {added[INSIDE]:,.0f} ns (in it)",
               ours <= 800)
    ]
    if allocations:
        outside, inside, nothing = (allocations[name] - allocations["plain"] for name in (OUTSIDE, INSIDE, "no-op layer and guard"))
        found.append(Target("… and at most 8 allocations", f"{outside} (layer outside the router), {inside} (in it, where two layers that do nothing cost {nothing})",
                            outside <= 8))
    for text, peer, share in [
        ("at most a quarter of what a middleware by hand adds", BY_HAND, 4),
        ("at most a seventh of what axum-gate adds", "axum-gate", 7),
        ("at most a fortieth of what axum-login on SQLite adds", SQLITE, 40),
    ]:
        found.append(Target(text, f"1/{added[peer] / ours:.1f}", ours <= added[peer] / share, REASONS.get(peer, "")))
    return found


def on_the_wire(found):
    share = lambda name: found[name]["share"]
    ours = found[OUTSIDE]["requests"]
    aims = [
        Target("over loopback at least 0.88 of the open route's requests per second", f"{share(OUTSIDE):.3f}", share(OUTSIDE) >= 0.88, REASONS["open"]),
        Target("… 0.92 with the cache of verified tokens", f"{share(REMEMBERED):.3f}", share(REMEMBERED) >= 0.92, REASONS["remembered"]),
    ]
    for text, peer, factor in [
        ("twice axum-gate's", "axum-gate", 2), ("six times axum-login's on SQLite", SQLITE, 6), ("fifteen times the article's own stack's", ARTICLE, 15),
    ]:
        if peer in found:
            times = ours / found[peer]["requests"]
            aims.append(Target(text, f"{times:.1f}×", times >= factor, REASONS.get(peer, "")))
    return aims


# Why a target is missed, where it is: shown only then.
REASONS = {"open": "", "remembered": ""}
