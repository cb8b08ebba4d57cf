#!/usr/bin/env python3
"""Tests the pages of the blog in headless Chromium.

    python3 examples/blog/browser [--package blog-actix] [--pictures DIRECTORY]
    python3 examples/blog/browser --prefix /app --nginx strip|keep [--package blog-actix]

Builds and starts the blog with an empty database. `--package` selects the blog on actix-web instead
of axum. `--pictures` writes a screenshot of each page into the directory, in light and dark, wide
and narrow. `python3 examples/blog/browser --pictures docs/screenshots` makes the screenshots of the
repository.

`--prefix` visits the blog and the example of the README below a path instead, behind an nginx that
removes the prefix (`strip`) or passes it on (`keep`).

Requires chromium, chromedriver, oathtool and npm, which installs axe-core into a temporary
directory. `--pictures` also requires pngquant, and `--prefix` nginx.
"""
import argparse
import pathlib
import subprocess
import tempfile
import time
import unittest

from below import Below
from elsewhere import Elsewhere
from running_blog import PASSWORD, ROOT, Blog
from walk import Walk
from webdriver import Browser, Driver

AXE_CORE = "axe-core@4.14.1"
SIZES = {"": (1100, 760), "-narrow": (390, 780)}
SCHEMES = ("light", "dark")
ACCESS, REFRESH, PENDING = "__Host-hallpass", "__Host-hallpass_refresh", "__Host-hallpass_pending"
BROWSER = "__Host-hallpass_browser"


