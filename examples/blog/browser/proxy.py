"""nginx in front of a site below a path. The rules are those of the guide."""
import pathlib
import re
import socket
import subprocess
import tempfile
import time

from running_blog import ROOT
from webdriver import free_port

GUIDE = ROOT / "docs/guide/src/reverse-proxy.md"
HEADINGS = {"keep": "### nginx passes the prefix on", "strip": "### nginx removes the prefix"}
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/error.log;
events {{}}
http {{
    log_format path '$request_uri';
    access_log {directory}/access.log path;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {rules}
    }}
}}
"""


def recipe(kind):
    """Returns the rules of the guide, for a site on port 3000."""
    section = GUIDE.read_text().split(HEADINGS[kind], 1)[1]
    return re.search(r"```nginx\n(.*?)```", section, re.DOTALL)[1]


class Proxy:
    """`rewrites_host` leaves out the rule that passes `Host` on, so that the site receives the name
    of the backend."""

    def __init__(self, kind, rewrites_host=False):
        self.kind, self.rewrites_host, self.port = kind, rewrites_host, free_port()

    def serve(self, backend):
        """Starts nginx in front of the port of the backend."""
        rules = recipe(self.kind).replace("127.0.0.1:3000", f"127.0.0.1:{backend}")
        if self.rewrites_host:
            rules = rules.replace("proxy_set_header Host $http_host;", "")
        configuration = pathlib.Path(self.directory.name, "nginx.conf")
        configuration.write_text(CONFIGURATION.format(directory=self.directory.name, port=self.port, rules=rules))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-e", f"{self.directory.name}/error.log", "-c", configuration])
        await_port(self.port, self.process)

    def paths(self):
        """Returns the paths of all requests."""
        return pathlib.Path(self.directory.name, "access.log").read_text().split("\n")[:-1]

    def __enter__(self):
        self.process, self.directory = None, tempfile.TemporaryDirectory()
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=15)
        self.directory.cleanup()


def await_port(port, process):
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"{process.args} does not listen on port {port}")
