"""Draws the plots from the figures."""
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
    counted = results.get("instructions", {})
    for name, plot, figures in (
        ("added", added, counted.get("axum")),
        ("verify", verified, counted.get("verify")),
        ("roles", roles, counted.get("roles")),
        ("cookies", cookies, counted.get("cookies")),
        ("users", users, results.get("users")),
        ("loopback", loopback, results.get("load")),
    ):
        # A plot without figures is not drawn again.
        if figures:
            (PLOTS / f"{name}.svg").write_text(plot(figures))


def named(case):
    return SHORT.get(case, case), case.startswith("hallpass")


def added(counted):
    rows = []
    for name, count in counted.items():
        if not name.startswith(("plain", "no-op")):
            plain = counted["plain on axum 0.7" if "axum 0.7" in name else "plain"]
            rows.append((*named(name), count - plain))
    rows.sort(key=lambda row: row[2])
    return svg.dots(
        "What a guard adds to a request on axum 0.8",
        "instructions of the request's thread, in addition to the open route; logarithmic",
        [(name, value, ours) for name, ours, value in rows], "")


def verified(counted):
    wanted = [
        "hallpass", "hallpass, to an identity", "jwt-compact", "jsonwebtoken", "jwt-simple",
        "pasetors, v4.local",
    ]
    rows = [(*named(name), counted[name]) for name in wanted]
    rows.sort(key=lambda row: row[2])
    return svg.bars(
        "Verifying one token with a shared secret",
        "instructions: HS256, or v4.local for pasetors; issuer, audience and expiry checked, all claims read",
        [(name, value, ours) for name, ours, value in rows], "", 230)


def loopback(found):
    rows = [(*named(case["case"]), case["requests"]) for case in found]
    return svg.bars(
        "Requests per second over loopback",
        "server on one core, wrk on the other, 16 connections; the same page and role",
        [(name, value, ours) for name, ours, value in rows], "")


def users(found):
    inks = {
        "axum-login, SQLite file": "--second",
        "axum-login, memory": "--third",
        "hallpass, every account has a revocation": "--peer",
        "hallpass": "--ours",
    }
    series = [
        (
            name.replace("every account has a revocation", "all have revocations"),
            [(case["grown"], case["ns"]) for case in found if case["case"] == name],
            ink,
        )
        for name, ink in inks.items()
    ]
    return svg.lines(
        "A whole request, as the site grows",
        "nanoseconds in process, both axes logarithmic; up to 10,000 different callers",
        series, "users of the site", True)


def roles(counted):
    inks = {"jsonwebtoken": "--second", "hallpass": "--ours"}
    return svg.lines(
        "Verifying a token that names many roles", "instructions; HS256, an enum of 64 roles",
        [(name, counted[name], ink) for name, ink in inks.items()], "roles in the token", False)


def cookies(counted):
    inks = {"by hand, with a CookieJar": "--second", "hallpass": "--ours"}
    return svg.lines(
        "A whole request, with other cookies before ours", "instructions",
        [(name, counted[name], ink) for name, ink in inks.items()], "other cookies", False)
