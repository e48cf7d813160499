"""What a change in full force would do to texts that are known: recorded exchanges, or a folder of texts."""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from guiju.kit.clock import Clock
from guiju.kit.errors import InputError
from guiju.ledger.models import EntryQuery, Erased, Head
from guiju.moderation.detectors.interface import Tape
from guiju.moderation.detectors.keywords import KeywordDetector
from guiju.moderation.flags import OPT_IN
from guiju.moderation.library import Library, parse_library_file
from guiju.moderation.models import Decision, Scope
from guiju.moderation.service import Moderation
from guiju.moderation.writing import TermEntry, library_files
from guiju.review import rules
from guiju.review.evidence import ACTIONS, Body, LedgerPort, exchange_of, read_text
from guiju.review.models import Change, Example, Preview
from guiju.text.normalising import base_normaliser

TRAFFIC = "traffic"
_MOST_ENTRIES = 3000
_STRETCH = 500
_BOTH = tuple(scope.value for scope in Scope)
_BUDGET_SECONDS = 20.0  # somebody waits for the page; how many texts were looked at stands beside the counts
_MOST_EXAMPLES = 12
_MOST_TERMS = 200
_MOST_BYTES = 20_000_000
_MOST_TEXTS = 100_000
_AROUND = 18
_SUFFIXES = (".txt", ".md", ".jsonl", ".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class KnownText:
    """A text to try a change on, and where it is from."""

    text: str
    scope: Scope
    exchange_id: str = ""
    place: str = ""


class Touched:
    """Tells which texts a change can matter to at all: those that hold one of its terms, whatever the conditions.

    Every other text fares as it did, and need not be decided about twice by every detector.
    """

    def __init__(self, change: Change, moderation: Moderation) -> None:
        """Compile the terms of `change` as wide as they can be: before, after, and phrases on trial."""
        entries: dict[str, TermEntry] = {}
        for term in change.terms:
            kept = {flag for entry in (term.entry, term.before) if entry for flag in entry.lists.get("flags", ())}
            flags = tuple(sorted(kept & (OPT_IN - {"skip"})))
            entries[term.term_id] = replace(term.entry, lists={"flags": (*flags, "skip")}, boundary="none", scope=_BOTH)
        files = library_files(list(entries.values()), {}, version="preview", updated="2000-01-01")
        parsed = [parse_library_file(content, risk, "operator") for risk, content in files.items()]
        self._detector = KeywordDetector(Library(parsed), moderation.policy, base_normaliser())

    def by(self, known: KnownText) -> bool:
        """Tell whether the change can matter to a text."""
        tape = Tape.of(known.text, base_normaliser().normalise(known.text))
        return bool(self._detector.find(tape, known.scope))


@dataclass
class _Counts:
    texts: int = 0
    characters: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    by_term: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)


