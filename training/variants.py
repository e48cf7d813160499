"""Versions of a text for training: as somebody writes it who evades, and with another sentence before it."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

from guiju.moderation.classifier.pinyin import Sounds

EVADED_SHARE = 0.15
PRECEDED_SHARE = 0.12
_HOMOPHONES = (0.1, 0.4)


class Variants:
    """Makes variants; the same ones for the same seed."""

    def __init__(self, sounds: Sounds, texts: Sequence[str], seed: int) -> None:
        """Homophones are drawn from the characters that `texts` use, as often as they use them."""
        self._random = random.Random(seed)
        self._sound_of: Mapping[str, int] = sounds.of_character
        self._alike: defaultdict[int, list[str]] = defaultdict(list)
        for text in texts:
            for symbol in text:
                if symbol in self._sound_of and not symbol.isascii():
                    self._alike[self._sound_of[symbol]].append(symbol)

    def of(self, text: str, honest: Sequence[str]) -> str:
        """Return `text`, or now and then a variant of it."""
        drawn = self._random.random()
        if drawn < EVADED_SHARE:
            return self._homophones(text)
        if drawn < EVADED_SHARE + PRECEDED_SHARE and honest:
            before = self._random.choice(honest)
            return f"{before.rstrip('。')}。{text}"
        return text

    def _homophones(self, text: str) -> str:
        share = self._random.uniform(*_HOMOPHONES)
        return "".join(self._other(symbol) if self._random.random() < share else symbol for symbol in text)

    def _other(self, symbol: str) -> str:
        alike = self._alike.get(self._sound_of.get(symbol, -1))
        return self._random.choice(alike) if alike and not symbol.isascii() else symbol
