"""Draws a simple random sample from a stream of unknown length; the same seed draws the same in any order."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from guiju.corpus.documents import Document
from guiju.corpus.sampling.models import Drawn, Phase, SamplePlan
from guiju.kit.errors import InputError

MOST_DRAWN = 100_000
MOST_STRATA = 10_000
_OTHERS = "(others)"
_SEED_BYTES = range(1, 65)
# The longest cell that spreadsheets take is 32,767 characters.
LONGEST_SHOWN = 30_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be drawn: from which source, when, how many, with which seed (hexadecimal)."""

    source: str
    phase: Phase
    size: int
    seed: str


def draw(documents: Iterable[Document], wish: Wish) -> SamplePlan:
    """Draw `wish.size` documents, every set of so many equally likely; all of them where the source has fewer.

    The documents with the smallest hashes of seed and place are the sample, so it does not depend on the order in
    which they come. Memory holds the sample, not the source.

    Raises:
        InputError: the size or the seed cannot be used, or the source is empty.
    """
    if not 0 < wish.size <= MOST_DRAWN:
        raise InputError(f"样本量须在 1 到 {MOST_DRAWN} 之间。", f"Draw from 1 to {MOST_DRAWN} documents.", where="--n")
    key = _key(wish.seed)
    heap: list[tuple[int, str, Drawn]] = []
    strata: Counter[str] = Counter()
    for document in documents:
        known = document.stratum in strata or len(strata) < MOST_STRATA
        strata[document.stratum if known else _OTHERS] += 1
        digest = hashlib.blake2b(document.place.encode("utf-8", "surrogateescape"), key=key, digest_size=16).digest()
        rank = -int.from_bytes(digest)
        if len(heap) < wish.size:
            heapq.heappush(heap, (rank, document.place, _shown(document)))
        elif rank > heap[0][0]:
            heapq.heapreplace(heap, (rank, document.place, _shown(document)))
    if not heap:
        raise InputError("来源中没有文档。", "There is no document in the source.", where=wish.source)
    drawn = tuple(one for _, _, one in sorted(heap, key=lambda entry: (-entry[0], entry[1])))
    return SamplePlan(wish.source, wish.phase, wish.seed, strata.total(), dict(strata), drawn)


def _key(seed: str) -> bytes:
    try:
        key = bytes.fromhex(seed)
    except ValueError:
        key = b""
    if len(key) not in _SEED_BYTES:
        raise InputError("种子须为 1 至 64 字节的十六进制。", "A seed is 1 to 64 bytes in hexadecimal.", where="--seed")
    return key


def _shown(document: Document) -> Drawn:
    text = document.text
    if len(text) > LONGEST_SHOWN:
        text = f"{text[:LONGEST_SHOWN]}…〔全文 {len(text)} 字，请到原处查看 / cut; see all {len(text)} in place〕"
    return Drawn(document.place, document.stratum, document.sha256, text)
