"""Disguising terms and texts: what an evaluation calls."""

import re
from collections.abc import Sequence
from random import Random

from guiju.moderation.evasion.methods import METHODS

_HAN_RUN = re.compile("[\u4e00-\u9fff]{2,}")
_LEAST_PIECE, _MOST_PIECE = 2, 4


def disguise(piece: str, method: str, *, strength: float = 1.0, seed: int = 0) -> str | None:
    """Return a term in disguise; None when the disguise does not apply to it (no numeral, no traditional form …).

    Args:
        piece: a term, or any short text.
        method: a name in `METHODS`.
        strength: the share of characters that change, of those that can; at least one does.
        seed: the same seed gives the same disguise.

    Raises:
        KeyError: there is no such method.
    """
    chance = Random(f"{seed}/{method}/{strength}/{piece}")  # noqa: S311 - repeatable on purpose
    disguised = METHODS[method](piece, strength, chance)
    return None if disguised == piece else disguised


def disguise_text(text: str, methods: Sequence[str], *, strength: float = 0.5, seed: int = 0) -> str:
    """Return a text in which a share of its Han characters stands in disguise, piece by piece, each by a random method.

    Args:
        text: any text.
        methods: names in `METHODS`; one of them for each piece of two to four characters.
        strength: the share of pieces that are disguised.
        seed: the same seed gives the same text.

    Raises:
        KeyError: there is no such method.
    """
    chance = Random(f"{seed}/{strength}/{text}")  # noqa: S311 - repeatable on purpose

    def run(match: re.Match[str]) -> str:
        said = match[0]
        out: list[str] = []
        while said:
            size = chance.randint(_LEAST_PIECE, _MOST_PIECE)
            piece, said = said[:size], said[size:]
            if chance.random() < strength:
                out.append(METHODS[chance.choice(methods)](piece, 1.0, chance))
            else:
                out.append(piece)
        return "".join(out)

    return _HAN_RUN.sub(run, text)
