"""A WebDriver session (https://www.w3.org/TR/webdriver2/) over plain HTTP, which needs no package."""
import base64
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Driver:
    """A chromedriver process."""

    def __enter__(self):
        self.port = free_port()
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(["chromedriver", f"--port={self.port}"], **quiet)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.1)
        raise AssertionError("chromedriver does not listen")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Browser:
    """Headless Chromium with its own profile, with or without JavaScript."""

    def __init__(self, driver, javascript=True, watched=False):
        self.base = f"http://127.0.0.1:{driver.port}"
        self.javascript = javascript
        options = {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", **({"performance": "ALL"} if watched else {})},
            "goog:chromeOptions": {
                "binary": "/usr/bin/chromium",
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1"],
                "prefs": {} if javascript else {"profile.managed_default_content_settings.javascript": 2},
            },
        }
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self.base += f"/session/{answer['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.call("DELETE", "")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()[:600]}") from None

    def all(self, selector):
        found = self.call("POST", "/elements", {"using": "css selector", "value": selector})
        return [next(iter(element.values())) for element in found]

    def find(self, selector):
        found = self.all(selector)
        if not found:
            raise AssertionError(f"no {selector} on {self.url()}: {self.text('body')}")
        return found[0]

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def type(self, selector, text):
        self.call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/click", {})

    def follow(self, selector):
        """Clicks an element that leads to another page, and waits for that page."""
        before = self.find("html")
        self.click(selector)
        for _ in range(200):
            after = self.all("html")
            if after and after[0] != before and self.all("body"):
                return
            time.sleep(0.05)
        raise AssertionError(f"{selector} on {self.url()} did not lead to another page")

    def text(self, selector):
        return self.call("GET", f"/element/{self.find(selector)}/text")

    def property(self, selector, name):
        return self.call("GET", f"/element/{self.find(selector)}/property/{name}")

    def url(self):
        return self.call("GET", "/url")

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script, *arguments):
        return self.call("POST", "/execute/async", {"script": script, "args": list(arguments)})

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def cookies(self, url):
        """Returns the cookies that the browser would send to this address, by name."""
        return {cookie["name"]: cookie for cookie in self.devtools("Network.getCookies", urls=[url])["cookies"]}

    def look(self, size, scheme):
        """Sets the size of the screen and the preferred colour scheme."""
        width, height = size
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        page = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
        if page["width"] > width:
            raise AssertionError(f"{self.url()} is {page['width']} wide on a screen of {width}")
        return {"x": 0, "y": 0, "width": width, "height": max(height, page["height"]), "scale": 1}

    def picture(self, clip):
        return base64.b64decode(self.devtools("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"])

    def requested(self):
        """Returns the URLs of all requests since the last call. The browser must be `watched`."""
        log = self.call("POST", "/se/log", {"type": "performance"})
        events = [json.loads(entry["message"])["message"] for entry in log]
        sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [event["request"]["url"] for event in sent]

    def complaints(self):
        """Returns the warnings and errors of the console since the last call, such as those of the
        Content Security Policy."""
        # Chromium logs every page with status 4xx as a network error. The tests request such pages
        # deliberately.
        own = f"{self.url()} - Failed to load resource"
        log = self.call("POST", "/se/log", {"type": "browser"})
        grave = [entry["message"] for entry in log if entry["level"] in ("WARNING", "SEVERE")]
        return [message for message in grave if not message.startswith(own)]
