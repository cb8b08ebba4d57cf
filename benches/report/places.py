"""Where things are."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "benches" / "peers"
PROGRAMS = PEERS / "target" / "release"
PAGE = ROOT / "docs" / "BENCHMARKS.md"
PLOTS = ROOT / "docs" / "benchmarks"
RESULTS = PLOTS / "results.json"
