"""One file of the keyword library: from YAML to terms."""

import functools
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from guiju.moderation.fields import FieldReader
from guiju.moderation.flags import FLAGS, contradiction, skips_decorations, views_of
from guiju.moderation.models import LEVELS, RISK_IDS, WISHES, Refusal, Scope, Term
from guiju.moderation.yaml_document import Node, parse_document
from guiju.text.normalising import base_normaliser

MIN_SYMBOLS = 2
MAX_SYMBOLS = 64
MAX_WITHIN = 100
DEFAULT_WITHIN = 24
MAX_COMPANIONS = 200
MAX_REASON = 500

SHARED_FIELDS = (
    "level", "action", "scope", "boundary", "not_before", "not_after", "allow", "all", "none", "within", "flags",
    "reason", "risks",
)  # fmt: skip
_FILE_FIELDS = ("version", "risk", "updated", "allow", "groups", "terms", "disabled")
_WISH_OF_LEVEL = {"high": "block", "medium": "review", "low": "observe"}


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """What one file holds.

    Attributes:
        risk: the risk of the file.
        updated: ISO date.
        terms: its terms.
        phrases: phrases that clear every term of this risk which they cover, normalised.
        disabled: ids of built-in terms that are switched off.
        refusals: entries that were not taken.
    """

    risk: str
    updated: str
    terms: tuple[Term, ...]
    phrases: tuple[str, ...]
    disabled: tuple[str, ...]
    refusals: tuple[Refusal, ...]


def term_id(risk: str, form: str) -> str:
    """Return the id of a term: stable over reloads and machines, and telling nothing of the term's text."""
    return f"{risk}:{hashlib.sha256(form.encode()).hexdigest()[:10]}"


def why_unusable(form: str) -> tuple[str, str] | None:
    """Return why a normal form cannot be a term, in Chinese and English; None when it can."""
    length = len(base_normaliser().reduced(form))
    if length < MIN_SYMBOLS:
        return (
            f"归一化后只剩 {length} 个字符（不计标点、空格和表情），少于 {MIN_SYMBOLS} 个，会误伤大量正常文本。",
            f"only {length} symbol(s) without decorations when normalised, fewer than {MIN_SYMBOLS}: hits everywhere.",
        )
    if len(form) > MAX_SYMBOLS:
        return (
            f"归一化后有 {len(form)} 个字符，超过 {MAX_SYMBOLS} 个，请拆成更短的词。",
            f"{len(form)} symbols after normalising, more than {MAX_SYMBOLS}: split it into shorter terms.",
        )
    return None


def read_library_file(content: bytes, where: str, origin: str, *, max_bytes: int) -> tuple[LibraryFile, list[Refusal]]:
    """Read one file; the second value is what is wrong with its structure, empty when it can be used.

    Raises:
        DocumentError: it is no YAML that we take.
    """
    root = parse_document(content, max_bytes=max_bytes)
    reader = FieldReader(where)
    fields = reader.mapping(root, "", _FILE_FIELDS, required=("version", "risk", "updated"))
    risk = reader.choice(fields.get("risk"), "risk", RISK_IDS, default=RISK_IDS[0])
    updated = reader.day(fields.get("updated"), "updated")
    maker = _TermMaker(reader, risk, origin)
    for at, group in enumerate(reader.items(fields.get("groups"), "groups")):
        name = f"groups[{at}]"
        group_fields = reader.mapping(group, name, (*SHARED_FIELDS, "terms"), required=("terms",))
        shared = maker.settings(group_fields, name, _Settings())
        for number, node in enumerate(reader.items(group_fields.get("terms"), f"{name}.terms")):
            maker.add(node, f"{name}.terms[{number}]", shared)
    for at, node in enumerate(reader.items(fields.get("terms"), "terms")):
        maker.add(node, f"terms[{at}]", _Settings())
    symbols_of = base_normaliser().symbols_of
    disabled = reader.texts(fields.get("disabled"), "disabled")
    file = LibraryFile(
        risk=risk,
        updated=updated,
        terms=tuple(maker.terms),
        phrases=_phrases(reader, fields.get("allow")),
        disabled=tuple(term_id(risk, symbols_of(text)) for text in disabled),
        refusals=tuple(maker.refusals),
    )
    return file, reader.errors


