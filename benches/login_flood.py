"""A flood of logins over 1,000 connections, and honest people who log in meanwhile.

The server is the blog in a release build, behind a "proxy" that is this script: it sends the
address of each client in X-Forwarded-For. The flood and the people are separate processes, so that
a person does not wait for the flood's client.

    python3 benches/login_flood.py                        # builds the blog, prints the figures
    python3 benches/login_flood.py --on actix             # the blog on actix-web
    python3 benches/login_flood.py --postgres URL         # in a new schema of this database
    python3 benches/login_flood.py --program PROGRAM      # this build of the blog

The exit status is 1 if a figure exceeds its bound.
"""
import argparse
import asyncio
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONNECTIONS = 1_000
PEOPLE = 60  # of each kind
EVERY = 0.1  # seconds between two people of one kind
PATIENCE = 5.0  # seconds; a person tries again until then
PASSWORD = "two+grey+herons+at+dawn"
ROOT = Path(__file__).resolve().parent.parent


def one_48(rng):
    """A random address of one IPv6 /48."""
    return "2001:db8:1:" + ":".join(f"{rng.getrandbits(16):x}" for _ in range(5))


def many_networks(rng):
    """A random address: nearly each request is of another IPv4 /24."""
    return f"{rng.randint(1, 99)}.{rng.getrandbits(8)}.{rng.getrandbits(8)}.{rng.getrandbits(8)}"


FLOODS = {"one IPv6 /48": one_48, "six million IPv4 /24": many_networks}


