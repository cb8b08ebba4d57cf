"""Visits every page of the blog with clicks and keyboard input, and calls `seen` for each page."""
import base64
import hashlib
import urllib.parse

from running_blog import PASSWORD, code

POSTS = [
    (
        "Access control without a database query",
        "A server can check each request with a query: it reads the session and the roles from a database. The database "
        "then has to process a query for every page.\n\nA signed token avoids the query. The server signs the name, the "
        "roles and the expiry once, at the login. Each request sends the token, and any server with the key can verify "
        "it.\n\nA signed token needs one more mechanism. The server must be able to revoke a token before it expires.",
    ),
    (
        "Six digits, thirty seconds",
        "No server sends the code on your phone to you. The phone computes it from the time and from a secret that it "
        "shares with the server. Every 30 seconds there is a new code.\n\nThe server accepts each code once. It rejects "
        "the same code the second time, also within its 30 seconds.",
    ),
    (
        "401 and 403",
        "A server rejects a request for two reasons. With 401 the server does not know who sends the request: log in. With "
        "403 the server knows the account, but the account does not have the required role. A good error page explains "
        "which of the two happened and links to the next step.",
    ),
]
PHONE = "Mozilla/5.0 (Android 16; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"


class Walk:
    def __init__(self, browser, blog, site, seen):
        self.browser, self.blog, self.site, self.seen = browser, blog, site, seen
        # The path below which the site is reached, or an empty text.
        self.prefix = urllib.parse.urlsplit(site).path
        self.access = "__Host-hallpass"
        if self.prefix:
            tag = base64.b32encode(hashlib.sha256(self.prefix.encode()).digest()).decode()
            self.access += f"-{tag[:6].lower()}"

    def own(self, selector):
        """Returns the selector of a link or a form, with the prefix in its path."""
        return selector.replace("='/", f"='{self.prefix}/")

    def fill(self, form="main form", **fields):
        form = self.own(form)
        for name, text in fields.items():
            self.browser.type(f"{form} [name={name}]", text)
        self.browser.follow(f"{form} button:not([type=button])")

    def go(self, link, ends):
        """Follows a link that leads to this path."""
        self.browser.follow(self.own(link))
        self.at(ends)

    def at(self, path):
        place = self.browser.url().removeprefix(self.site)
        if place != path:
            raise AssertionError(f"at {place}, not at {path}: {self.browser.text('main')}")

    def shows(self, text, where="main"):
        shown = self.browser.text(where)
        if text not in shown:
            raise AssertionError(f"{self.browser.url()} does not show {text!r} but {shown!r}")

    def type_address(self, path):
        self.browser.open(self.site + path)

    def register(self, name):
        self.go("header a[href='/register']", "/register")
        self.fill(username=name, password=PASSWORD)
        self.at("/profile")

    def log_out(self):
        self.go("header form button", "/")

    def log_in(self, name, ends, password=PASSWORD):
        self.fill(username=name, password=password)
        self.at(ends)

    def enrol(self):
        """Enables the second factor on the page that shows the key, and returns the key."""
        secret = self.browser.text(".hp-key").replace(" ", "").replace("\n", "")
        self.fill(code=code(secret, -1))
        self.shows("Your recovery codes")
        return secret

    def finish(self, secret):
        """Enters a code on the code page, which leads to the front page."""
        self.fill(code=code(secret, 0))
        self.at("/")

    def all_pages(self):
        self.strangers()
        self.guest()
        secret = self.enrolment()
        self.admin(secret)
        self.half_an_admin()

    def strangers(self):
        self.type_address("/")
        self.seen("home-empty")
        self.go("header a[href='/login']", "/login")
        self.seen("login")
        self.go("main a[href='/register']", "/register")
        self.seen("register")
        self.fill(username="grace hopper", password=PASSWORD)
        self.seen("register-error")
        if self.browser.property("#username", "value") != "grace hopper" or self.browser.property("#password", "value"):
            raise AssertionError("the form must keep the user name and clear the password")

    def guest(self):
        self.register("grace")
        self.blog.sign_in_elsewhere("grace", PHONE)
        self.type_address("/profile")
        self.seen("profile")
        self.fill(form="form[action='/account/password']", current_password="not hers", new_password="A sentence nobody else has")
        self.shows("Nothing was changed")
        self.seen("password-error")
        self.type_address("/profile")
        self.go("main a[href='/account/sessions']", "/account/sessions")
        self.shows("Firefox on Android")
        self.seen("sessions")
        self.browser.follow("form:has([value=others]) button")
        if "Firefox on Android" in self.browser.text("main"):
            raise AssertionError("the other device is still logged in")
        self.type_address("/posts/new")
        self.shows("Access denied")
        self.seen("access-denied")
        self.type_address("/no-such-page")
        self.seen("not-found")
        self.log_out()
        self.type_address("/profile")
        self.at("/login?next=" + urllib.parse.quote(f"{self.prefix}/profile", safe=""))
        self.log_in("grace", "/login", password="not her password")
        self.shows("Invalid username, password or code")
        self.seen("login-error")
        self.browser.type("[name=password]", PASSWORD)
        self.browser.follow("main form button:not([type=button])")
        self.at("/profile")
        self.log_out()

    def enrolment(self):
        self.register("ada")
        self.go("main a[href='/account/two-factor']", "/account/two-factor")
        self.seen("two-factor")
        self.fill(code="000000")
        self.seen("two-factor-error")
        secret = self.enrol()
        self.seen("recovery-codes")
        self.go("main a.hp-button", "/profile")
        self.go("main a[href='/account/two-factor']", "/account/two-factor")
        self.seen("two-factor-on")
        self.log_out()
        self.blog.operator("user", "set-role", "ada", "admin")
        return secret

    def admin(self, secret):
        self.go("header a[href='/login']", "/login")
        self.log_in("ada", "/login/code")
        self.seen("code")
        self.fill(code="000000")
        self.shows("Invalid username, password or code")
        self.seen("code-error")
        self.finish(secret)
        for title, body in reversed(POSTS):
            self.go("header a[href='/posts/new']", "/posts/new")
            self.browser.type("#title", title)
            self.browser.type("#body", body)
            if title == POSTS[0][0]:
                self.seen("new-post")
            self.browser.follow("main form button")
        self.shows(POSTS[0][0])
        self.seen("post")
        self.go("header a[href='/admin']", "/admin")
        self.seen("people")
        self.go("form[action='/admin/users/grace/role'] button", "/admin")
        self.go("header a.brand", "/")
        self.seen("home")

        token = self.browser.cookies(self.site)[self.access]["value"]
        self.hold(self.blog.aged(token, 660))
        self.type_address("/admin")
        self.shows("Confirm that it is you")
        self.seen("log-in-again")
        self.hold(token)
        self.type_address("/admin")
        self.shows("All accounts")

    def half_an_admin(self):
        self.log_out()
        self.blog.operator("user", "set-role", "grace", "admin")
        self.go("header a[href='/login']", "/login")
        self.log_in("grace", "/")
        self.type_address("/admin")
        self.shows("Two-factor login required")
        self.seen("second-factor-needed")
        self.log_out()

    def hold(self, token):
        cookie = {"path": "/", "secure": True, "httpOnly": True, "sameSite": "Lax"}
        if not self.browser.devtools("Network.setCookie", name=self.access, value=token, url=self.site, **cookie)["success"]:
            raise AssertionError("the browser does not accept the cookie")
