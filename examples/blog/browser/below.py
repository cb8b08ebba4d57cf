"""Visits the blog and the example of the README below a path, behind nginx. Each URL of each visit
begins with the path, and so does each link and form of each page."""
import json
import os
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

from proxy import Proxy, await_port
from running_blog import PASSWORD, ROOT, Blog
from walk import Walk
from webdriver import Browser, Driver, free_port

LINKS = """
return [...document.querySelectorAll("[href], [src], [action]")].flatMap((element) =>
  ["href", "src", "action"].map((name) => element.getAttribute(name)).filter((link) => link !== null));
"""


class Below(unittest.TestCase):
    package = prefix = kind = None

    def setUp(self):
        self.proxy = self.enterContext(Proxy(self.kind, rewrites_host=True))
        self.origin = f"http://localhost:{self.proxy.port}"
        self.site = self.origin + self.prefix
        self.pages = self.urls = 0
        self.icon = None

    def browse(self):
        return self.enterContext(Browser(self.enterContext(Driver()), watched=True))

    def look_at(self, browser, name):
        self.pages += 1
        complaints = browser.complaints()
        self.assertEqual([text for text in complaints if not (self.icon and self.icon in text)], [], name)
        for link in browser.run(LINKS):
            elsewhere = link.startswith(("#", "otpauth:", "data:"))
            self.assertTrue(elsewhere or link.startswith(f"{self.prefix}/"), f"{name}: {link}")
        for url in browser.requested():
            self.urls += 1
            elsewhere = url.startswith(("data:", "chrome:", "about:")) or url == self.icon
            self.assertTrue(elsewhere or url.startswith(f"{self.site}/"), f"{name}: {url}")

    def assert_only_own_paths(self):
        paths = self.proxy.paths()
        others = [path for path in paths if not path.startswith(f"{self.prefix}/")]
        self.assertEqual([path for path in others if self.origin + path != self.icon], [])
        return len(paths)

    def test_every_page_of_the_blog(self):
        blog = self.enterContext(Blog(self.package, self.site))
        self.proxy.serve(blog.port)
        browser = self.browse()
        walk = Walk(browser, blog, self.site, lambda name: self.look_at(browser, name))
        walk.all_pages()
        self.look_at(browser, "the last page")
        names = set(browser.cookies(self.site))
        self.assertEqual([name for name in names if not name.startswith(walk.access)], [])
        requests = self.assert_only_own_paths()
        self.assertGreater(requests, 50)
        print(f"\n{self.package}, {self.kind}: {self.pages} pages, {self.urls} URLs, {requests} requests at nginx")
        with urllib.request.urlopen(f"{self.origin}/.well-known/jwks.json", timeout=20) as answer:
            self.assertEqual(json.load(answer), {"keys": []})
        with self.assertRaises(urllib.error.HTTPError) as outside:
            urllib.request.urlopen(f"{self.origin}/login", timeout=20)
        self.assertEqual(outside.exception.code, 404, "another site may have this path")

    def test_the_example_of_the_readme(self):
        port = free_port()
        self.enterContext(Example(port, self.site))
        self.proxy.serve(port)
        browser = self.browse()
        # A page of plain text names no icon, so the browser looks for one at the root of the host.
        self.icon = f"{self.origin}/favicon.ico"
        walk = Walk(browser, None, self.site, lambda name: self.look_at(browser, name))
        walk.type_address("/")
        walk.shows("Hello, stranger", "body")
        walk.type_address("/register")
        walk.seen("register")
        walk.fill(username="alice", password=PASSWORD)
        walk.at("/profile")
        walk.shows("alice may {guest}", "body")
        walk.type_address("/account/sessions")
        walk.seen("sessions")
        walk.log_out()
        walk.type_address("/profile")
        walk.at("/login?next=" + urllib.parse.quote(f"{self.prefix}/profile", safe=""))
        walk.seen("login")
        walk.log_in("alice", "/profile")
        walk.type_address("/admin")
        walk.seen("access denied")
        requests = self.assert_only_own_paths()
        print(f"\nthe example of the README, {self.kind}: {self.urls} URLs, {requests} requests at nginx")


class Example:
    """The process of the example in the README with a public origin, as its test starts it."""

    def __init__(self, port, origin):
        self.port, self.origin = port, origin

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        test = built_test("quickstart")
        environment = {**os.environ, "QUICKSTART_ADDRESS": f"127.0.0.1:{self.port}", "QUICKSTART_ORIGIN": self.origin}
        command = [test, "--ignored", "--exact", "below::serve", "--nocapture"]
        self.process = subprocess.Popen(command, cwd=self.directory.name, env=environment, stdout=subprocess.DEVNULL)
        await_port(self.port, self.process)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.directory.cleanup()


def built_test(package):
    """Builds the tests of a package and returns their program."""
    build = ["cargo", "test", "-q", "-p", package, "--test", package, "--no-run", "--message-format=json"]
    lines = subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    artifacts = map(json.loads, lines)
    # The binaries of the package are built too.
    return next(found["executable"] for found in artifacts if found.get("executable") and found["target"]["kind"] == ["test"])
