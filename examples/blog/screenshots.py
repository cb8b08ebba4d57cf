#!/usr/bin/env python3
"""Takes the blog's screenshots in headless Chromium, and fails where a page complains.

    python3 examples/blog/screenshots.py [DIRECTORY]        (default: docs/screenshots)

Builds and starts the blog over an empty database, walks through it in a real browser with clicks and typing, JavaScript off for
the pages' own scripts (there are none), and photographs each page in light and dark. Any console message, which is where a
violation of the content security policy shows, is a failure. Needs chromium, chromedriver and oathtool; speaks WebDriver
(W3C) over plain HTTP, so that no package is needed.
"""
import base64
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
WIDE, NARROW = (1100, 760), (390, 780)
POSTS = [
    (
        "The guard who never asks the office",
        "A school has one office and many doors. If every door had to ring the office before it opened, the office would do "
        "nothing but answer the telephone.\n\nSo the office signs a pass, once, in ink that nobody else has. The doors know "
        "the ink. They look at the pass, at the name, at the hour, and that is all: no ringing, no waiting.\n\nWhat is left "
        "is the awkward question. What if a pass must be torn up while somebody still carries it?",
    ),
    (
        "Six digits, thirty seconds",
        "The code on your telephone is not sent to you by anyone. Two clocks and one shared secret agree on it, quietly, "
        "twice a minute.\n\nA code works once. The second time, even within its half minute, it is only a number.",
    ),
    (
        "On saying no kindly",
        "There are two ways to be turned away. One says: I do not know you. The other says: I know you well, and this is not "
        "your door. People mind the second less when somebody points at the way back.",
    ),
]


class Browser:
    """A WebDriver session: https://www.w3.org/TR/webdriver2/"""

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"
        options = {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {
                "binary": "/usr/bin/chromium",
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1"],
            },
        }
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self.base += f"/session/{answer['sessionId']}"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.read().decode()[:600]}") from None

    def find(self, selector):
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        return next(iter(found.values()))

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def type(self, selector, text):
        self.call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def submit(self, selector):
        """Clicks a button and waits for the page that it leads to."""
        before = self.find("html")
        self.call("POST", f"/element/{self.find(selector)}/click", {})
        for _ in range(200):
            state = self.call("POST", "/execute/sync", {"script": "return document.readyState", "args": []})
            if state == "complete" and self.find("html") != before:
                return
            time.sleep(0.05)
        raise SystemExit(f"{selector} on {self.url()} led nowhere")

    def text(self, selector):
        return self.call("GET", f"/element/{self.find(selector)}/text")

    def url(self):
        return self.call("GET", "/url")

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def picture(self, size, scheme):
        width, height = size
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        page = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
        if page["width"] > width:
            raise SystemExit(f"{self.url()} is {page['width']} wide on a screen of {width}")
        clip = {"x": 0, "y": 0, "width": width, "height": max(height, page["height"]), "scale": 1}
        return base64.b64decode(self.devtools("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"])

    def complaints(self):
        log = self.call("POST", "/se/log", {"type": "browser"})
        # Chromium logs every 4xx document as an error of the network; those pages are asked for on purpose. Advice is no complaint.
        grave = [entry for entry in log if entry["level"] in ("WARNING", "SEVERE") and entry.get("source") != "network"]
        return [entry["message"] for entry in grave]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def code(secret, steps):
    now = f"@{int(time.time()) + 30 * steps}"
    out = subprocess.run(["oathtool", "--totp", "--base32", "--now", now, secret], check=True, capture_output=True, text=True)
    return out.stdout.strip()


def walk(browser, site, operator, shoot):
    def submit_login(name):
        browser.open(f"{site}/login")
        browser.type("#username", name)
        browser.type("#password", PASSWORD)
        browser.submit("main form button")

    def register(name):
        browser.open(f"{site}/register")
        browser.type("#username", name)
        browser.type("#password", PASSWORD)
        browser.submit("main form button")

    def log_out():
        browser.submit("header form button")

    browser.open(f"{site}/")
    shoot("empty")
    browser.open(f"{site}/login")
    shoot("login")
    browser.open(f"{site}/register")
    shoot("register")

    register("grace")
    browser.open(f"{site}/posts/new")
    shoot("access-denied")
    browser.open(f"{site}/no-such-page")
    shoot("not-found")
    browser.open(f"{site}/profile")
    shoot("profile")
    browser.open(f"{site}/profile/sessions")
    shoot("sessions")
    log_out()

    register("ada")
    browser.open(f"{site}/profile/two-factor")
    shoot("two-factor")
    secret = browser.text(".hp-key").replace(" ", "").replace("\n", "")
    browser.type("#code", code(secret, -1))
    browser.submit("main form button")
    shoot("recovery-codes")
    browser.open(f"{site}/profile/two-factor")
    shoot("two-factor-on")
    operator("user", "set-role", "ada", "admin")
    log_out()

    submit_login("ada")
    shoot("code")
    browser.type("#code", code(secret, 0))
    browser.submit("main form button")
    for title, body in reversed(POSTS):
        browser.open(f"{site}/posts/new")
        browser.type("#title", title)
        browser.type("#body", body)
        if title == POSTS[0][0]:
            shoot("new-post")
        browser.submit("main form button")
    shoot("post")
    browser.open(f"{site}/admin")
    shoot("people")
    browser.open(f"{site}/")
    if "New post" not in browser.text("header"):
        raise SystemExit("an admin does not see the link to a new post")
    shoot("home")


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs/screenshots")
    out.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cargo", "build", "-q", "-p", "blog"], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = target / "debug/blog"
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "BLOG_ADDR": "127.0.0.1:0", "DATABASE_URL": f"sqlite://{directory}/blog.db"}

        def operator(*arguments):
            subprocess.run([program, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)

        blog = subprocess.Popen([program], env=environment, stdout=subprocess.PIPE, text=True)
        port = free_port()
        driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            ready = blog.stdout.readline().strip()
            if not ready.startswith("listening on "):
                raise SystemExit(f"not the ready line: {ready!r}")
            site = ready.removeprefix("listening on ")
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            browser = Browser(port)

            def shoot(name):
                for size, suffix in ((WIDE, ""), (NARROW, "-narrow")):
                    for scheme in ("light", "dark"):
                        (out / f"{name}-{scheme}{suffix}.png").write_bytes(browser.picture(size, scheme))
                for complaint in browser.complaints():
                    raise SystemExit(f"{name}: {complaint}")

            try:
                walk(browser, site, operator, shoot)
            finally:
                browser.call("DELETE", "")
        finally:
            driver.terminate()
            driver.wait()
            blog.send_signal(signal.SIGTERM)
            if blog.wait(timeout=15) != 0:
                raise SystemExit(f"the blog ended with {blog.returncode}")
    print(f"{len(list(out.glob('*.png')))} pictures in {out}")


if __name__ == "__main__":
    main()
