"""The corpus of the law, indexed for BM25, and a question measured against it."""

import math
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from guiju.gateway.upstreams.retrieval.segmenting import Segmenter
from guiju.gateway.upstreams.retrieval.vocabulary import Vocabulary
from guiju.law.citing import SearchText

_K1 = 1.2
_B = 0.5
_UNKNOWN_CHARACTER_WEIGHT = 3.0
_UNKNOWN_WORD_WEIGHT = 7.0
Concept = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A text that answers a question.

    Attributes:
        text: the text.
        score: how well, in BM25 units times coverage times weights; only comparable within one question.
        coverage: how much of what the question is about the text speaks of, 0 to 1; comparable between questions.
    """

    text: SearchText
    score: float
    coverage: float


class Index:
    """Texts that can be asked; the first use of numpy, bm25s and jieba."""

    def __init__(self, texts: Sequence[SearchText], glosses: Sequence[SearchText], vocabulary: Vocabulary) -> None:
        """Index `texts`; `glosses` are the same ids in English and only help to find them."""
        import bm25s  # noqa: PLC0415 - bm25s and numpy take memory that a gateway without this question never pays for

        self._vocabulary = vocabulary
        self.texts = tuple(texts)
        english = {(gloss.id, gloss.effective_from): split_source(gloss)[0] for gloss in glosses}
        parents = {text.id: text.text for text in texts}
        sources = [
            "\n".join(
                (
                    _place_of(text),
                    split_source(text)[0],
                    _lead_in(text, parents),
                    english.get((text.id, text.effective_from), ""),
                )
            ).casefold()
            for text in self.texts
        ]
        law_words = {word for words in vocabulary.phrases.values() for word in words}
        self._segmenter = Segmenter(sources, {*vocabulary.phrases, *law_words, *vocabulary.stop_words})
        tokens = [self._meaningful(source) or ["∅"] for source in sources]
        self._holds = [frozenset(words) for words in tokens]
        self._frequency = Counter(word for words in self._holds for word in words)
        self._weights = [vocabulary.weight_of(text.id) for text in self.texts]
        self._bm25 = bm25s.BM25(k1=_K1, b=_B, method="lucene")
        self._bm25.index(tokens, show_progress=False)

    def concepts(self, question: str) -> list[Concept]:
        """Return what a normalised question is about, each as words of which any one will do."""
        found: list[Concept] = []
        for part in self._split_phrases(question):
            if isinstance(part, tuple):
                found.append(part)
            else:
                found.extend((word,) for word in self._meaningful(part))
        return list(dict.fromkeys(found))

    def search(self, question: str, among: Container[int], *, limit: int) -> list[Match]:
        """Return the best texts for a normalised question among those at the positions given, best first."""
        concepts = self.concepts(question)
        known = [tuple(word for word in concept if word in self._frequency) for concept in concepts]
        total = sum(self._concept_weight(concept, words) for concept, words in zip(concepts, known, strict=True))
        if not total or not any(known):
            return []
        scores = self._scores([words for words in known if words])
        matches = []
        for position in range(len(self.texts)):
            if scores[position] <= 0 or position not in among:
                continue
            coverage = self._covered(position, concepts, known) / total
            pointing = self._vocabulary.pointers.weight_of(self.texts[position].id, question)
            score = scores[position] * coverage * self._weights[position] * pointing
            matches.append(Match(self.texts[position], score, coverage))
        matches.sort(key=lambda match: -match.score)
        return matches[:limit]

    def _scores(self, concepts: Iterable[Concept]) -> list[float]:
        sums = [0.0] * len(self.texts)
        for words in concepts:
            by_word = [self._bm25.get_scores([word]).tolist() for word in words]
            for position, best in enumerate(map(max, zip(*by_word, strict=True))):
                sums[position] += best
        return sums

    def _covered(self, position: int, concepts: Sequence[Concept], known: Sequence[Concept]) -> float:
        holds = self._holds[position]
        return sum(
            self._concept_weight(concept, words)
            for concept, words in zip(concepts, known, strict=True)
            if not holds.isdisjoint(words)
        )

    def _concept_weight(self, concept: Concept, known: Concept) -> float:
        """Return how much a concept tells: rare words tell more; a word that no text has tells of something else."""
        if not known:
            longest = max(concept, key=len)
            return _UNKNOWN_CHARACTER_WEIGHT if len(longest) == 1 else _UNKNOWN_WORD_WEIGHT
        rarest = min(self._frequency[word] for word in known)
        return math.log(1 + len(self.texts) / rarest)

    def _meaningful(self, text: str) -> list[str]:
        return [word for word in self._segmenter.words(text) if word not in self._vocabulary.stop_words]

    def _split_phrases(self, question: str) -> list[str | Concept]:
        """Cut the question at the phrases of the vocabulary, the longest first, each replaced by its words."""
        parts: list[str | Concept] = [question]
        for phrase in sorted(self._vocabulary.phrases, key=lambda item: (-len(item), item)):
            cut: list[str | Concept] = []
            for part in parts:
                if isinstance(part, tuple):
                    cut.append(part)
                else:
                    cut.extend(_cut_at(part, phrase, self._vocabulary.phrases[phrase]))
            parts = cut
        return parts


def versions_in_force(texts: Sequence[SearchText], on: date, *, with_coming: bool) -> set[int]:
    """Return the positions of the texts to look at on a day: of each id the version in force.

    Args:
        texts: all versions of all texts.
        on: the day.
        with_coming: whether an id that is not in force yet counts with its first version.
    """
    chosen: dict[str, int] = {}
    for position, text in enumerate(texts):
        best = chosen.get(text.id)
        if best is None or _is_better(text.effective_from, texts[best].effective_from, on):
            chosen[text.id] = position
    return {position for position in chosen.values() if with_coming or texts[position].effective_from <= on}


def _is_better(candidate: date, present: date, on: date) -> bool:
    if present <= on:
        return present < candidate <= on
    return candidate < present


def split_source(text: SearchText) -> tuple[str, str]:
    """Split a text into what it says, without its citation, and the source that a parameter names at its end."""
    if not text.text.startswith(text.citation):
        return text.text, ""
    body = text.text.removeprefix(text.citation).lstrip("：: ")
    for mark in ("来源：", "Source: "):
        said, found, source = body.rpartition(mark)
        if found:
            return said.rstrip(), found + source
    return body, ""


def _place_of(text: SearchText) -> str:
    """Return where in its instrument a text stands: what follows the title in the citation."""
    return text.citation.rpartition("》")[2]


def _lead_in(text: SearchText, parents: dict[str, str]) -> str:
    """Return the sentence that an item hangs on: 提供者应当……遵守以下规定."""
    parent, found, _ = text.id.rpartition("/item-")
    return parents.get(parent, "") if found else ""


def _cut_at(text: str, phrase: str, words: Concept) -> list[str | Concept]:
    pieces = text.split(phrase) if not phrase.isascii() else _split_english(text, phrase)
    cut: list[str | Concept] = [pieces[0]]
    for piece in pieces[1:]:
        cut.extend((words, piece))
    return cut


def _split_english(text: str, phrase: str) -> list[str]:
    """Split at a phrase that stands as whole words."""
    pieces, rest = [], text
    start = 0
    while (found := rest.find(phrase, start)) >= 0:
        before, after = rest[found - 1 : found], rest[found + len(phrase) : found + len(phrase) + 1]
        if _is_latin(before) or _is_latin(after):
            start = found + 1
            continue
        pieces.append(rest[:found])
        rest, start = rest[found + len(phrase) :], 0
    return [*pieces, rest]


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
