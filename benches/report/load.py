"""Requests per second over loopback: the server on one core, wrk on the other.

All servers run from the start, and each round measures all of them, so a disturbance of the
machine affects all alike. The CPU time per request is read from the kernel's accounting: a busy
neighbour changes it less than it changes the requests per second.
"""
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from places import PEERS, PROGRAMS

# With many short rounds each server probably has one round without a disturbance.
ROUNDS, SECONDS, CONNECTIONS = 15, 1, 16
SERVER_CORE, CLIENT_CORE = "0", "1"

OPEN = "plain"
SITES = [
    OPEN,
    "hallpass: layer and guard",
    "hallpass: layer outside, guard",
    "hallpass: layer outside, guard on the handler",
    "hallpass: layer outside, guard, remembered",
    "by hand: CookieJar, jsonwebtoken, role",
    "axum-jwt-auth",
    "axum-login: memory",
    "axum-gate",
    "axum-login: SQLite file",
]
ARTICLE = {"Starlette, open route": "open", "Starlette, PyJWT, @requires (the article)": "guarded"}


class Server:
    def __init__(self, name, command, address=None, cookie=None, secret=None):
        self.name = name
        pipe = None if address else subprocess.PIPE
        self.process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *command], stdout=pipe, text=True)
        if not address:
            ready = json.loads(self.process.stdout.readline())
            address, cookie, secret = ready["address"], ready["cookie"], ready["secret"]
        self.address, self.cookie, self.secret = address, cookie, secret
        self.rates, self.costs = [], []

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def status(self, cookie):
        request = urllib.request.Request(f"http://{self.address}/admin", headers={"cookie": cookie, "accept": "application/json"})
        opener = urllib.request.build_opener(Unfollowed)
        try:
            return opener.open(request, timeout=5).status
        except urllib.error.HTTPError as error:
            return error.code

    def check(self):
        """Exits if the cookie does not open the page, or if a guarded page opens without it."""
        if self.status(self.cookie) != 200:
            sys.exit(f"{self.name} rejects its own cookie")
        if "open" not in self.name and self.status("theme=dark") == 200:
            sys.exit(f"{self.name} returns the guarded page without a cookie")

    def round(self, seconds=SECONDS):
        before = self.cpu_seconds()
        output = subprocess.check_output(
            ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Cookie: {self.cookie}",
             f"http://{self.address}/admin"], text=True)
        if "Non-2xx" in output or "Socket errors" in output:
            sys.exit(f"{self.name}: not every request was answered with the page\n{output}")
        requests = int(re.search(r"(\d+) requests in", output).group(1))
        rate = float(re.search(r"Requests/sec:\s*([\d.]+)", output).group(1))
        return rate, (self.cpu_seconds() - before) / requests * 1e6


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def measure():
    servers = []
    try:
        for site in SITES:
            servers.append(Server(site if site != OPEN else "axum, open route", [str(PROGRAMS / "measure"), "serve", site]))
        servers.extend(article(servers[1]))
        for server in servers:
            wait_for(server.address)
            server.check()
            server.round(1)
        for _ in range(ROUNDS):
            for server in servers:
                rate, cost = server.round()
                server.rates.append(rate)
                server.costs.append(cost)
    finally:
        for server in servers:
            server.process.terminate()
            server.process.wait()
    return [figures(server, servers[0]) for server in servers]


def article(hallpass):
    python = os.environ.get("PYTHON_OF_THE_ARTICLE", sys.executable)
    if subprocess.run([python, "-c", "import jwt, starlette, uvicorn, uvloop, httptools"], stderr=subprocess.DEVNULL).returncode:
        print(f"  {python} has no starlette, pyjwt and uvicorn[standard]: the article's stack is not measured")
        return
    for name, kind in ARTICLE.items():
        port = free_port()
        command = [python, str(PEERS / "article.py"), hallpass.secret, str(port), kind]
        yield Server(name, command, f"127.0.0.1:{port}", hallpass.cookie)


def figures(server, plain):
    """Returns the best rate of the rounds and the lower quartile of the CPU times.

    The best rate, because a neighbour on the machine can only slow a server down.
    """
    rate, open_rate = max(server.rates), max(plain.rates)
    found = {
        "case": server.name,
        "requests": round(rate),
        "share": round(rate / open_rate, 4),
        "cpu": round(statistics.quantiles(server.costs, n=4)[0], 2),
        "rates": [round(rate) for rate in server.rates],
    }
    print(f"  {found['case']:<45} {found['requests']:>8}/s {found['share']:>7.3f} {found['cpu']:>7.2f} µs", flush=True)
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(address):
    host, port = address.split(":")
    for _ in range(100):
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"no server listens on {address}")
