"""Writing library files: terms as a person states them, and back from a term in force. Pure.

What is written here is read by `library_file`; the two are held against each other by a test, so that a field that a
term gains is not lost on the way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from guiju.kit.canonical_json import Json, JsonObject
from guiju.moderation.flags import flags_of
from guiju.moderation.library_file import DEFAULT_WITHIN
from guiju.moderation.models import Scope, Term

_BOTH = tuple(scope.value for scope in Scope)


@dataclass(frozen=True, slots=True)
class TermEntry:
    """One entry of a library file, field by field as docs/how-to/keywords-and-policy.md names them.

    Attributes:
        risk: the risk of the file that it goes to.
        term: the term, as its author writes it.
        reason: why it is in the library.
        level: high, medium or low.
        action: block, review or observe.
        scope: input, output or both.
        boundary: word or none.
        lists: not_before, not_after, allow, all, none, flags and risks, where they are not empty.
        within: how near companions must be, in symbols.
    """

    risk: str
    term: str
    reason: str
    level: str = "high"
    action: str = "block"
    scope: tuple[str, ...] = _BOTH
    boundary: str = "word"
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    within: int = DEFAULT_WITHIN


LISTS = ("not_before", "not_after", "allow", "all", "none", "flags", "risks")


def entry_of(term: Term) -> TermEntry:
    """Return what a term in force says, as an entry that reads as the same term again."""
    lists = {
        "not_before": term.not_before,
        "not_after": term.not_after,
        "allow": term.allow,
        "all": tuple("|".join(group) for group in term.all_of),
        "none": term.none_of,
        "flags": flags_of(term.form, term.views),
        "risks": tuple(risk for risk in term.risks if risk != term.risk),
    }
    return TermEntry(
        risk=term.risk,
        term=term.text,
        reason=term.reason,
        level=term.level,
        action=term.wish,
        scope=tuple(scope.value for scope in term.scopes),
        boundary="word" if term.whole_word else "none",
        lists={name: found for name, found in lists.items() if found},
        within=term.within,
    )


def entry_facts(entry: TermEntry) -> JsonObject:
    """Write an entry as JSON."""
    lists: JsonObject = {name: list(entry.lists[name]) for name in LISTS if entry.lists.get(name)}
    return {
        "risk": entry.risk,
        "term": entry.term,
        "reason": entry.reason,
        "level": entry.level,
        "action": entry.action,
        "scope": list(entry.scope),
        "boundary": entry.boundary,
        "within": entry.within,
        "lists": lists,
    }


def entry_from(facts: JsonObject) -> TermEntry:
    """Read an entry back from its JSON."""
    lists, within = facts.get("lists"), facts.get("within")
    return TermEntry(
        risk=str(facts["risk"]),
        term=str(facts["term"]),
        reason=str(facts["reason"]),
        level=str(facts["level"]),
        action=str(facts["action"]),
        scope=_texts(facts.get("scope")),
        boundary=str(facts["boundary"]),
        lists={name: _texts(found) for name, found in lists.items()} if isinstance(lists, dict) else {},
        within=within if isinstance(within, int) else DEFAULT_WITHIN,
    )


def library_files(
    entries: Sequence[TermEntry], disabled: Mapping[str, Sequence[str]], *, version: str, updated: str
) -> dict[str, bytes]:
    """Write one library file a risk, sorted, so that the same content is the same bytes.

    Args:
        entries: the terms.
        disabled: risk → built-in terms that are switched off.
        version: what the files say of themselves.
        updated: ISO date.
    """
    files: dict[str, bytes] = {}
    for risk in sorted({*(entry.risk for entry in entries), *(risk for risk, terms in disabled.items() if terms)}):
        lines = [f"version: {quoted(version)}", f"risk: {risk}", f"updated: {updated}"]
        ours = sorted((entry for entry in entries if entry.risk == risk), key=lambda entry: entry.term)
        lines += ["terms:", *(_written(entry) for entry in ours)] if ours else []
        off = sorted(set(disabled.get(risk, ())))
        lines += [f"disabled: {_listed(off)}"] if off else []
        files[risk] = ("\n".join(lines) + "\n").encode()
    return files


def _written(entry: TermEntry) -> str:
    fields = [
        f"t: {quoted(entry.term)}",
        f"reason: {quoted(entry.reason)}",
        f"level: {entry.level}",
        f"action: {entry.action}",
        f"scope: {_listed(entry.scope)}",
        f"boundary: {entry.boundary}",
        f'within: "{entry.within}"',
        *(f"{name}: {_listed(entry.lists[name])}" for name in LISTS if entry.lists.get(name)),
    ]
    return "- {" + ", ".join(fields) + "}"


def _listed(texts: Sequence[str]) -> str:
    return "[" + ", ".join(quoted(text) for text in texts) + "]"


def quoted(text: str) -> str:
    """Return a YAML double-quoted scalar; what does not print is escaped."""
    return '"' + "".join(map(_escaped, text.encode("utf-8", "replace").decode())) + '"'


def _escaped(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    return one if one.isprintable() else f"\\U{ord(one):08x}"


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, (list, tuple)) else ()
