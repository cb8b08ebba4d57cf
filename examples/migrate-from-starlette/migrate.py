#!/usr/bin/env python3
"""Starts the Starlette site and the hallpass site, and checks that each accepts the other's cookie.

    python3 examples/migrate-from-starlette/migrate.py

Installs starlette, uvicorn and pyjwt into a virtual environment (MIGRATE_VENV, or a temporary
directory). Stops at the first check that fails, or prints the number of checks.
"""
import contextlib
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PASSWORD = "correct horse battery"
seen = 0


def see(what, got, expected):
    global seen
    if got != expected:
        raise SystemExit(f"{what}: {got!r}, not {expected!r}")
    seen += 1
    print(f"  {what}: {got}")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def send(url, cookie="", fields=None):
    """Sends a request without following redirects. Returns status, access cookie and body."""
    body = urllib.parse.urlencode(fields).encode() if fields else None
    request = urllib.request.Request(url, body, {"Accept": "application/json", "Cookie": cookie})
    try:
        answer = urllib.request.build_opener(NoRedirect).open(request, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    cookies = [cookie.split(";")[0] for cookie in answer.headers.get_all("Set-Cookie", [])]
    access = next((cookie for cookie in cookies if cookie.startswith("__Host-hallpass=")), None)
    return answer.status, access, answer.read().decode()


def python_with(*packages):
    directory = pathlib.Path(os.environ.get("MIGRATE_VENV") or tempfile.mkdtemp())
    python = directory / "bin" / "python"
    if not python.exists():
        venv.create(directory, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


@contextlib.contextmanager
def running(command, base, **environment):
    process = subprocess.Popen(command, env={**os.environ, **environment}, cwd=HERE, stdout=subprocess.PIPE, text=True)
    try:
        address = base or process.stdout.readline().strip().removeprefix("listening on ")
        host, port = address.removeprefix("http://").split(":")
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
                break
            time.sleep(0.05)
        else:
            raise SystemExit(f"{command[0]} did not start")
        yield address
    finally:
        process.terminate()
        process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def main():
    python = python_with("starlette", "uvicorn", "pyjwt")
    subprocess.run(["cargo", "build", "-q", "-p", "migrate-from-starlette"], cwd=ROOT, check=True)
    program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "migrate-from-starlette"
    secret, port = secrets.token_urlsafe(48), free_port()
    uvicorn = [python, "-m", "uvicorn", "starlette_site:app", "--port", str(port), "--log-level", "warning"]
    with running(uvicorn, f"http://127.0.0.1:{port}", SITE_SECRET=secret) as old:
        with running([program], None, SITE_SECRET=secret) as new:
            walk(old, new)
        with running([program], None, SITE_SECRET=secrets.token_urlsafe(48)) as stranger:
            print("a site with another secret")
            _, guido, _ = send(f"{old}/login", fields={"username": "guido", "password": PASSWORD})
            see("guido's cookie at this site", send(f"{stranger}/profile", guido)[0], 401)
    print(f"{seen} checks passed")


def walk(old, new):
    print("logged in at Starlette")
    status, guido, _ = send(f"{old}/login", fields={"username": "guido", "password": PASSWORD})
    see("the login", status, 303)
    see("the page at Starlette", send(f"{old}/admin", guido), (200, None, "Starlette, for admins: guido"))
    see("the migrated page at hallpass", send(f"{new}/admin", guido), (200, None, "hallpass: guido may {admin}"))
    _, ada, _ = send(f"{old}/login", fields={"username": "ada", "password": PASSWORD})
    see("a guest's profile", send(f"{new}/profile", ada), (200, None, "hallpass: ada may {guest}"))
    see("a guest at the admin's page", send(f"{new}/admin", ada)[0], 403)
    see("a cookie with a letter changed", send(f"{new}/profile", flip(ada))[0], 401)
    see("no cookie", send(f"{new}/profile")[0], 401)

    print("logged in at hallpass")
    status, lin, _ = send(f"{new}/register", fields={"username": "lin", "password": PASSWORD})
    see("the registration", status, 201)
    see("the page at hallpass", send(f"{new}/profile", lin), (200, None, "hallpass: lin may {guest}"))
    see("the page at Starlette", send(f"{old}/profile", lin), (200, None, "Starlette: lin"))
    see("a guest at the admin's page", send(f"{old}/admin", lin)[0], 403)
    see("a cookie with a letter changed", send(f"{old}/profile", flip(lin))[0], 401)

    print("logged out at hallpass")
    see("the logout", send(f"{new}/logout", lin, {"": ""})[0], 204)
    see("a copy of the cookie, at hallpass", send(f"{new}/profile", lin)[0], 401)
    # The Starlette site has no revocation: it accepts a copy of the cookie until the token expires.
    # A migrated route rejects the copy.
    see("a copy of the cookie, at Starlette", send(f"{old}/profile", lin)[0], 200)


def flip(cookie):
    """Changes a letter of the signature, but not the last one, whose bits may be unused."""
    return cookie[:-9] + ("A" if cookie[-9] != "A" else "B") + cookie[-8:]


if __name__ == "__main__":
    sys.exit(main())
