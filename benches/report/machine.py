"""Describes the machine and the measured versions."""
import os
import platform
import re
import subprocess
import tomllib
from datetime import date

from places import PEERS

# The versions that the page names; benches/peers/Cargo.lock has the others.
NAMED = [
    "axum", "actix-web", "jsonwebtoken", "jwt-simple", "jwt-compact", "pasetors", "axum-login",
    "tower-sessions-sqlx-store", "axum-gate", "axum-jwt-auth", "jwt-authorizer", "actix-identity",
    "actix-session",
]

# Processor features that select the code that runs: SHA-256 in hardware, vector code of base64 and
# of byte searches, memory copies of the C library.
DECISIVE = ["sha_ni", "avx2", "avx512f", "avx512bw", "avx512vl", "bmi2", "erms", "fsrm"]


def describe():
    lock = tomllib.loads((PEERS / "Cargo.lock").read_text())
    versions = {}
    for package in lock["package"]:
        if package["name"] in NAMED:
            versions.setdefault(package["name"], []).append(package["version"])
    cpu = open("/proc/cpuinfo").read()
    return {
        "date": date.today().strftime("%B %Y"),
        "cpu": re.search(r"model name\s*: (.*)", cpu).group(1).strip(),
        "cores": os.cpu_count(),
        "sha_ni": "sha_ni" in processor()["features"],
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "rust": rust(),
        "versions": {name: versions.get(name, []) for name in NAMED},
    }


def processor():
    """Returns the facts on which instruction counts depend. Compare counts of equal facts only."""
    flags = re.search(r"^flags\s*: (.*)$", open("/proc/cpuinfo").read(), re.MULTILINE)
    flags = set(flags.group(1).split()) if flags else set()
    return {
        "architecture": platform.machine(),
        "features": [feature for feature in DECISIVE if feature in flags],
        "libc": " ".join(platform.libc_ver()),
        "rust": rust(),
    }


def rust():
    return subprocess.check_output(["rustc", "--version"], text=True).split()[1]
