"""Write `faults.md` from what the tests of the faults record: `python docs/reference/faults.py`.

It runs `tests/e2e/faults` (a minute) and puts down what each client saw and what the evidence said. The same tests, run
by `make test`, hold every row against the page, so that it cannot say what no test shows.
"""

# ruff: noqa: INP001 - a program of its own, not a package

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path(__file__).with_name("faults.md")
HEAD = """\
# 故障表 · What happens when something fails

*由 `python docs/reference/faults.py` 从 `tests/e2e/faults` 的记录生成，请勿手改。*
*Generated from the tests' own records; do not edit.*

每一行都是一个测试：真实的进程、真实的连接。每个测试都把客户端收到的文字与账本里“放出的文字”逐字比较；全部结束后，再核对每个对话恰好\
结束一次、整本账本校验成立。

Each row is a test against real processes and real connections. Each test holds what the client received, letter by
letter, against what the ledger says left; in the end every exchange was closed exactly once, and the log verifies.
"—" means that the client was no longer there. The table has {n} rows.

| 故障 fault | 客户端看到 the client saw | 证据 the evidence says | 其余 besides |
|---|---|---|---|
"""


def main() -> int:
    """Run the tests, write the page, return the tests' exit status."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "GUIJU_FAULTS_FOLDER": folder,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "tests/e2e/faults"]
        status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603 - our tests
        rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).iterdir())]
    if status == 0:
        lines = [f"| {row['fault']} | {row['saw']} | {row['evidence']} | {row['kept']} |" for row in rows]
        PAGE.write_text(HEAD.replace("{n}", str(len(rows))) + "\n".join(lines) + "\n", encoding="utf-8")
        print(f"{PAGE}: {len(rows)} rows")  # noqa: T201 - a program for a person
    return status


if __name__ == "__main__":
    sys.exit(main())
