"""The texts of the law as something that can be asked: by what a question names, else by its words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from guiju.gateway.upstreams.retrieval.index import Index, Match, split_source, versions_in_force
from guiju.gateway.upstreams.retrieval.references import Reference, read_reference, write_number
from guiju.gateway.upstreams.retrieval.vocabulary import Vocabulary
from guiju.gateway.upstreams.retrieval.wording import Quote
from guiju.law.citing import SearchText

MAX_QUOTES = 3
MAX_LINES = 4
# Chosen on the tuning questions of tests/unit/gateway_assistant: how much of the question the first text must speak of.
MIN_COVERAGE = 0.5
MIN_COVERAGE_NAMED = 0.25
_MIN_RELATIVE_SCORE = 0.6
_SEARCH_DEPTH = 12
_SHORT_CHINESE = 14
_SHORT_ENGLISH = 42

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_PROVISION = re.compile(r"/art-(\d+)(?:/para-(\d+)(?:/item-(\d+))?)?$")
_FOLLOW_UP = re.compile(r"^(那么|那|还有|还|它|这个|这条|该条|上述|and\b|what about|how about|also\b)")
_FORMER = re.compile(r"旧法|旧版|旧的|修改前|修订前|修正前|原来|以前|\bformer|before the amendment|old version")


@dataclass(frozen=True, slots=True)
class Found:
    """What a question found, best first; and whether it names an article, paragraph or item that is not there."""

    matches: tuple[Match, ...]
    is_article_missing: bool = False


class Library:
    """Every version of every text, indexed; and how a question finds its quotations."""

    def __init__(self, texts: Sequence[SearchText], glosses: Sequence[SearchText], vocabulary: Vocabulary) -> None:
        """Index `texts`; `glosses` are the same in English."""
        self._vocabulary = vocabulary
        self._index = Index(texts, glosses, vocabulary)
        self._texts = self._index.texts
        self._gloss = {(gloss.id, gloss.effective_from): gloss for gloss in glosses}
        self._by_id: dict[str, list[SearchText]] = {}
        for text in texts:
            self._by_id.setdefault(text.id, []).append(text)

    def has_english(self, words: Iterable[str]) -> bool:
        """Say whether one of these Latin words is more than a name that Chinese readers write too."""
        return any(word not in self._vocabulary.latin for word in words)

    def find(self, question: str, previous: str, today: date) -> Found:
        """Find what answers a normalised question; `previous` is the question before it, or empty."""
        reference = read_reference(question, self._vocabulary)
        if previous and _is_follow_up(question, reference):
            reference = _continue(read_reference(previous, self._vocabulary), reference)
        in_force = self._positions(question, reference, today)
        if reference.article is not None:
            matches = self._by_article(reference, in_force)
            return Found(tuple(matches), is_article_missing=not matches)
        return Found(tuple(self._by_words(reference, in_force)))

    def quotes(self, matches: Sequence[Match]) -> list[Quote]:
        """Make quotations of what was found; what stands in one place is one quotation."""
        groups: dict[tuple[str, date], list[SearchText]] = {}
        for match in matches:
            groups.setdefault((match.text.citation, match.text.effective_from), []).append(match.text)
        return [self._quote(group) for group in groups.values()]

    def _positions(self, question: str, reference: Reference, today: date) -> set[int]:
        if reference.as_of is not None:
            return versions_in_force(self._texts, reference.as_of, with_coming=False)
        if not _FORMER.search(question):
            return versions_in_force(self._texts, today, with_coming=True)
        renewed = [
            text.effective_from for group in self._by_id.values() for text in group[1:] if text.effective_from <= today
        ]
        before = max(renewed) - timedelta(days=1) if renewed else today
        return versions_in_force(self._texts, before, with_coming=False)

    def _by_words(self, reference: Reference, in_force: set[int]) -> list[Match]:
        if not reference.instruments:
            if any(subject in reference.rest for subject in self._vocabulary.elsewhere):
                return []
            return _choose(self._index.search(reference.rest, in_force, limit=_SEARCH_DEPTH), MIN_COVERAGE)
        named = self._within(in_force, reference)
        found = self._index.search(reference.rest, named, limit=_SEARCH_DEPTH)
        if not self._index.concepts(reference.rest):
            return _limited(self._as_matches(named))
        return _choose(found, MIN_COVERAGE_NAMED)

    def _by_article(self, reference: Reference, in_force: set[int]) -> list[Match]:
        """Find an article: in the instrument that is named, or in the Measures, or else wherever it is cited."""
        cited = {position for position in in_force if self._is_cited(position, reference)}
        within = self._within(cited, reference)
        if not within and not reference.instruments and not self._has_article(reference, in_force):
            within = cited
        if not within:
            return self._replaced_article(reference, in_force)
        provisions = {position for position in within if _PROVISION.search(self._texts[position].id)}
        points = within - provisions
        asked = self._index.search(reference.rest, points, limit=_SEARCH_DEPTH)
        ranked = [match for match in asked if match.coverage >= MIN_COVERAGE]
        if provisions:
            return _limited([*_without_covered(self._as_matches(provisions)), *ranked])
        return _limited(ranked or self._as_matches(points))

    def _has_article(self, reference: Reference, in_force: set[int]) -> bool:
        """Say whether the Measures have the article at all, whatever paragraph of it was asked for."""
        whole = replace(reference, paragraph=None, item=None)
        return bool(self._within({position for position in in_force if self._is_cited(position, whole)}, whole))

    def _replaced_article(self, reference: Reference, in_force: set[int]) -> list[Match]:
        """Find an article by a number that it no longer has, together with where it stands now."""
        former = {position for position in range(len(self._texts)) if self._is_cited(position, reference)}
        former = self._within(former, reference)
        ids = {self._texts[position].id for position in former}
        now = {position for position in in_force if self._texts[position].id in ids}
        return _limited(self._as_matches(former | now))

    def _within(self, positions: set[int], reference: Reference) -> set[int]:
        """Keep the texts of the instruments that are named; when none is, of the Measures, the vocabulary's first."""
        instruments = reference.instruments or self._vocabulary.instruments[:1]
        prefixes = tuple(prefix for instrument in instruments for prefix in instrument.prefixes)
        return {position for position in positions if self._texts[position].id.startswith(prefixes)}

    def _is_cited(self, position: int, reference: Reference) -> bool:
        text = self._texts[position]
        provision = _PROVISION.search(text.id)
        if provision is None:
            return self._is_cited_as_point(text, reference)
        wanted = (reference.article, reference.paragraph, reference.item)
        if reference.item is not None and reference.paragraph is None:
            wanted = (reference.article, 1, reference.item)
        numbers = tuple(int(number) if number else None for number in provision.groups())
        return all(want is None or want == number for want, number in zip(wanted, numbers, strict=True))

    def _is_cited_as_point(self, text: SearchText, reference: Reference) -> bool:
        """Say whether a parameter stands in the article; where its paragraph is not told, only the Measures need it."""
        if f"第{write_number(reference.article or 0)}条" not in text.citation:
            return False
        if reference.paragraph is None or f"第{write_number(reference.paragraph)}款" in text.citation:
            return True
        return "款" not in text.citation and not text.id.startswith(self._vocabulary.instruments[0].prefixes)

    def _as_matches(self, positions: Iterable[int]) -> list[Match]:
        return [Match(self._texts[position], 1.0, 1.0) for position in sorted(positions)]

    def _quote(self, group: Sequence[SearchText]) -> Quote:
        first = group[0]
        is_verbatim = _PROVISION.search(first.id) is not None
        lines = _lines(group)
        lines += [found[0].text for key, found in self._by_id.items() if key.startswith(f"{first.id}/item-")]
        glosses = [self._gloss[key] for text in group if (key := (text.id, text.effective_from)) in self._gloss]
        later = [text.effective_from for text in self._by_id[first.id] if text.effective_from > first.effective_from]
        return Quote(
            citation=first.citation,
            lines=tuple(lines),
            glosses=() if is_verbatim else tuple(split_source(gloss)[0] for gloss in glosses),
            is_verbatim=is_verbatim,
            effective_from=first.effective_from,
            effective_to=min(later, default=None),
        )


