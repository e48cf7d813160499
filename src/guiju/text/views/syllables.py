"""Latin runs as toneless pinyin: whole runs only, every syllable one that Mandarin has."""

from collections.abc import Callable
from functools import lru_cache

from guiju.text.views.tables import load_readings

MAX_RUN = 64
"""A run of more letters than this is not taken for pinyin."""
_LONGEST = 6

_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"))
_FINALS = (("iang", "ian"), ("uang", "uan"), ("ang", "an"), ("eng", "en"), ("ing", "in"))


def fuzzy_class(syllable: str) -> str:
    """Return what stands for all syllables that speakers confuse with this one: zh/z, ch/c, sh/s, n/l, -ng/-n, ü/u."""
    for initial, plain in _INITIALS:
        if syllable.startswith(initial):
            syllable = plain + syllable[len(initial) :]
            break
    for final, plain in _FINALS:
        if syllable.endswith(final):
            syllable = syllable[: -len(final)] + plain
            break
    return syllable.replace("ve", "ue").replace("v", "u")


def _known() -> frozenset[str]:
    syllables = set(load_readings().syllables)
    syllables.update(one.replace("v", "u") for one in tuple(syllables) if one[0] in "ln")
    syllables.update({"nve", "lve", "nue", "lue"})
    return frozenset(one for one in syllables if one not in {"n", "m", "ng", "hm", "hng", "r"})


_SYLLABLES = _known()


def is_syllable(letters: str) -> bool:
    """Whether Mandarin has the syllable."""
    return letters in _SYLLABLES


@lru_cache(maxsize=8192)
def readings_of_run(run: str) -> tuple[tuple[str, ...], ...]:
    """Return up to three ways to cut a run of Latin letters into syllables; empty when it is no pinyin.

    Few syllables with the long ones first (fang an), few with the short ones first (fan gan), many (xi an).
    """
    if not 2 <= len(run) <= MAX_RUN:  # noqa: PLR2004 - a single letter says nothing
        return ()
    few = _cut(run, lambda old, new: new <= old)
    if few is None:
        return ()
    ways = (few, _cut(run, lambda old, new: new < old), _cut(run, lambda old, new: new > old))
    return tuple(dict.fromkeys(tuple(way) for way in ways if way is not None))


def _cut(run: str, is_better: Callable[[int, int], bool]) -> list[str] | None:
    """Cut by dynamic programming from the end; of ways equally good, `is_better` says whether a longer one wins."""
    size = len(run)
    best: list[tuple[int, int] | None] = [None] * size + [(0, 0)]
    for at in range(size - 1, -1, -1):
        for length in range(1, min(_LONGEST, size - at) + 1):
            after = best[at + length]
            if after is None or run[at : at + length] not in _SYLLABLES:
                continue
            mine = best[at]
            if mine is None or is_better(mine[0], after[0] + 1):
                best[at] = (after[0] + 1, length)
    if best[0] is None:
        return None
    found: list[str] = []
    at = 0
    while at < size:
        step = best[at]
        assert step is not None  # noqa: S101 - the table is filled wherever the walk can get
        found.append(run[at : at + step[1]])
        at += step[1]
    return found
