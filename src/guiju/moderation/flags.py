"""Evasion flags of a term: in which disguises it is looked for.

A name adds a view to the defaults, `no-` before a name takes one away, `plain` takes all away. What is on by default is
what costs ordinary texts next to nothing; two-character homophones and initials of two letters are everywhere in
ordinary Chinese and must be asked for.
"""

from collections.abc import Collection
from functools import lru_cache

DEFAULT_VIEWS = frozenset(
    {"split", "digits", "martian", "pinyin", "initials", "emoji", "shape", "swap", "reverse", "infix", "decode"}
)
"""On unless taken away. Pinyin, initials, shape, swap, reverse and infix take terms of three characters and more."""
OPT_IN = frozenset({"skip", "pinyin2", "initials2", "strict"})
"""Must be asked for. `strict`: a hit in a wide view asks for what the term asks for, instead of for review."""
FLAGS = (
    *("base", "plain"),
    *sorted(OPT_IN | DEFAULT_VIEWS),
    *(f"no-{view}" for view in sorted(DEFAULT_VIEWS | {"skip"})),
)

STRICT_VIEWS = frozenset({"base", "skip", "split", "digits", "martian", "base64", "hex", "url"})
"""What stands there can hardly be anything but the term: a hit asks for what the term asks for."""
HAN_FIRST, HAN_LAST = "\u4e00", "\u9fff"
MIN_SKIPPED = 3
NEVER_BLOCKS = 2
"""Homophones and initials of terms of so few characters are never blocked by rule, whatever the flags say."""


def contradiction(flags: Collection[str]) -> tuple[str, str] | None:
    """Return what is wrong with a list of flags, in Chinese and English; None when nothing is."""
    said = set(flags)
    both = sorted(flag for flag in said if f"no-{flag}" in said)
    if both:
        return (
            f"“{both[0]}”与“no-{both[0]}”互相矛盾，请保留一个。",
            f"{both[0]!r} and 'no-{both[0]}' contradict each other; keep one.",
        )
    for flag, needs in (("pinyin2", "pinyin"), ("initials2", "initials")):
        if flag in said and f"no-{needs}" in said:
            return (
                f"“{flag}”与“no-{needs}”互相矛盾，请保留一个。",
                f"{flag!r} and 'no-{needs}' contradict each other; keep one.",
            )
    others = sorted(said - {"plain", "base", "skip"})
    if "plain" in said and others:
        return (
            f"“plain”表示不用任何变形视图，不能与“{others[0]}”同用。",
            f"'plain' means no disguises at all; it cannot stand beside {others[0]!r}.",
        )
    return None


def skips_decorations(form: str, flags: tuple[str, ...]) -> bool:
    """Whether decorations inside a term are passed over: if asked for, and in terms of three Han characters or more."""
    if "skip" in flags:
        return True
    han = sum(HAN_FIRST <= symbol <= HAN_LAST for symbol in form)
    return han >= MIN_SKIPPED and "no-skip" not in flags and "plain" not in flags


@lru_cache(maxsize=1024)
def views_of(flags: tuple[str, ...], skips: bool) -> frozenset[str]:  # noqa: FBT001 - lru_cache tells apart by place
    """Return the views and opt-ins that a list of flags asks for; the same object for the same flags."""
    said = set(flags)
    skip = {"skip"} if skips else set()
    if "plain" in said:
        return frozenset(skip)
    taken = {flag.removeprefix("no-") for flag in said if flag.startswith("no-")}
    return frozenset((DEFAULT_VIEWS - taken) | (said & OPT_IN) | skip)


def flags_of(form: str, views: frozenset[str]) -> tuple[str, ...]:
    """Return the fewest flags that ask for these views; none where they are what a term of this form gets anyway."""
    skips = "skip" in views
    if not views - {"skip"}:
        return ("plain", "skip") if skips else ("plain",)
    taken = tuple(f"no-{view}" for view in sorted(DEFAULT_VIEWS - views))
    asked = tuple(sorted((views & OPT_IN) - {"skip"}))
    flags = (*taken, *asked)
    if skips != skips_decorations(form, flags):
        flags = ("skip" if skips else "no-skip", *flags)
    return flags
