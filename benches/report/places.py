"""Paths of the programs, the page, the plots and the figures."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "benches" / "peers"
PEERS_TARGET = ROOT / "target" / "peers"
PROGRAMS = PEERS_TARGET / "release"
PAGE = ROOT / "docs" / "BENCHMARKS.md"
PLOTS = ROOT / "docs" / "benchmarks"
RESULTS = PLOTS / "results.json"
