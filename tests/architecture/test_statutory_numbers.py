"""No number of the law stands in Python: where law decides, every number is listed here with its reason."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "guiju"
SMALL = frozenset((-1, 0, 1, 2))
OWN: dict[str, dict[float, str]] = {
    "gateway/rules.py": {
        100: "so many findings are kept with an exchange",
        0xFFFFFFFFFFFF: "the random bits of an id",
        24: "where they begin in the text of a UUID",
        16: "the base of hexadecimal",
    },
    "gateway/entrance/sanctions/rules.py": {
        0xAAAAAAAAAAAA: "the random bits of an id",
        24: "where they begin in the text of a UUID",
        16: "the base of hexadecimal",
    },
    "labelling/rules.py": {
        3: "GB 32100-2015, weights of the check character: powers of 3",
        31: "the same, modulo 31: a formula, nothing that a legislator would set anew",
        17: "the same, so many characters are weighed",
    },
    "moderation/rules.py": {
        1000: "so many findings are listed in a decision",
        64: "so many decisions that nothing was found are kept, one a policy and scope",
    },
    "privacy/rules.py": {
        3: "the fewest digits of a group, where a number is parted in groups",
        15: "lengths of card numbers (ISO/IEC 7812-1)",
        16: "lengths of card numbers; and so many characters before a number may say what it is",
        17: "lengths of card numbers",
        18: "lengths of card numbers",
        19: "lengths of card numbers",
    },
    "review/rules.py": {
        3: "the third seat, of the one who settles a disagreement",
        13: "so many hex digits of a commitment are drawn by",
        16: "the base of hexadecimal",
        5: "the fewest judged hits that a step forward should rest on; our choice",
        0.2: "the largest share of wrong hits among them; our choice",
        4: "an item that a person waits for is due in a quarter of the time; our choice",
        3600: "seconds in an hour",
    },
    "staff/rules.py": {
        12: "the shortest password of our console",
        256: "the longest",
        5: "the fewest different characters in one",
        3650: "the longest time an account may be given for, in days",
    },
    "supervision/controls/points.py": {
        31: "how old a verification of the ledger may be, in days; our choice",
        366: "how long ago an ability may have shown itself; our choice",
    },
    "supervision/controls/service.py": {31: "over how many days failures are weighed; our choice"},
}


def numbers_of(text: str) -> set[float]:
    """Return the numbers that stand in a Python source."""
    found: set[float] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            found.add(node.value)
    return found - SMALL


def deciding_files() -> list[Path]:
    return sorted([*SOURCE.rglob("rules.py"), *(SOURCE / "supervision" / "controls").rglob("*.py")])


def test_where_law_decides_every_number_has_a_reason_that_is_not_the_law() -> None:
    unlisted = {
        name: found
        for path in deciding_files()
        if (found := numbers_of(path.read_text("utf-8")) - set(OWN.get(name := str(path.relative_to(SOURCE)), {})))
    }
    assert not unlisted, f"read these from law.service parameters, or list them here with their reason: {unlisted}"


def test_no_listed_number_is_gone() -> None:
    gone = {
        name: missing
        for name, listed in OWN.items()
        if (missing := set(listed) - numbers_of((SOURCE / name).read_text("utf-8")))
    }
    assert not gone


def test_a_statutory_number_in_a_rule_would_be_seen() -> None:
    assert numbers_of("def must_grow(terms: int) -> bool:\n    return terms < 10_000 or terms / 4000 > 0.05\n") == {
        10_000,
        4000,
        0.05,
    }
