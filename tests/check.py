"""Everything that can be known without running the house, side by side, in under a minute."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CHECKS: dict[str, list[Path | str]] = {
    "ruff check": [BIN / "ruff", "check", "--quiet", "src", "tests", "bench", "tools"],
    "ruff names in docs": [BIN / "ruff", "check", "--quiet", "--isolated", "--select", "F", "docs", "training"],
    "ruff format": [BIN / "ruff", "format", "--check", "--quiet", "src", "tests", "bench", "tools"],
    "mypy --strict": [BIN / "mypy", "--no-error-summary"],
    "floors": [BIN / "lint-imports"],
    "law coverage": [BIN / "guiju", "law", "check"],
}


def run(name: str) -> tuple[str, int, str, float]:
    """Run one check and return its name, exit status, output and seconds."""
    started = time.monotonic()
    result = subprocess.run([str(part) for part in CHECKS[name]], cwd=ROOT, capture_output=True, text=True, check=False)
    return name, result.returncode, result.stdout + result.stderr, time.monotonic() - started


def main() -> int:
    """Run all checks on two threads; return 1 when any failed."""
    started = time.monotonic()
    worst = 0
    with ThreadPoolExecutor(2) as pool:
        for name, status, output, seconds in pool.map(run, CHECKS):
            print(f"{'ok  ' if status == 0 else 'FAIL'} {name} ({seconds:.1f} s)", flush=True)
            if status:
                worst = 1
                print(output)
    print(f"{'all checks passed' if not worst else 'checks failed'} in {time.monotonic() - started:.1f} s")
    return worst


if __name__ == "__main__":
    sys.exit(main())
