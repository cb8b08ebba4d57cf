"""The machine, and the versions that were measured."""
import os
import platform
import re
import subprocess
import tomllib
from datetime import date

from places import PEERS

# What the page names; the rest is in benches/peers/Cargo.lock.
NAMED = [
    "axum", "actix-web", "jsonwebtoken", "jwt-simple", "jwt-compact", "pasetors", "axum-login", "tower-sessions-sqlx-store", "axum-gate",
    "axum-jwt-auth", "jwt-authorizer", "actix-identity", "actix-session",
]


def describe():
    cpu = open("/proc/cpuinfo").read()
    lock = tomllib.loads((PEERS / "Cargo.lock").read_text())
    versions = {}
    for package in lock["package"]:
        if package["name"] in NAMED:
            versions.setdefault(package["name"], []).append(package["version"])
    return {
        "date": date.today().strftime("%B %Y"),
        "cpu": re.search(r"model name\s*: (.*)", cpu).group(1).strip(),
        "cores": os.cpu_count(),
        "sha_ni": " sha_ni" in cpu,
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "rust": subprocess.check_output(["rustc", "--version"], text=True).split()[1],
        "versions": {name: versions.get(name, []) for name in NAMED},
    }
