"""An attacker's site, whose pages send forms to the blog from the visitor's browser (CSRF)."""
import http.server
import threading
import urllib.parse


class Elsewhere:
    """Serves `/?to=URL&name=value…` as a page with one button that posts the other fields."""

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def bait(self, host, to, **fields):
        return f"http://{host}:{self.port}/?{urllib.parse.urlencode({'to': to, **fields})}"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        to = query.pop("to", "")
        fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in query.items())
        page = (
            '<!doctype html><html lang="en"><title>You have won</title><link rel="icon" href="data:,">'
            f'<form method="post" action="{to}">{fields}<button>Take your prize</button></form></html>'
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_):
        pass
