"""The targets of times, and whether they are met."""
from dataclasses import dataclass

OUTSIDE = "hallpass: layer outside, guard"
INSIDE = "hallpass: layer and guard"
ON_HANDLER = "hallpass: layer outside, guard on the handler"
REMEMBERED = "hallpass: layer outside, guard, remembered"
BY_HAND = "by hand: CookieJar, jsonwebtoken, role"
GATE = "axum-gate"
SQLITE = "axum-login: SQLite file"
ARTICLE = "Starlette, PyJWT, @requires (the article)"


@dataclass
class Target:
    text: str
    figure: str
    met: bool
    # Met with the guard on the handler, and not with the guard of the route.
    on_handler: bool = False
    reason: str = ""

    def verdict(self):
        return "met" if self.met else "met by the guard on the handler" if self.on_handler else "**missed**"


def targets(results):
    found = []
    if "axum" in results:
        found += in_process({case["case"]: case["added"] for case in results["axum"]}, results["axum"][0]["ns"], results.get("allocations", {}).get("axum"), results.get("load"))
    if "actix" in results:
        added = next(case["added"] for case in results["actix"] if case["case"] == "hallpass: middleware and guard")
        share = added / results["actix"][0]["ns"]
        found += [
            Target("middleware and guard add at most 700 ns on actix-web", f"{added:,.0f} ns", added <= 700, reason=REASONS["actix"]),
            Target("… at most 1.16 of the plain page (700 / 605 ns where the target was set)", f"{share:.2f}", round(share, 2) <= 1.16, reason=REASONS["share"]),
        ]
    if "load" in results:
        found += on_the_wire({case["case"]: case for case in results["load"]})
    return found


def by_cpu(found):
    """Compares the CPU time that a guarded request adds to the open route. It excludes waiting."""
    cost = {case["case"]: case["cpu"] - found[0]["cpu"] for case in found}
    return f"server's CPU time over loopback 1/{cost[SQLITE] / cost[OUTSIDE]:.0f}; in process (mostly waiting for SQLite's thread) "


def in_process(added, plain, allocations, load):
    ours, on_handler = added[OUTSIDE], added[ON_HANDLER]
    found = [
        Target("layer and guard add at most 800 ns to a request on axum", f"{ours:,.0f} ns, guard on the handler {on_handler:,.0f} ns, layer in the router {added[INSIDE]:,.0f} ns",
               ours <= 800, on_handler <= 800, REASONS["axum"]),
        Target("… at most 1.19 of the plain page (800 / 674 ns where the target was set)", f"{ours / plain:.2f}, guard on the handler {on_handler / plain:.2f}", round(ours / plain, 2) <= 1.19, round(on_handler / plain, 2) <= 1.19, REASONS["share"]),
    ]
    if allocations:
        outside, handler, inside, nothing = (allocations[name] - allocations["plain"] for name in (OUTSIDE, ON_HANDLER, INSIDE, "no-op layer and guard"))
        found.append(Target("… and at most 8 allocations", f"{outside}, guard on the handler {handler}, layer in the router {inside} (where two layers that do nothing cost {nothing})",
                            outside <= 8, handler <= 8))
    for text, peer, share in [
        ("at most 1/4 of the time that a middleware by hand adds", BY_HAND, 4),
        ("at most 1/7 of the time that axum-gate adds", GATE, 7),
        ("at most 1/40 of the time that axum-login on SQLite adds", SQLITE, 40),
    ]:
        figure = f"1/{added[peer] / ours:.1f}, guard on the handler 1/{added[peer] / on_handler:.1f}"
        if peer == SQLITE and load:
            figure = by_cpu(load) + figure
        found.append(Target(text, figure, ours <= added[peer] / share, on_handler <= added[peer] / share, REASONS.get(peer, "")))
    return found


def on_the_wire(found):
    aims = []
    for text, least, case, on_handler in [
        ("over loopback, at least 0.88 of the requests per second of the open route", 0.88, OUTSIDE, ON_HANDLER),
        ("… at least 0.92 with the cache of verified tokens", 0.92, REMEMBERED, REMEMBERED),
    ]:
        share, other = found[case]["share"], found[on_handler]["share"]
        figure = f"{share:.3f}" if case == on_handler else f"{share:.3f}, guard on the handler {other:.3f}"
        aims.append(Target(text, figure, share >= least, other >= least, REASONS["loopback"]))
    for text, peer, factor in [
        ("… at least 2 times the requests per second of axum-gate", GATE, 2),
        ("… at least 6 times those of axum-login on SQLite", SQLITE, 6),
        ("… at least 15 times those of the article's stack", ARTICLE, 15),
    ]:
        if peer in found:
            times, other = (found[case]["requests"] / found[peer]["requests"] for case in (OUTSIDE, ON_HANDLER))
            aims.append(Target(text, f"{times:.1f}×, guard on the handler {other:.1f}×", times >= factor, other >= factor, REASONS["loopback"]))
    return aims


# The reasons, shown if a target is missed.
REASONS = {
    "axum": (
        "the target is from a machine on which the plain page took 674 ns. Four fifths of the added "
        "instructions verify the token. The others insert the extension into the request, whose map "
        "grows, look up two headers and set one, and box the guard of the route."),
    GATE: (
        "more than half of the added time is the verification of a token with all claims."),
    "actix": (
        "the target is from a machine on which the plain page took 605 ns. Four fifths of the added "
        "instructions verify the token. The others insert the extension into the request, look up "
        "one header and set one, and move the response through two middlewares."),
    "share": (
        "the plain page mostly allocates, and a verification mostly computes, so the ratio differs "
        "between machines."),
    "loopback": (
        "a guarded request costs the time that it adds in process, a longer response "
        "(`Cache-Control: no-store`) and more cache misses. Their share is larger on a machine that "
        "computes slowly in comparison with its kernel."),
}
