"""Runs every test on all workers, and ends by naming each kind of test that could not run.

With `--cov` among the words, coverage is measured too; that takes half as long again.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUMMARY = re.compile(r"^=*\s*((\d+ (passed|failed|skipped|error|errors|xfailed|warnings?),? ?)+) in .*$")


def main() -> int:
    """Run pytest; return its exit status."""
    started = time.monotonic()
    environment = {**os.environ, "COVERAGE_PROCESS_START": "", "PYTHONDONTWRITEBYTECODE": "1"}
    options = ["--dist", "worksteal", *(["--cov-report=term:skip-covered"] if "--cov" in sys.argv else [])]
    command = [sys.executable, "-m", "pytest", *options, *sys.argv[1:]]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    skipped: list[str] = []
    closing = ""
    assert process.stdout is not None
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        if line.startswith("SKIPPED"):
            skipped.append(line.strip())
        if found := SUMMARY.match(line.strip()):
            closing = found.group(1).strip().rstrip(",")
    status = process.wait()
    print(f"\n测试用时 / tests took {time.monotonic() - started:.0f} s")
    if skipped:
        print("未能运行的测试 / tests that could not run here:")
        for line in sorted(set(skipped)):
            print("  " + line)
    else:
        print("没有跳过任何测试 / no test was left out")
    if closing:
        print(f"==== {closing} in {time.monotonic() - started:.2f}s ====")
    return status


if __name__ == "__main__":
    sys.exit(main())
