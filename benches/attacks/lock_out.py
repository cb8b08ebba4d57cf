"""The lock-out attack on a running blog: a stranger takes every attempt on an account that is free.

    cargo build -p blog
    python3 benches/attacks/lock_out.py [MINUTES [NETWORKS]]    defaults: 5 minutes, 1 network

The owner is logged out and tries to log in every five seconds: from a known browser, and from new
browsers in other networks, each of which tries until it is in. The script prints how many of the
owner's logins succeeded, and how long a new browser waited. The addresses are those of a header
that the blog trusts (BLOG_PROXIES), so one machine can play all of them.
"""
import http.client
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
OWNER = "203.0.113.5"
EVERY = 5


class Client:
    """One browser with its cookies, at an address."""

    def __init__(self, port, address):
        self.port, self.address, self.cookies = port, address, {}

    def send(self, method, path, **fields):
        """Returns the status, and the seconds of `Retry-After`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-Forwarded-For": self.address,
        }
        connection.request(method, path, urllib.parse.urlencode(fields), headers)
        answer = connection.getresponse()
        answer.read()
        for cookie in answer.msg.get_all("set-cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in cookie:
                del self.cookies[name]
        connection.close()
        return answer.status, int(answer.headers.get("retry-after") or 0)

    def log_in(self, password):
        return self.send("POST", "/login", username="ada", password=password)


class Stranger:
    """A client that guesses at the first second at which the last answer allows it."""

    def __init__(self, port, address):
        self.client, self.next = Client(port, address), 0

    def guess(self, now):
        if now < self.next:
            return 0
        status, wait = self.client.log_in("a guess")
        self.next = now + max(wait, 0.2)
        return int(status == 401)


def attack(port, seconds, networks):
    owner = Client(port, OWNER)
    owner.send("GET", "/login")
    assert owner.send("POST", "/register", username="ada", password=PASSWORD)[0] == 201
    owner.send("POST", "/logout")
    # The first login in this browser writes its row.
    assert owner.log_in(PASSWORD)[0] == 200
    owner.send("POST", "/logout")
    strangers = [Stranger(port, f"198.51.{number}.9") for number in range(networks)]
    begin = time.monotonic()
    known, waits, guesses, visits = [], [], 0, 0
    waiting_since, visit = 0, 0
    while (now := time.monotonic() - begin) < seconds:
        guesses += sum(stranger.guess(now) for stranger in strangers)
        if now >= visit:
            visit = now + EVERY
            known.append(owner.log_in(PASSWORD)[0] == 200)
            owner.send("POST", "/logout")
            visits += 1
            # A new browser in a network that nobody else uses.
            elsewhere = Client(port, f"10.{len(waits) % 250}.{visits % 250}.7")
            if elsewhere.log_in(PASSWORD)[0] == 200:
                waits.append(now - waiting_since)
                waiting_since = now + EVERY
        time.sleep(0.05)
    print(f"{networks} networks, {seconds // 60} minutes, {guesses} guesses evaluated")
    print(f"known browser: {sum(known)} of {len(known)} logins")
    # A browser that was still waiting at the end counts with the time until then.
    longest = max([*waits, seconds - waiting_since])
    print(f"new browsers: {len(waits)} of {visits} logins; longest wait {longest:.0f} s")
    return sum(known) == len(known) and longest <= 15 * 60


def main():
    minutes, networks = (int(text) for text in (sys.argv[1:] + ["5", "1"][len(sys.argv) - 1:])[:2])
    program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "debug", "blog")
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            **os.environ,
            "BLOG_ADDR": "127.0.0.1:0",
            "BLOG_PROXIES": "127.0.0.1",
            "DATABASE_URL": f"sqlite://{directory}/blog.db",
            "RUST_LOG": "off",
        }
        blog = subprocess.Popen([program], env=environment, stdout=subprocess.PIPE, text=True)
        try:
            port = int(blog.stdout.readline().strip().rpartition(":")[2])
            passed = attack(port, minutes * 60, networks)
        finally:
            blog.send_signal(signal.SIGTERM)
            blog.wait(timeout=15)
    sys.exit(not passed)


if __name__ == "__main__":
    main()
