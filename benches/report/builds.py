"""Counts the dependencies of a service with one guarded route, and times their debug build from
nothing."""
import os
import resource
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path

from places import PEERS, ROOT

SERVER = """
axum = { version = "0.8", default-features = false, features = ["http1", "tokio"] }
tokio = { version = "1", features = ["macros", "net", "rt-multi-thread"] }
"""


def ours(*features):
    crates = ROOT / "crates"
    return f"""
hallpass-axum = {{ path = "{crates}/hallpass-axum", default-features = false }}
hallpass-core = {{ path = "{crates}/hallpass-core", default-features = false, features = {["derive", *features]} }}
hallpass-tower = {{ path = "{crates}/hallpass-tower" }}
"""


def theirs(name):
    """Returns the dependency as benches/peers names it."""
    it = tomllib.loads((PEERS / "Cargo.toml").read_text())["dependencies"][name]
    it = {"version": it} if isinstance(it, str) else it
    defaults = str(it.get("default-features", True)).lower()
    return f'{name} = {{ version = "{it["version"]}", default-features = {defaults}, features = {it.get("features", [])} }}\n'


CASES = {
    "hallpass, a shared secret": ours(),
    "hallpass, public keys": ours("asymmetric"),
    "axum-login, sessions in memory": theirs("axum-login"),
    "axum-gate, JWT by aws-lc": theirs("axum-gate"),
}


def measure():
    found = []
    for case, dependencies in CASES.items():
        with tempfile.TemporaryDirectory() as directory:
            found.append({"case": case, **build(Path(directory), SERVER + dependencies)})
        print(f"  {case:<45} {found[-1]}", flush=True)
    return found


def build(place, dependencies):
    (place / "src").mkdir()
    (place / "src" / "main.rs").write_text("fn main() {}\n")
    manifest = f'[package]\nname = "service"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]{dependencies}\n[workspace]\n'
    (place / "Cargo.toml").write_text(manifest)
    # The versions that the other steps measure.
    (place / "Cargo.lock").write_bytes((PEERS / "Cargo.lock").read_bytes())
    environment = os.environ | {"CARGO_TARGET_DIR": str(place / "target")}

    def cargo(*words):
        return subprocess.run(["cargo", *words], cwd=place, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    cargo("fetch", "-q")
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    cargo("build", "-q")
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def crates(kinds):
        tree = cargo("tree", "-e", kinds, "--prefix", "none", "--no-dedupe")
        # Without the service itself.
        return len(set(tree.splitlines())) - 1

    return {"crates": crates("normal"), "with_build": crates("normal,build"), "seconds": round(seconds, 1), "cpu": round(cpu, 1)}