class Previewer:
    """Tries changes on known texts, beside what is in force and without touching it."""

    def __init__(
        self,
        ledger: LedgerPort,
        moderation: Moderation,
        clock: Clock,
        *,
        shadow: Callable[[Path], Moderation],
        lay_out: Callable[[Change, Path], None],
    ) -> None:
        """Try on what `ledger` holds.

        Args:
            ledger: where recorded texts are.
            moderation: what is in force.
            clock: the time.
            shadow: builds what would be in force with the operator's files in another folder.
            lay_out: writes those files for a change in full force.
        """
        self._ledger = ledger
        self._moderation = moderation
        self._clock = clock
        self._shadow = shadow
        self._lay_out = lay_out

    def on_traffic(self, change: Change, most: int = _MOST_ENTRIES) -> Preview:
        """Try a change on the newest recorded texts; of a conversation only what was said last counts.

        Raises:
            StorageError: the ledger cannot be read.
        """
        counts = _Counts()
        texts = self._recorded(min(most, _MOST_ENTRIES), counts.skipped)
        return self._preview(change, texts, counts, source=TRAFFIC)

    def on_folder(self, change: Change, folder: Path) -> Preview:
        """Try a change on the texts of a folder: a line is a text, of a JSON line its field `text`.

        Raises:
            InputError: there is no such folder, or no text in it.
        """
        if not folder.is_dir():
            raise InputError(
                "没有这个文件夹。请写一个含有 .txt、.md、.jsonl、.csv 文件的文件夹。",
                "There is no such folder. Name one with .txt, .md, .jsonl or .csv files.",
                where=str(folder),
            )
        counts = _Counts()
        scope = Scope.INPUT if any("input" in term.entry.scope for term in change.terms) else Scope.OUTPUT
        texts = _texts_in(folder, scope, counts.skipped)
        preview = self._preview(change, texts, counts, source=folder.name or str(folder))
        if not preview.texts:
            raise InputError("文件夹里没有可读的文本。", "There is no readable text in the folder.", where=str(folder))
        return preview

    def _preview(self, change: Change, texts: Iterable[KnownText], counts: _Counts, *, source: str) -> Preview:
        ours = {term.watched: term.phrase or term.entry.term for term in change.terms}
        ours |= {term.term_id: term.entry.term for term in change.terms}
        with tempfile.TemporaryDirectory(prefix="guiju-preview-") as name:
            self._lay_out(change, Path(name))
            then = self._shadow(Path(name))
            touched, began = Touched(change, self._moderation), self._clock.monotonic()
            for known in texts:
                if self._clock.monotonic() - began > _BUDGET_SECONDS:
                    counts.skipped["out_of_time"] += 1
                    break
                counts.texts += 1
                counts.characters += len(known.text)
                if touched.by(known):
                    self._compare(known, then, counts, ours=ours)
        return Preview(
            made_at=self._clock.now(),
            library_hash=self._moderation.policy.library_hash,
            source=source,
            texts=counts.texts,
            characters=counts.characters,
            skipped=dict(counts.skipped),
            blocked=counts.changed["blocked"],
            reviewed=counts.changed["reviewed"],
            observed=counts.changed["observed"],
            passed=counts.changed["passed"],
            quieted=counts.changed["quieted"],
            by_term=tuple((ours[key], count) for key, count in counts.by_term.most_common(_MOST_TERMS)),
            examples=tuple(counts.examples),
        )

    def _compare(self, known: KnownText, then: Moderation, counts: _Counts, *, ours: dict[str, str]) -> None:
        before, after = self._moderation.decide(known.text, known.scope), then.decide(known.text, known.scope)
        hit = Counter(finding.term_id for finding in after.findings if finding.term_id in ours)
        counts.by_term.update(hit)
        kind = _difference(before, after)
        if not kind:
            return
        counts.changed[kind] += 1
        if len(counts.examples) < _MOST_EXAMPLES:
            lost = {one.term_id for one in before.findings} - {one.term_id for one in after.findings}
            terms = tuple(ours[key] for key in (*hit, *(lost & ours.keys())))
            example = Example(
                known.exchange_id, known.scope.value, kind, before.action.value, after.action.value, terms=terms
            )
            counts.examples.append(example if known.exchange_id else _with_place(example, known, (before, after)))

    def _recorded(self, most: int, skipped: Counter[str]) -> Iterator[KnownText]:
        seen: set[bytes] = set()
        for head, body in self._newest(most):
            if not isinstance(body, dict):
                skipped["erased" if isinstance(body, Erased) else "unreadable"] += 1
                continue
            recorded = read_text(head.action, body)
            for said in recorded.texts if recorded.scope is Scope.OUTPUT else recorded.texts[-1:]:
                key = hashlib.sha256(f"{recorded.scope}{said.text}".encode()).digest()
                if key in seen:
                    skipped["repeated"] += 1
                elif said.text:
                    seen.add(key)
                    yield KnownText(said.text, recorded.scope, exchange_of(head))

    def _newest(self, most: int) -> Iterator[tuple[Head, Body]]:
        """Go back through the ledger, a stretch at a time, for so many entries of exchanges."""
        end, given = self._ledger.size(), 0
        while end > 0 and given < most:
            start = max(0, end - _STRETCH)
            heads = self._ledger.find(EntryQuery(actions=ACTIONS[:3], before_seq=end, limit=_STRETCH))
            if not heads:
                return
            ours = [head for head in heads if head.seq >= start][: most - given]
            bodies = self._ledger.bodies(start, end) if ours else {}
            yield from ((head, bodies.get(head.id)) for head in ours)
            given += len(ours)
            # Where exchanges are rare, go straight to the next one.
            end = start if ours else heads[0].seq + 1


def _difference(before: Decision, after: Decision) -> str:
    """Return how a text would fare otherwise: blocked, passed, reviewed, observed, quieted; empty for not at all."""
    was, will = before.action.value in rules.STOPPED, after.action.value in rules.STOPPED
    if was != will:
        return "blocked" if will else "passed"
    if will:
        return ""
    for wish, kind in (("review", "reviewed"), ("block", "reviewed"), ("observe", "observed")):
        if _wishes(after, wish) > _wishes(before, wish):
            return kind
    return "quieted" if _wishes(after, "review") < _wishes(before, "review") else ""


def _wishes(decision: Decision, wish: str) -> int:
    return sum(finding.wish == wish for finding in decision.findings)


def _with_place(example: Example, known: KnownText, decisions: tuple[Decision, Decision]) -> Example:
    """Show a stretch of an operator's own text around what was found in it."""
    before, after = ({(one.start, one.end) for one in decision.findings} for decision in decisions)
    spots = before ^ after
    start, end = min(spots, default=(0, 0))
    snippet = known.text[max(0, start - _AROUND) : end + _AROUND]
    return replace(example, place=known.place, snippet=snippet)


def _texts_in(folder: Path, scope: Scope, skipped: Counter[str]) -> Iterator[KnownText]:
    left, count = _MOST_BYTES, 0
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file()):
        try:
            with path.open("rb") as file:
                content = file.read(left + 1)
        except OSError:
            skipped["unreadable"] += 1
            continue
        if len(content) > left:
            skipped["beyond_limit"] += 1
            content = content[:left]
        left -= len(content)
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
            text = _text_of(line, is_json=path.suffix.lower() == ".jsonl")
            if not text:
                continue
            count += 1
            if count > _MOST_TEXTS:
                skipped["beyond_limit"] += 1
                return
            yield KnownText(text, scope, place=f"{path.relative_to(folder)}:{number}")


def _text_of(line: str, *, is_json: bool) -> str:
    if not is_json:
        return line.strip()
    try:
        facts = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line.strip()
    return str(facts.get("text") or "").strip() if isinstance(facts, dict) else line.strip()