def _lines(group: Sequence[SearchText]) -> list[str]:
    """Write the texts of one place, each with its source, or the source once where it is the same."""
    split = [split_source(text) for text in group]
    sources = {source for _, source in split}
    if len(sources) == 1 and len(split) > 1 and "" not in sources:
        return [*(said for said, _ in split), *sources]
    return [said + source for said, source in split]


def _choose(found: Sequence[Match], min_coverage: float) -> list[Match]:
    """Keep what is good enough, and nothing twice in the same words."""
    if not found or found[0].coverage < min_coverage:
        return []
    floor = found[0].score * _MIN_RELATIVE_SCORE
    chosen: list[Match] = []
    said: set[str] = set()
    for match in found:
        words = split_source(match.text)[0]
        if match.score >= floor and match.coverage >= min_coverage and words not in said:
            chosen.append(match)
            said.add(words)
    return _limited(_without_covered(chosen))


def _limited(matches: Sequence[Match]) -> list[Match]:
    """Keep at most `MAX_QUOTES` places with at most `MAX_LINES` texts each."""
    lines: dict[tuple[str, date], int] = {}
    kept = []
    for match in matches:
        place = (match.text.citation, match.text.effective_from)
        if place not in lines and len(lines) == MAX_QUOTES:
            continue
        lines[place] = lines.get(place, 0) + 1
        if lines[place] <= MAX_LINES:
            kept.append(match)
    return kept


def _without_covered(matches: Sequence[Match]) -> list[Match]:
    """Drop an item whose paragraph is quoted too, for a paragraph is quoted with its items."""
    ids = {match.text.id for match in matches}
    return [match for match in matches if match.text.id.rpartition("/item-")[0] not in ids]


def _is_follow_up(question: str, reference: Reference) -> bool:
    if reference.article is None and (reference.paragraph is not None or reference.item is not None):
        return True
    short = _SHORT_CHINESE if _CHINESE.search(question) else _SHORT_ENGLISH
    return bool(_FOLLOW_UP.search(question)) and len(question) <= short


def _continue(before: Reference, now: Reference) -> Reference:
    """Read a follow-up as the question before it with what is new put in its place."""
    instruments = now.instruments or before.instruments
    as_of = now.as_of or before.as_of
    if now.article is not None:
        return replace(now, instruments=instruments, as_of=as_of)
    if now.paragraph is not None or now.item is not None:
        return replace(before, paragraph=now.paragraph or before.paragraph, item=now.item, as_of=as_of)
    return Reference(
        instruments=instruments,
        article=None if now.instruments else before.article,
        paragraph=None,
        item=None,
        as_of=as_of,
        rest=f"{before.rest} {_FOLLOW_UP.sub('', now.rest.strip())}",
    )
