#!/usr/bin/env python3
"""Checks that hallpass and PyJWT accept each other's tokens and reject the same invalid tokens.

    pip install pyjwt
    python3 examples/pyjwt/interop.py

Starts the service of src/main.rs with a shared secret, and the example blog with its own key file.
Stops at the first check that fails, or prints the number of checks.
"""
import base64
import contextlib
import json
import os
import pathlib
import secrets
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import jwt

ROOT = pathlib.Path(__file__).resolve().parents[2]
ISSUER, AUDIENCE = "https://site.example", "site"
KEY = secrets.token_urlsafe(48)
seen = 0


def see(what, got, expected):
    global seen
    if got != expected:
        raise SystemExit(f"{what}: {got!r}, not {expected!r}")
    seen += 1
    print(f"  {what}: {got}")


def get(url, token=None):
    headers = {"Accept": "application/json"}
    if token is not None:
        headers["Cookie"] = f"__Host-hallpass={token}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def made_by_hallpass(site):
    print("a token made by hallpass, verified by PyJWT")
    _, token = get(f"{site}/token")
    claims = jwt.decode(token, KEY, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER)
    see("sub", claims["sub"], "ann")
    see("user_id", claims["user_id"], "7")
    see("roles", sorted(claims["roles"]), ["admin", "guest"])
    see("typ", jwt.get_unverified_header(token)["typ"], "hallpass+jwt")
    see("exp is at most an hour ahead", 0 < claims["exp"] - time.time() <= 3600, True)
    for what, key, options in [
        ("another key", KEY + "x", {"audience": AUDIENCE}),
        ("another audience", KEY, {"audience": "another-site"}),
        ("another issuer", KEY, {"audience": AUDIENCE, "issuer": "https://evil.example"}),
    ]:
        try:
            jwt.decode(token, key, algorithms=["HS256"], **options)
        except jwt.InvalidTokenError as error:
            see(f"rejected: {what}", isinstance(error, jwt.InvalidTokenError), True)
        else:
            raise SystemExit(f"PyJWT accepted a token with {what}")


def made_by_the_blog():
    print("the cookie of the example blog, verified by PyJWT")
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "BLOG_ADDR": "127.0.0.1:0", "DATABASE_URL": f"sqlite://{directory}/blog.db"}
        with running("blog", environment) as site:
            fields = urllib.parse.urlencode({"username": "ann", "password": "correct horse battery staple"}).encode()
            request = urllib.request.Request(f"{site}/register", fields, {"Accept": "application/json"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                user = json.load(answer)["user"]
                cookie = answer.headers["Set-Cookie"].split(";")[0].removeprefix("__Host-hallpass=")
            ring = json.loads(pathlib.Path(directory, "blog-keys.json").read_text())
    active = next(key for key in ring["keys"] if key["kid"] == ring["active"])
    key = base64.urlsafe_b64decode(active["k"] + "=" * (-len(active["k"]) % 4))
    claims = jwt.decode(cookie, key, algorithms=["HS256"], audience="hallpass", issuer="hallpass")
    see("sub", claims["sub"], "ann")
    see("user_id", claims["user_id"] == user["id"], True)
    see("role", claims["role"], "guest")


@contextlib.contextmanager
def running(package, environment):
    """Builds and starts a program of the workspace, and yields its URL."""
    subprocess.run(["cargo", "build", "-q", "-p", package], cwd=ROOT, check=True)
    program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / package
    process = subprocess.Popen([program], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        ready = process.stdout.readline().strip()
        if not ready.startswith("listening on "):
            raise SystemExit(f"{package} did not start: {ready!r}")
        yield ready.removeprefix("listening on ")
    finally:
        process.terminate()
        process.wait()


def made_by_pyjwt(site):
    print("a token made by PyJWT, verified by hallpass")
    now = int(time.time())
    # `sub`, `role`, `user_id` and `exp`, as Starlette sites use them, and issuer and audience.
    good = {"sub": "guido", "role": "admin", "user_id": 42, "exp": now + 600, "iss": ISSUER, "aud": AUDIENCE}

    def opens(path, claims=good, key=KEY, algorithm="HS256", headers=None):
        return get(f"{site}{path}", jwt.encode(claims, key, algorithm=algorithm, headers=headers))[0]

    def without(name):
        return {claim: value for claim, value in good.items() if claim != name}

    see("admin's page", get(f"{site}/admin", jwt.encode(good, KEY, algorithm="HS256")), (200, "guido 42 {admin}"))
    see("user_id as text", opens("/profile", good | {"user_id": "42"}), 200)
    see("aud as a list", opens("/profile", good | {"aud": [AUDIENCE, "other"]}), 200)
    see("a guest's profile", opens("/profile", good | {"role": "guest"}), 200)
    see("a guest at the admin's page", opens("/admin", good | {"role": "guest"}), 403)
    see("no role at the admin's page", opens("/admin", without("role")), 403)
    see("an unknown role at the admin's page", opens("/admin", good | {"role": "root"}), 403)
    see("no token", get(f"{site}/profile")[0], 401)
    for name in ("exp", "iss", "aud", "sub", "user_id"):
        see(f"without {name}", opens("/profile", without(name)), 401)
    see("expired", opens("/profile", good | {"exp": now - 1}), 401)
    see("not yet valid", opens("/profile", good | {"nbf": now + 600}), 401)
    see("for another site", opens("/profile", good | {"aud": "another-site"}), 401)
    see("from another site", opens("/profile", good | {"iss": "https://evil.example"}), 401)
    see("another key", opens("/profile", key=KEY[::-1]), 401)
    see("alg none", opens("/profile", key=None, algorithm="none"), 401)
    see("another algorithm with the same key", opens("/profile", algorithm="HS512"), 401)
    see("an unknown kid", opens("/profile", headers={"kid": "other"}), 401)
    see("crit", opens("/profile", headers={"crit": ["exp"], "exp": now}), 401)
    token = jwt.encode(good, KEY, algorithm="HS256")
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "eve"}).encode()).rstrip(b"=").decode()
    see("claims changed after signing", get(f"{site}/profile", f"{head}.{forged}.{signature}")[0], 401)


def main():
    with running("pyjwt", {**os.environ, "SITE_SECRET": KEY}) as site:
        made_by_hallpass(site)
        made_by_pyjwt(site)
    made_by_the_blog()
    print(f"{seen} checks passed")


if __name__ == "__main__":
    main()
