"""Decides which documents are duplicates of which survivor. Texts and band keys lie on the disk, not in memory."""

import hashlib
import tempfile
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

import numpy as np

from guiju.corpus.documents import Document
from guiju.corpus.duplicates.kernels import BANDS, Words, band_keys, grams, jaccard, normalise
from guiju.kit.errors import InputError

# So many survivors of one band key are compared with; beyond that, what is left out is counted.
MOST_COMPARED = 64
# Other grams, bands or normalising are another method: decisions of two methods are not compared.
METHOD = "char-5-grams, NFKC casefold, 20x6 minhash, exact jaccard; 1"

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """From which similarity on a document is a duplicate, and whose copy stays: sources and licences, best first."""

    threshold: float = 0.8
    sources: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one document; a removed one names its survivor and how alike they are, exactly."""

    place: str
    survivor: str = ""
    similarity: float = 0.0
    kind: str = "kept"

    def facts(self) -> dict[str, object]:
        """Return the decision as one line of JSON holds it."""
        named = {"survivor": self.survivor, "similarity": self.similarity} if self.survivor else {}
        return {"place": self.place, "decision": self.kind, **named}


@dataclass(slots=True)
class _Read:
    """What is known of the documents after one pass, in the order of reading."""

    spool: IO[bytes]
    keys: IO[bytes]
    places: list[str] = field(default_factory=list)
    ranks: list[tuple[int, int, int, str]] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    ends: "array[int]" = field(default_factory=lambda: array("q", [0]))

    def text(self, number: int) -> str:
        """Return the normalised text of a document."""
        self.spool.seek(self.ends[number])
        return self.spool.read(self.ends[number + 1] - self.ends[number]).decode("utf-8", "surrogatepass")


@dataclass(slots=True)
class Result:
    """Decisions in the order of reading, one a document; and how many comparisons the cap left out."""

    decisions: list[Decision]
    left_out: int

    def counts(self) -> dict[str, int]:
        """Return how many documents were kept, exact and near; the sum is how many were read."""
        return dict(Counter(one.kind for one in self.decisions))


def find_duplicates(documents: Iterable[Document], wishes: Wishes, tell: Tell | None = None) -> Result:
    """Decide about every document; the order in which they come changes nothing.

    Documents are taken from the best to the least: by source, licence, length, then place. One is removed where a
    survivor before it is exactly so alike; what is removed is never a survivor, so there are no chains.

    Raises:
        InputError: the threshold is not above 0 and at most 1, or two documents have one place.
    """
    if not 0 < wishes.threshold <= 1:
        raise InputError("阈值须大于 0、不超过 1。", "A threshold is above 0 and at most 1.", where="--threshold")
    with tempfile.TemporaryFile() as spool, tempfile.TemporaryFile() as keys:
        read = _read(documents, wishes, _Read(spool, keys))
        return _decide(read, wishes.threshold, tell or (lambda *_: None))


def _read(documents: Iterable[Document], wishes: Wishes, read: _Read) -> _Read:
    for document in documents:
        text = normalise(document.text)
        content = text.encode("utf-8", "surrogatepass")
        read.spool.write(content)
        read.ends.append(read.ends[-1] + len(content))
        read.keys.write(band_keys(text).tobytes())
        read.digests.append(hashlib.sha256(content).digest())
        read.places.append(document.place)
        source, licence = document.facts.get("source"), document.facts.get("licence", document.facts.get("license"))
        read.ranks.append((_rank(source, wishes.sources), _rank(licence, wishes.licences), -len(text), document.place))
    if len(set(read.places)) != len(read.places):
        raise InputError("两个文档的位置相同。", "Two documents have one place.", where="documents")
    read.keys.flush()
    return read


def _rank(value: object, order: tuple[str, ...]) -> int:
    return order.index(value) if isinstance(value, str) and value in order else len(order)


def _groups(read: _Read) -> Iterator[tuple[Words, Words]]:
    """Give for each band which documents share a key with another, and the key."""
    if not read.places:
        return
    read.keys.seek(0)
    keys = np.memmap(read.keys, dtype=np.uint64, mode="r", shape=(len(read.places), BANDS))
    for band in range(BANDS):
        _, where, often = np.unique(keys[:, band], return_inverse=True, return_counts=True)
        shared = np.flatnonzero(often[where] > 1)
        yield shared.astype(np.uint64), where[shared].astype(np.uint64)


def _decide(read: _Read, threshold: float, tell: Tell) -> Result:
    shared: dict[int, list[tuple[int, int]]] = {}
    for band, (numbers, groups) in enumerate(_groups(read)):
        for number, group in zip(numbers.tolist(), groups.tolist(), strict=True):
            shared.setdefault(number, []).append((band, group))
    decisions = [Decision(place) for place in read.places]
    first: dict[bytes, int] = {}
    survivors: dict[tuple[int, int], list[int]] = {}
    left_out = 0
    for done, number in enumerate(sorted(range(len(read.places)), key=read.ranks.__getitem__), 1):
        tell(done, len(read.places))
        same = first.setdefault(read.digests[number], number)
        if same != number:
            decisions[number] = _as_its_equal(read.places[number], decisions[same])
            continue
        buckets = [survivors.setdefault(key, []) for key in shared.get(number, ())]
        best = _nearest(read, number, sorted({one for bucket in buckets for one in bucket}))
        if best is not None and best[0] >= threshold:
            decisions[number] = Decision(read.places[number], read.places[best[1]], best[0], "near")
            continue
        left_out += sum(len(bucket) >= MOST_COMPARED for bucket in buckets)
        for bucket in buckets:
            bucket.extend([number] * (len(bucket) < MOST_COMPARED))
    return Result(decisions, left_out)


def _as_its_equal(place: str, equal: Decision) -> Decision:
    """Decide about a text that stood before: it goes as that one went, whose survivor is as alike to it."""
    if equal.kind == "kept":
        return Decision(place, equal.place, 1.0, "exact")
    return Decision(place, equal.survivor, equal.similarity, equal.kind)


def _nearest(read: _Read, number: int, candidates: list[int]) -> tuple[float, int] | None:
    if not candidates:
        return None
    own = grams(read.text(number))
    found = [(jaccard(own, grams(read.text(one))), one) for one in candidates]
    return min(found, key=lambda pair: (-pair[0], read.ranks[pair[1]]))
