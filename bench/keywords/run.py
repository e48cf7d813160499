"""The false hits of the keyword library on ordinary Chinese: `python bench/keywords/run.py`."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

if __name__ == "__main__":
    subprocess.run([sys.executable, str(FOLDER / "measure.py"), *sys.argv[1:]], cwd=FOLDER.parents[1], check=True)