class Pages(unittest.TestCase):
    package = axe = pictures = None

    def setUp(self):
        self.blog = self.enterContext(Blog(self.package))
        self.driver = self.enterContext(Driver())
        self.seen = []

    def browse(self, host, javascript=True):
        """Returns a browser at the blog's front page, and its walk."""
        browser = self.enterContext(Browser(self.driver, javascript))
        walk = Walk(browser, self.blog, f"http://{host}:{self.blog.port}", lambda name: self.look_at(browser, name))
        walk.type_address("/")
        return browser, walk

    def look_at(self, browser, name):
        self.seen.append(name)
        self.assertEqual(browser.complaints(), [], name)
        if not browser.javascript:
            return
        self.assertEqual(browser.run("return document.cookie"), "", name)
        for suffix, size in SIZES.items():
            for scheme in SCHEMES:
                clip = browser.look(size, scheme)
                if self.pictures:
                    (self.pictures / f"{name}-{scheme}{suffix}.png").write_bytes(browser.picture(clip))
                with self.subTest(page=name, scheme=scheme, size=size):
                    self.assertEqual(self.violations(browser), [])
        # Discards messages that axe caused.
        browser.complaints()

    def violations(self, browser):
        browser.run(self.axe)
        found = browser.run_async("axe.run(document).then(arguments[0])")["violations"]
        return [(rule["impact"], rule["id"], node["target"]) for rule in found for node in rule["nodes"]]

    def test_every_page_on_localhost(self):
        browser, walk = self.browse("localhost")
        walk.all_pages()
        self.assertEqual(len(self.seen), len(set(self.seen)))
        print(f"\n{len(self.seen)} pages: {', '.join(self.seen)}")

    def test_every_page_without_javascript(self):
        browser, walk = self.browse("127.0.0.1", javascript=False)
        walk.type_address("/login")
        self.assertEqual(browser.all(".hp-touch"), [], "the script must not have run")
        walk.all_pages()

    def test_cookies_have_the_attributes_of_the_contract(self):
        browser, walk = self.browse("localhost")
        self.assertEqual(browser.cookies(walk.site), {})
        walk.register("ada")
        held = browser.cookies(walk.site)
        self.assertIn(ACCESS, held)
        walk.type_address("/account/two-factor")
        secret = walk.enrol()
        walk.log_out()
        self.assertEqual(set(browser.cookies(walk.site)), {BROWSER}, "logout removes the other cookies")
        walk.type_address("/login")
        walk.log_in("ada", "/login/code")
        awaiting = browser.cookies(walk.site)
        self.assertEqual(set(awaiting), {BROWSER, PENDING})
        walk.finish(secret)
        self.assertEqual(set(browser.cookies(walk.site)), set(held), "the pending cookie is removed")
        for name, cookie in {**held, **awaiting}.items():
            with self.subTest(cookie=name):
                self.assertEqual((cookie["path"], cookie["domain"]), ("/", "localhost"))
                self.assertEqual((cookie["httpOnly"], cookie["secure"], cookie["sameSite"]), (True, True, "Lax"))
                life = cookie["expires"] - time.time()
                months = (901, 400 * 86400)
                least, most = {ACCESS: (840, 900), PENDING: (240, 300), REFRESH: months, BROWSER: months}[name]
                self.assertTrue(least <= life <= most, life)

    def test_another_site_cannot_act_in_the_visitors_name(self):
        elsewhere = self.enterContext(Elsewhere())
        browser, walk = self.browse("localhost")
        walk.register("mallory")
        walk.log_out()
        walk.register("ada")
        walk.type_address("/account/two-factor")
        secret = walk.enrol()
        self.blog.operator("user", "set-role", "ada", "admin")
        walk.type_address("/login")
        walk.log_in("ada", "/login/code")
        walk.finish(secret)
        attacks = {
            "/login": {"username": "mallory", "password": PASSWORD},
            "/logout": {},
            "/register": {"username": "eve", "password": PASSWORD},
            "/admin/users/mallory/role": {"role": "admin"},
            "/posts": {"title": "Owned", "body": "By the other site"},
        }
        before = self.blog.operator("user", "list")
        # Another site, and another origin of the same site. Browsers send `SameSite=Lax` cookies
        # with forms of the second.
        for host in ("127.0.0.1", "localhost"):
            for path, fields in attacks.items():
                with self.subTest(attacker=host, path=path):
                    browser.open(elsewhere.bait(host, walk.site + path, **fields))
                    browser.follow("button")
                    walk.at(path)
                    status = browser.run("return performance.getEntriesByType('navigation')[0].responseStatus")
                    self.assertEqual(status, 403)
                    walk.shows("Request from another site")
                    walk.type_address("/admin")
                    walk.shows("ada", "header")
        self.assertEqual(self.blog.operator("user", "list"), before)
        walk.type_address("/")
        self.assertNotIn("Owned", browser.text("main"))

    def test_show_copy_and_print_buttons(self):
        browser, walk = self.browse("localhost")
        walk.type_address("/register")
        browser.type("[name=username]", "ada")
        browser.type("[name=password]", PASSWORD)
        self.assertEqual(browser.text(".hp-touch"), "Show")
        browser.click(".hp-touch")
        self.assertEqual((browser.property("#password", "type"), browser.text(".hp-touch")), ("text", "Hide"))
        browser.run("document.forms[0].addEventListener('submit', () => (window.name = document.getElementById('password').type))")
        browser.follow("main form button[type=submit]")
        walk.at("/profile")
        self.assertEqual(browser.run("return window.name"), "password", "the field is submitted as a password field")
        self.assertEqual(len(browser.all(".hp-touch")), 2, "the blog's own password fields have the button")
        walk.type_address("/account/two-factor")
        key = browser.run("return document.querySelector('.hp-key').textContent")
        self.assertRegex(key, "^[A-Z2-7]{32}$")
        self.assertEqual(self.copied(browser), key)
        walk.enrol()
        codes = self.copied(browser).split("\n")
        self.assertEqual((len(codes), codes), (10, browser.text(".hp-codes").split("\n")))
        self.assertEqual([browser.call("GET", f"/element/{button}/text") for button in browser.all(".hp-touches button")], ["Copied", "Print"])
        self.assertEqual(browser.complaints(), [])

    def test_checks_detect_violations(self):
        browser, walk = self.browse("localhost")
        walk.type_address("/login")
        browser.run("document.querySelector('label').remove(); document.cookie = 'a=b'")
        self.assertIn("label", [rule for _, rule, _ in self.violations(browser)])
        self.assertEqual(browser.run("return document.cookie"), "a=b")
        browser.complaints()
        browser.run("document.body.append(Object.assign(document.createElement('script'), { textContent: '1' }))")
        self.assertIn("Content Security Policy", "".join(browser.complaints()))
        browser.run("document.body.append(Object.assign(new Image(), { src: '/nowhere.png' }))")
        time.sleep(0.5)
        self.assertIn("404", "".join(browser.complaints()))

    def copied(self, browser):
        """Returns the text that the button copies. A headless browser has no clipboard to read, so
        the page's `writeText` is replaced."""
        browser.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
        browser.click(".hp-touches button")
        self.assertEqual(browser.text(".hp-touches button"), "Copied")
        return browser.run("return window.copied")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--package", default="blog", metavar="NAME")
    arguments.add_argument("--pictures", type=pathlib.Path, metavar="DIRECTORY")
    arguments.add_argument("--prefix", metavar="PATH")
    arguments.add_argument("--nginx", choices=["strip", "keep"], default="strip")
    given = arguments.parse_args()
    Pages.package, Pages.pictures = given.package, given.pictures
    subprocess.run(["cargo", "build", "-q", "-p", given.package], cwd=ROOT, check=True)
    if given.prefix:
        Below.package, Below.prefix, Below.kind = given.package, given.prefix, given.nginx
        outcome = unittest.main(argv=["browser", "Below"], verbosity=2, exit=False).result
        raise SystemExit(not outcome.wasSuccessful())
    with tempfile.TemporaryDirectory() as directory:
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", directory, AXE_CORE]
        subprocess.run(npm, check=True)
        Pages.axe = pathlib.Path(directory, "node_modules/axe-core/axe.min.js").read_text()
    if Pages.pictures:
        Pages.pictures.mkdir(parents=True, exist_ok=True)
    outcome = unittest.main(argv=["browser", "Pages"], verbosity=2, exit=False).result
    if Pages.pictures:
        made = sorted(Pages.pictures.glob("*.png"))
        subprocess.run(["pngquant", "--force", "--ext", ".png", "--speed", "1", "--strip", "256", *made], check=True)
        print(f"{len(made)} screenshots, {sum(picture.stat().st_size for picture in made) // 1024} KiB, in {Pages.pictures}")
    raise SystemExit(not outcome.wasSuccessful())


if __name__ == "__main__":
    main()
