"""Every figure of the ledger, one after the other: `python bench/ledger/run.py`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    for name in ("append", "million", "kills"):
        subprocess.run([sys.executable, "-m", f"bench.ledger.{name}"], cwd=ROOT, check=True)
