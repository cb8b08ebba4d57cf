"""The blog's process with an empty database, the operator's commands, an authenticator and a login
from another device."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
PASSWORD = "correct horse battery staple"


class Blog:
    def __init__(self, package, origin=None):
        self.program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "debug", package)
        self.origin = origin

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        database = f"sqlite://{self.directory.name}/blog.db"
        self.environment = {**os.environ, "BLOG_ADDR": "127.0.0.1:0", "DATABASE_URL": database}
        if self.origin:
            self.environment["BLOG_ORIGIN"] = self.origin
        self.process = subprocess.Popen([self.program], env=self.environment, stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline().strip()
        if not ready.startswith("listening on "):
            raise AssertionError(f"not the ready line: {ready!r}")
        self.port = int(ready.rpartition(":")[2])
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=15)
        self.process.stdout.close()
        self.directory.cleanup()
        if status != 0:
            raise AssertionError(f"the blog ended with {status}")

    def operator(self, *arguments):
        run = subprocess.run([self.program, *arguments], env=self.environment, check=True, capture_output=True, text=True)
        return run.stdout

    def sign_in_elsewhere(self, name, user_agent):
        """Logs in from another device, so that the account has another session."""
        body = json.dumps({"username": name, "password": PASSWORD}).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": user_agent}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/login", body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert json.load(answer)["status"] == "signed_in"

    def aged(self, token, seconds):
        """Returns the token with a login that is `seconds` earlier, signed with the blog's key."""
        key_file = json.loads(pathlib.Path(self.directory.name, "blog-keys.json").read_text())
        head, claims, _ = token.split(".")
        keys = {key["kid"]: unpadded(key["k"]) for key in key_file["keys"]}
        claims = json.loads(unpadded(claims))
        claims["auth_time"] -= seconds
        signed = f"{head}.{padded(json.dumps(claims).encode())}"
        mac = hmac.digest(keys[json.loads(unpadded(head))["kid"]], signed.encode(), hashlib.sha256)
        return f"{signed}.{padded(mac)}"


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def padded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def code(secret, steps):
    """Returns the code that is `steps` time steps after the current one. Waits if the current step
    ends in less than five seconds."""
    while time.time() % 30 > 25:
        time.sleep(1)
    now = f"@{int(time.time()) + 30 * steps}"
    out = subprocess.run(["oathtool", "--totp", "--base32", "--now", now, secret], check=True, capture_output=True, text=True)
    return out.stdout.strip()
