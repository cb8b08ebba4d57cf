"""Which plots there are."""
import svg
from places import PLOTS

SHORT = {
    "by hand: CookieJar, jsonwebtoken, role": "by hand (CookieJar, jsonwebtoken)",
    "Starlette, PyJWT, @requires (the article)": "the article: Starlette, PyJWT",
    "hallpass: layer outside, guard, remembered": "hallpass, tokens remembered",
    "hallpass: layer outside, guard": "hallpass, layer outside the router",
    "hallpass: layer and guard": "hallpass, layer in the router",
    "hallpass: layer outside, guard on the handler": "hallpass, guard on the handler",
    "hallpass: layer outside, extractor": "hallpass, guard as an extractor",
}


def draw(results):
    for name, step, plot in [
        ("added", "axum", added), ("verify", "verify", verified), ("loopback", "load", loopback),
        ("users", "users", users), ("roles", "roles", roles), ("cookies", "cookies", cookies),
    ]:
        if step in results:
            (PLOTS / f"{name}.svg").write_text(plot(results[step]))


def named(case):
    return SHORT.get(case, case), case.startswith("hallpass")


def added(found):
    left_out = ("plain", "no-op")
    rows = [(*named(case["case"]), case["added"]) for case in found if not case["case"].startswith(left_out)]
    rows.sort(key=lambda row: row[2])
    return svg.dots(
        "What a guard adds to a request on axum 0.8", "nanoseconds in process, beside the open route; logarithmic; with SQLite most is waiting for its thread",
        [(name, value, ours) for name, ours, value in rows], "ns")


def verified(found):
    wanted = ["hallpass", "hallpass, to an identity", "jwt-compact", "jsonwebtoken", "jwt-simple", "pasetors, v4.local"]
    rows = [(*named(case["case"]), case["ns"]) for case in found if case["case"] in wanted]
    rows.sort(key=lambda row: row[2])
    return svg.bars(
        "Verifying one token with a shared secret", "nanoseconds: HS256, or v4.local for pasetors; issuer, audience and expiry checked, all claims read",
        [(name, value, ours) for name, ours, value in rows], "ns", 230)


def loopback(found):
    rows = [(*named(case["case"]), case["requests"]) for case in found]
    return svg.bars(
        "Requests per second over loopback", "server on one core, wrk on the other, 16 connections; the same page and role",
        [(name, value, ours) for name, ours, value in rows], "")


def grown(found, inks):
    return [
        (name, [(case["grown"], case["ns"]) for case in found if case["case"] == name], ink)
        for name, ink in inks.items()
    ]


def users(found):
    inks = {"axum-login, SQLite file": "--second", "axum-login, memory": "--third",
            "hallpass, every account voided lately": "--peer", "hallpass": "--ours"}
    series = [(name.replace("every account voided lately", "all revoked lately"), points, ink) for name, points, ink in grown(found, inks)]
    return svg.lines(
        "A whole request, as the site grows", "nanoseconds in process, both axes logarithmic; up to 10,000 different callers",
        series, "users of the site", True)


def roles(found):
    return svg.lines(
        "Verifying a token that names many roles", "nanoseconds; HS256, an enum of 64 roles",
        grown(found, {"jsonwebtoken": "--second", "hallpass": "--ours"}), "roles in the token", False)


def cookies(found):
    return svg.lines(
        "A whole request, with other cookies before ours", "nanoseconds in process",
        grown(found, {"by hand, with a CookieJar": "--second", "hallpass": "--ours"}), "other cookies", False)
