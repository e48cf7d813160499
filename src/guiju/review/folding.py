"""What the changes of the library come to: the entries that the operator's own files must hold. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from guiju.moderation.writing import TermEntry
from guiju.review.models import Change, ChangeState, Op, TermChange
from guiju.review.rules import IN_FORCE, wish_at

_MILD = {ChangeState.OBSERVE: "observe", ChangeState.REVIEW: "review"}
_PHRASE_REASON = "放行短语试行：看它放行的是什么"


@dataclass
class Folded:
    """The entries by term id, and by risk the built-in terms that are switched off."""

    entries: dict[str, TermEntry] = field(default_factory=dict)
    disabled: dict[str, set[str]] = field(default_factory=dict)


def fold(changes: Iterable[Change]) -> Folded:
    """Lay the changes over each other in the order given; the last one that touches a term decides about it."""
    folded = Folded()
    for change in changes:
        if change.state in IN_FORCE:
            for term in change.terms:
                _lay(folded, term, change.state)
    return folded


def _lay(folded: Folded, term: TermChange, state: ChangeState) -> None:
    if term.op is Op.ADD:
        folded.entries[term.term_id] = replace(term.entry, action=wish_at(state, term.entry.action))
        return
    if term.op is Op.ALLOW and state in _MILD:
        folded.entries[term.watched] = phrase_entry(term, _MILD[state])
    if state is ChangeState.OBSERVE:
        return  # what is in force stays; its hits, or the phrase's, are measured
    if term.was_builtin:
        folded.disabled.setdefault(term.entry.risk, set()).add(term.entry.term)
    if term.op is Op.DISABLE and state is ChangeState.BLOCK:
        folded.entries.pop(term.term_id, None)
    elif term.op is Op.ALLOW:
        folded.entries[term.term_id] = term.entry
    else:
        folded.entries[term.term_id] = replace(term.entry, action=wish_at(state, term.entry.action))


def phrase_entry(term: TermChange, action: str) -> TermEntry:
    """Return a phrase on trial as a term of its own, which is found where the phrase would clear the other term."""
    return TermEntry(
        risk=term.entry.risk,
        term=term.phrase,
        reason=_PHRASE_REASON,
        level="low",
        action=action,
        scope=term.entry.scope,
    )
