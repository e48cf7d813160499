"""How a text sounds: Han characters and runs of Latin letters as toneless syllables, look-alike sounds as one.

法轮, 珐仑, falun and f a l u n read the same. The table is built from pypinyin (MIT) by `training/build_pinyin.py`.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from guiju.moderation.classifier.errors import ClassifierError
from guiju.moderation.classifier.features import Codes

LONGEST_SYLLABLE = 6
LONGEST_RUN = 120
"""Longer runs of letters are no pinyin."""

_OTHER = 1000
"""Codes from here on are symbols without a sound of their own; lower ones are syllables."""
_EDGE = 999
_SPACED_LETTERS = re.compile(r"(?<![a-z])(?:[a-z]{1,6}[ '’\-]){1,}[a-z]{1,6}(?![a-z])|[a-z]+")
_LETTERS = re.compile("[^a-z]")
_FUZZY = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"))
_DIGITS = dict(zip("0123456789", ("ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"), strict=True))


def sound_class(syllable: str) -> str:
    """Return what a syllable is taken for: zh/z, ch/c, sh/s, n/l at its start and ng/n at its end are one."""
    for written, taken in _FUZZY:
        if syllable.startswith(written):
            syllable = taken + syllable[len(written) :]
            break
    return syllable.removesuffix("g") if syllable.endswith("ng") else syllable


@dataclass(frozen=True, slots=True)
class Sounds:
    """The table.

    Attributes:
        of_character: character → number of its sound class.
        of_syllable: toneless syllable as typed → number of its sound class.
    """

    of_character: Mapping[str, int]
    of_syllable: Mapping[str, int]

    def codes(self, text: str) -> Codes:
        """Return a text as numbers, one a syllable or symbol, with an edge on both sides."""
        return self.read(text)[0]

    def read(self, text: str) -> tuple[Codes, int]:
        """Return a text as numbers, and how many of its syllables stand there in Latin letters."""
        found = [_EDGE]
        at = spelt = 0
        for run in _SPACED_LETTERS.finditer(text):
            found.extend(self._plain(text[at : run.start()]))
            syllables, words = self._run(run[0])
            found.extend(syllables)
            found.extend(words)
            spelt += len(syllables)
            at = run.end()
        found.extend(self._plain(text[at:]))
        found.append(_EDGE)
        return np.array(found, np.uint32), spelt

    def _plain(self, text: str) -> list[int]:
        get = self.of_character.get
        return [get(symbol) or _OTHER + ord(symbol) for symbol in text if symbol != " "]

    def _run(self, run: str) -> tuple[list[int], list[int]]:
        """Return a run of Latin letters as syllables, or where it is none, as words."""
        letters = _LETTERS.sub("", run)
        syllables = self.split(letters) if len(letters) > 1 else None
        if syllables is not None:
            return syllables, []
        return [], [_OTHER + zlib.crc32(word.encode()) % 0x7FFF0000 for word in re.findall("[a-z]+", run)]

    def split(self, letters: str) -> list[int] | None:
        """Cut letters into the fewest syllables; None when they are none."""
        count = len(letters)
        if count > LONGEST_RUN:
            return None
        best: list[tuple[int, int] | None] = [(0, 0)] + [None] * count
        for end in range(1, count + 1):
            for start in range(max(0, end - LONGEST_SYLLABLE), end):
                before = best[start]
                if before is None or letters[start:end] not in self.of_syllable:
                    continue
                here = best[end]
                if here is None or before[0] + 1 < here[0]:
                    best[end] = (before[0] + 1, start)
        return self._walk_back(letters, best)

    def _walk_back(self, letters: str, best: list[tuple[int, int] | None]) -> list[int] | None:
        end = len(letters)
        if best[end] is None:
            return None
        cuts: list[int] = []
        while end:
            step = best[end]
            start = step[1] if step is not None else 0
            cuts.append(self.of_syllable[letters[start:end]])
            end = start
        return cuts[::-1]


@cache
def load_sounds() -> Sounds:
    """Read the shipped table; the same object every time.

    Raises:
        ClassifierError: it cannot be read.
    """
    source = resources.files("guiju.moderation.classifier").joinpath("data", "sounds.txt")
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
        pairs = [(syllable, characters) for syllable, characters in (line.split("\t") for line in lines if line)]
    except (OSError, ValueError) as error:
        raise ClassifierError(
            "读音表不能用。请重新安装 guiju。",
            "The table of sounds cannot be used. Reinstall guiju.",
            where=str(source),
        ) from error
    numbers = {name: at for at, name in enumerate(sorted({sound_class(syllable) for syllable, _ in pairs}), 1)}
    of_character = {one: numbers[sound_class(syllable)] for syllable, characters in pairs for one in characters}
    of_character.update((digit, numbers[sound_class(syllable)]) for digit, syllable in _DIGITS.items())
    return Sounds(of_character, {syllable: numbers[sound_class(syllable)] for syllable, _ in pairs})
