"""How the time of a decision grows with the length of a hostile text, from 64,000 to 1,000,000 characters.

    .venv/bin/python bench/matching/linear.py

Shipped library, every disguise, personal information and encoded runs; texts made of one piece over and over, each
meant to make one part look again and again. CPU time; 16 times the text must cost about 16 times as much (a quadratic
part would cost 256 times).
"""

import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from guiju.moderation.library import LibrarySources
from guiju.moderation.models import Scope
from guiju.moderation.service import Moderation, builtin_folder, builtin_policy

SIZES = (62_500, 250_000, 1_000_000)
PIECES = {
    "ordinary": "今天天气不错，我们去公园散步，回来的时候买了一些水果和书。",
    "one Latin run": "ha",
    "one digit run": "6",
    "base64 in base64": "NWFXOTVweUw1WStM",
    "hex": "e5a5bd",
    "percent": "%E5%A5%BD",
    "one character": "好",
    "parts of characters": "女子月月",
    "decorations": "*-",
    "decorated characters": "好*朋*",
    "emoji": "🐎",
    "syllables": "hao ",
    "columns": "好\n",
    "letters between": "好a朋b",
    "telephone digits": "1380013800",
    "identity digits": "11010519491231002",
    "zero width": "好\u200b",
    "one barrier after another": "。，",
}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder) / "policy.yaml"
        text = builtin_policy().read_text("utf-8")
        policy.write_text(re.sub("(?m)^  classifier: .*$", '  classifier: {enabled: "false"}', text), "utf-8")
        moderation = Moderation(LibrarySources(builtin_folder()), policy)
    moderation.get_ready()
    print("| made of | " + " | ".join(f"{size:,}" for size in SIZES) + " | 16 times the text costs |")
    print("|---|" + "---|" * (len(SIZES) + 1))
    worst = 0.0
    for name, piece in PIECES.items():
        spent = []
        for size in SIZES:
            text = (piece * (size // len(piece) + 1))[:size]
            began = time.process_time()
            moderation.decide(text, Scope.INPUT)
            spent.append(time.process_time() - began)
        growth = spent[-1] / spent[0]
        worst = max(worst, growth)
        cells = " | ".join(f"{seconds:.2f} s" for seconds in spent)
        print(f"| {name} | {cells} | {growth:.1f} times |", flush=True)
    print(f"\nAt most {worst:.1f} times.")


if __name__ == "__main__":
    main()