@functools.lru_cache(maxsize=4096)
def _flat(groups: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Return every text of `groups` once; remembered, so that the terms of a group share one tuple."""
    return tuple(dict.fromkeys(one for group in groups for one in group))


@functools.lru_cache(maxsize=4096)
def _alternatives(entry: str) -> tuple[str, ...]:
    """Return the texts of a companion, normalised; remembered, so that terms with the same companions share them."""
    return tuple(sys.intern(base_normaliser().symbols_of(one)) for one in entry.split("|"))


def _phrases(reader: FieldReader, node: Node | None) -> tuple[str, ...]:
    phrases = tuple(base_normaliser().symbols_of(phrase) for phrase in reader.texts(node, "allow"))
    if node is not None and not all(0 < len(phrase) <= MAX_SYMBOLS for phrase in phrases):
        zh, en = f"每条短语归一化后需要 1 到 {MAX_SYMBOLS} 个字符。", f"each phrase needs 1 to {MAX_SYMBOLS} symbols."
        reader.refuse(node.line, "allow", (zh, en))
    return phrases


@dataclass(frozen=True, slots=True)
class _Settings:
    """The fields a group gives its terms, or a term has of its own."""

    level: str = "high"
    action: str = ""
    scopes: tuple[Scope, ...] = tuple(Scope)
    boundary: str = "word"
    not_before: tuple[str, ...] = ()
    not_after: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    all_of: tuple[tuple[str, ...], ...] = ()
    none_of: tuple[tuple[str, ...], ...] = ()
    within: int = DEFAULT_WITHIN
    flags: tuple[str, ...] = ("base",)
    reason: str = ""
    risks: tuple[str, ...] = ()


class _TermMaker:
    """Makes terms out of entries of one file."""

    def __init__(self, reader: FieldReader, risk: str, origin: str) -> None:
        self.reader = reader
        self.risk = risk
        self.origin = origin
        self.terms: list[Term] = []
        self.refusals: list[Refusal] = []
        self.symbols_of = base_normaliser().symbols_of

    def settings(self, fields: Mapping[str, Node], name: str, base: _Settings) -> _Settings:
        """Read the fields that are there; the others stay as in `base`."""
        reader = self.reader

        def get(key: str) -> tuple[Node | None, str]:
            return fields.get(key), f"{name}.{key}"

        scopes = reader.choices(*get("scope"), tuple(Scope), default=base.scopes)
        return _Settings(
            level=reader.choice(*get("level"), LEVELS, default=base.level),
            action=reader.choice(*get("action"), WISHES, default=base.action),
            scopes=tuple(scope for scope in Scope if scope in scopes),
            boundary=reader.choice(*get("boundary"), ("word", "none"), default=base.boundary),
            not_before=self._forms(*get("not_before"), base.not_before),
            not_after=self._forms(*get("not_after"), base.not_after),
            allow=self._forms(*get("allow"), base.allow),
            all_of=self._companions(*get("all"), base.all_of),
            none_of=self._companions(*get("none"), base.none_of),
            within=reader.number(*get("within"), (1, MAX_WITHIN), default=base.within),
            flags=self._flags(*get("flags"), base.flags),
            reason=reader.text(*get("reason"), base.reason),
            risks=reader.choices(*get("risks"), RISK_IDS, default=base.risks),
        )

    def add(self, node: Node, name: str, shared: _Settings) -> None:
        """Take an entry: plain text, or a mapping with fields of its own."""
        settings = shared
        if isinstance(node.value, str):
            text = node.value
        else:
            fields = self.reader.mapping(node, name, (*SHARED_FIELDS, "t"), required=("t",))
            text = self.reader.text(fields.get("t"), f"{name}.t")
            settings = self.settings(fields, name, shared)
        form = self.symbols_of(text)
        unusable = why_unusable(form)
        if unusable is not None:
            self.refusals.append(Refusal(self.reader.where, node.line, text[:MAX_SYMBOLS], *unusable))
            return
        self._check(settings, form, node=node, name=name, is_own=settings is not shared)
        self.terms.append(self._term(text, form, settings, line=node.line))

    def _check(self, settings: _Settings, form: str, *, node: Node, name: str, is_own: bool) -> None:
        if not 0 < len(settings.reason) <= MAX_REASON:
            zh, en = (
                f"必须写明理由，不超过 {MAX_REASON} 字。",
                f"a reason is required, at most {MAX_REASON} characters.",
            )
            self.reader.refuse(node.line, f"{name}.reason", (zh, en))
        if is_own and isinstance(node.value, dict) and "allow" in node.value:
            for phrase in settings.allow:
                if form not in phrase:
                    zh = f"放行短语“{phrase[:40]}”不含该词，不会起作用。"
                    en = f"the phrase {phrase[:40]!r} does not contain the term and would do nothing."
                    self.reader.refuse(node.line, f"{name}.allow", (zh, en))

    def _term(self, text: str, form: str, settings: _Settings, *, line: int) -> Term:
        return Term(
            id=term_id(self.risk, form),
            text=text,
            form=form,
            risk=self.risk,
            risks=tuple(sorted({self.risk, *settings.risks})),
            level=settings.level,
            wish=settings.action or _WISH_OF_LEVEL[settings.level],
            scopes=settings.scopes,
            whole_word=settings.boundary == "word",
            not_before=settings.not_before,
            not_after=settings.not_after,
            allow=tuple(phrase for phrase in settings.allow if form in phrase),
            all_of=settings.all_of,
            none_of=_flat(settings.none_of),
            within=settings.within,
            skips=skips_decorations(form, settings.flags),
            views=views_of(settings.flags, skips_decorations(form, settings.flags)),
            reason=settings.reason,
            origin=self.origin,
            where=f"{self.reader.where}:{line}",
        )

    def _flags(self, node: Node | None, name: str, base: tuple[str, ...]) -> tuple[str, ...]:
        flags = self.reader.choices(node, name, FLAGS, default=base)
        wrong = contradiction(flags)
        if node is not None and wrong is not None:
            self.reader.refuse(node.line, name, wrong)
            return base
        return flags

    def _forms(self, node: Node | None, name: str, base: tuple[str, ...]) -> tuple[str, ...]:
        if node is None:
            return base
        found = tuple(self.symbols_of(one) for one in self.reader.texts(node, name))
        if not all(0 < len(one) <= MAX_SYMBOLS for one in found):
            zh, en = f"每项归一化后需要 1 到 {MAX_SYMBOLS} 个字符。", f"each needs 1 to {MAX_SYMBOLS} symbols."
            self.reader.refuse(node.line, name, (zh, en))
        return found

    def _companions(
        self, node: Node | None, name: str, base: tuple[tuple[str, ...], ...]
    ) -> tuple[tuple[str, ...], ...]:
        if node is None:
            return base
        entries = self.reader.texts(node, name)
        groups = tuple(map(_alternatives, entries))
        if sum(map(len, groups)) > MAX_COMPANIONS or not all(one for group in groups for one in group):
            zh = f"合计最多 {MAX_COMPANIONS} 个词，每个归一化后不得为空。"
            en = f"at most {MAX_COMPANIONS} texts together, none empty after normalising."
            self.reader.refuse(node.line, name, (zh, en))
        return groups