class Connection:
    """A connection that is used for one request after the other."""

    def __init__(self, port):
        self.port, self.reader, self.writer = port, None, None

    async def get(self, path):
        return await self.send(f"GET {path} HTTP/1.1\r\naccept: text/html\r\n", "")

    async def post(self, path, name, client, cookies="", password=PASSWORD):
        head = (
            f"POST {path} HTTP/1.1\r\naccept: application/json\r\n"
            f"x-forwarded-for: {client}\r\ncookie: {cookies}\r\n"
            "content-type: application/x-www-form-urlencoded\r\n"
        )
        return await self.send(head, f"username={name}&password={password}")

    async def send(self, head, body):
        length = f"content-length: {len(body)}\r\n" if body else ""
        request = f"{head}host: localhost:{self.port}\r\n{length}\r\n{body}"
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(request.encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = [line.split(": ", 1) for line in head[1:] if line]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        await self.reader.readexactly(length)
        cookies = [value.split(";")[0] for name, value in headers if name.lower() == "set-cookie"]
        return int(head[0].split(" ")[1]), cookies


async def attack(port, address, counts, is_over):
    async def one(number):
        rng, connection, attempt = random.Random(number), Connection(port), 0
        while not is_over.is_set():
            attempt += 1
            status, _ = await connection.post("/login", f"name{number}x{attempt}", address(rng))
            counts[{401: 0, 429: 1, 503: 1}.get(status, 2)] += 1

    await asyncio.gather(*(one(number) for number in range(CONNECTIONS)))


def flood(port, address, counts, is_over):
    asyncio.run(attack(port, FLOODS[address], counts, is_over))


async def person(port, name, client, cookies):
    """Returns the seconds until the login, or None."""
    start, connection = time.monotonic(), Connection(port)
    while time.monotonic() - start < PATIENCE:
        status, _ = await connection.post("/login", name, client, cookies)
        if status == 200:
            took = time.monotonic() - start
            return took if took < PATIENCE else None
        # The brake of the site may reject unknown browsers in a flood from many networks.
        if status not in (429, 503):
            sys.exit(f"{name}: {status}, although no attempt of this person was wrong")
        await asyncio.sleep(1)
    return None


async def people(port, browsers):
    known, unknown = [], []
    for number in range(PEOPLE):
        client = f"203.0.{number}.9"
        known.append(asyncio.create_task(person(port, f"known{number}", client, browsers[number])))
        await asyncio.sleep(EVERY / 2)
        client = f"192.0.{number}.9"
        unknown.append(asyncio.create_task(person(port, f"unknown{number}", client, "")))
        await asyncio.sleep(EVERY / 2)
    return await asyncio.gather(*known), await asyncio.gather(*unknown)


async def register(port):
    """Registers all people. Returns the cookies by which the known browsers are recognised."""
    browsers, connection = [], Connection(port)
    for kind in ["known", "unknown"]:
        for number in range(PEOPLE):
            client = f"198.51.{number}.7"
            status, cookies = await connection.post("/register", f"{kind}{number}", client)
            if status not in (200, 201):
                sys.exit(f"registration: {status}")
            if kind == "known":
                session = ("__Host-hallpass=", "__Host-hallpass_refresh=")
                browser = "; ".join(it for it in cookies if not it.startswith(session))
                # The first login with the cookie makes the browser known.
                status, _ = await connection.post("/login", f"{kind}{number}", client, browser)
                if status != 200:
                    sys.exit(f"login: {status}")
                browsers.append(browser)
    return browsers


async def alone(process, port):
    """Returns the CPU time of the server per page, per attempt on a blocked name, and per login."""
    connection = Connection(port)

    async def cost(requests, send, expected):
        before = cpu_seconds(process)
        for number in range(requests):
            status, _ = await send(number)
            if status != expected:
                sys.exit(f"{status} instead of {expected}")
        return (cpu_seconds(process) - before) / requests * 1e6

    def guess(name, number=0):
        return connection.post("/login", name, f"198.18.{number}.7", password="wrong")

    while (await guess("blocked"))[0] != 429:
        pass
    page = await cost(10_000, lambda _: connection.get("/login"), 200)
    blocked = await cost(10_000, lambda _: guess("blocked"), 429)
    hashed = await cost(100, lambda number: guess(f"nobody{number}", number), 401)
    return page, blocked, hashed


def cpu_seconds(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process, field):
    """Returns a field of the process's status, in MiB (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def psql(url, statement):
    subprocess.check_call(["psql", url, "-q", "-c", statement], stderr=subprocess.DEVNULL)


def serve(program, directory, database):
    port = random.randint(20_000, 30_000)
    environment = {
        **os.environ,
        "BLOG_ADDR": f"127.0.0.1:{port}",
        "BLOG_PROXIES": "127.0.0.1",
        "DATABASE_URL": database or f"sqlite://{directory}/blog.db",
        "BLOG_KEYS": f"{directory}/blog-keys.json",
    }
    environment.pop("REDIS_URL", None)
    process = subprocess.Popen(
        [program], env=environment, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(100):
        try:
            asyncio.run(asyncio.wait_for(probe(port), 1))
            return process, port
        except OSError:
            time.sleep(0.1)
    sys.exit("the blog does not listen")


async def probe(port):
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def measure(program, address, postgres):
    if postgres is None:
        return measure_on(program, address, None)
    schema = f"login_flood_{os.getpid()}_{random.getrandbits(32)}"
    psql(postgres, f"CREATE SCHEMA {schema}")
    try:
        return measure_on(program, address, f"{postgres}?options[search_path]={schema}")
    finally:
        psql(postgres, f"DROP SCHEMA {schema} CASCADE")


def measure_on(program, address, database):
    with tempfile.TemporaryDirectory() as directory:
        process, port = serve(program, directory, database)
        try:
            browsers = asyncio.run(register(port))
            page, blocked, hash_time = asyncio.run(alone(process, port))
            before = memory(process, "VmHWM")
            counts, is_over = multiprocessing.Array("q", 3), multiprocessing.Event()
            attacker = multiprocessing.Process(target=flood, args=(port, address, counts, is_over))
            attacker.start()
            while sum(counts) < 2 * CONNECTIONS:
                time.sleep(0.05)
            start, already, cpu = time.monotonic(), list(counts), cpu_seconds(process)
            known, unknown = asyncio.run(people(port, browsers))
            took, cpu = time.monotonic() - start, cpu_seconds(process) - cpu
            attempts = [now - then for now, then in zip(counts, already)]
            is_over.set()
            attacker.join()
            grown = memory(process, "VmHWM") - before
        finally:
            process.terminate()
            process.wait()
    hashed, busy, other = attempts
    if other or sum(attempts) < 10 * CONNECTIONS:
        sys.exit(f"this was no flood: {attempts}")
    # Each person logs in once, which costs at least one hash.
    refused = (cpu * 1e6 - (hashed + 2 * PEOPLE) * hash_time) / busy
    return {
        "flood": address,
        "known": share(known),
        "unknown": share(unknown),
        "known_p95": p95(known),
        "unknown_p95": p95(unknown),
        "attempts_per_second": round(sum(attempts) / took),
        "hashed_per_second": round(hashed / took),
        "memory_mib": round(grown),
        "cpu_page_us": round(page),
        "cpu_blocked_us": round(blocked),
        "cpu_refused_us": round(refused),
        "cpu_login_us": round(hash_time),
    }


def share(times):
    return round(sum(took is not None for took in times) / len(times), 3)


def p95(times):
    times = [took for took in times if took is not None]
    return round(statistics.quantiles(times, n=20)[-1], 2) if len(times) > 1 else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--on", choices=["axum", "actix"], default="axum")
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--program", type=Path)
    options = parser.parse_args()
    program = options.program
    if program is None:
        package = "blog" if options.on == "axum" else "blog-actix"
        subprocess.check_call(["cargo", "build", "--release", "-p", package], cwd=ROOT)
        target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
        program = Path(target) / "release" / package
    failed = False
    for address in FLOODS:
        found = measure(str(program.resolve()), address, options.postgres)
        print(json.dumps(found), flush=True)
        # A flood from more networks than the queue has places shares it with the strangers.
        least_unknown = 0.5 if address == "one IPv6 /48" else 0
        failed |= found["known"] < 0.95 or found["unknown"] < least_unknown
        failed |= found["memory_mib"] > 256
    sys.exit(failed)


if __name__ == "__main__":
    main()
