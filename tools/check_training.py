"""Counts the sentences in training/, and names what is wrong: duplicates, lines too alike, groups without a note.

usage: python tools/check_training.py [FILE …]   (default: all)
"""

import sys
from collections import Counter, defaultdict
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1] / "training"
FORMS = {"request", "statement", "comment", "title", "dialogue"}
SHORTEST, LONGEST = 4, 220
ALIKE = 0.72
"""Jaccard similarity of the sets of character pairs from which two lines count as too alike."""


def pairs(text: str) -> frozenset[str]:
    """Return the character pairs of a text."""
    return frozenset(text[at : at + 2] for at in range(len(text) - 1))


def lines_of(path: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Return (group, line) of a file, and what is wrong with its groups."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    wrong: list[str] = []
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    for group in document["groups"]:
        name = group["id"]
        if name in seen:
            wrong.append(f"{path.name}: group {name} stands twice")
        seen.add(name)
        if not group.get("teaches") or group.get("form") not in FORMS:
            wrong.append(f"{path.name}: group {name} needs `teaches` and a `form` of {sorted(FORMS)}")
        texts = [line.strip() for line in group["texts"].splitlines() if line.strip()]
        wrong.extend(
            f"{path.name}: {name}: length {len(text)}: {text[:40]}"
            for text in texts
            if not SHORTEST <= len(text) <= LONGEST
        )
        found.extend((name, text) for text in texts)
    return found, wrong


def alike(found: list[tuple[str, str, str]]) -> list[str]:
    """Name the lines that are too alike, each with the earlier one."""
    index: defaultdict[str, list[int]] = defaultdict(list)
    sets: list[frozenset[str]] = []
    wrong: list[str] = []
    for at, (file, group, text) in enumerate(found):
        mine = pairs(text)
        shared = Counter(other for pair in mine for other in index[pair])
        for other, count in shared.items():
            if count / (len(mine) + len(sets[other]) - count) >= ALIKE:
                wrong.append(f"{file}: {group}: too alike: {text} ~ {found[other][2]} ({found[other][0]})")
                break
        sets.append(mine)
        for pair in mine:
            index[pair].append(at)
    return wrong


def main(names: list[str]) -> int:
    """Print counts and faults; return 1 when there are faults."""
    found: list[tuple[str, str, str]] = []
    wrong: list[str] = []
    for path in [Path(name).resolve() for name in names] or sorted(ROOT.rglob("*.yaml")):
        lines, faults = lines_of(path)
        wrong.extend(faults)
        found.extend((str(path.relative_to(ROOT)), group, text) for group, text in lines)
        print(f"{path.relative_to(ROOT)}: {len(lines)} lines in {len({group for group, _ in lines})} groups")
    wrong.extend(alike(found))
    print(f"{len(found)} lines; {len(wrong)} faults")
    print("\n".join(wrong[:60]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
