"""From what a person asks for to terms of a change: normal forms, duplicates, conflicts, and what cannot be taken."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from guiju.kit.errors import ConfigurationError
from guiju.moderation.library import parse_library_file
from guiju.moderation.library_file import term_id, why_unusable
from guiju.moderation.models import LEVELS, RISK_IDS, WISHES, ImportReport, Refusal, Term
from guiju.moderation.service import Moderation
from guiju.moderation.writing import TermEntry, entry_of, library_files
from guiju.review.errors import ProposalError
from guiju.review.folding import phrase_entry
from guiju.review.models import Op, ProposalDraft, TermChange, TermProposal
from guiju.text.normalising import base_normaliser

MANAGED = ".changes.yaml"
MOST_TERMS = 200_000
_CHECKED_DAY = "2000-01-01"  # any day: the file is only read to see whether it could be


class Refused(Exception):  # noqa: N818 - not an error that anybody sees: it becomes a refusal in the list
    """Why one term is not taken."""

    def __init__(self, zh: str, en: str) -> None:
        """Say why, in both languages."""
        super().__init__(zh)
        self.zh = zh
        self.en = en


class Proposer:
    """Checks proposals against the library in force."""

    def __init__(self, moderation: Moderation) -> None:
        """Check against what `moderation` has in force."""
        self._moderation = moderation

    def terms_of(self, draft: ProposalDraft) -> tuple[tuple[TermChange, ...], tuple[Refusal, ...]]:
        """Return the terms that can be taken, and every one that cannot with its reason.

        Raises:
            ProposalError: there are too many, or a field holds what the library's format does not know.
        """
        if len(draft.terms) > MOST_TERMS:
            raise ProposalError(
                f"一次最多提出 {MOST_TERMS} 条，请拆分。", f"A change has at most {MOST_TERMS} terms; split it."
            )
        taken: dict[str, TermChange] = {}
        refusals = list(draft.refusals)
        for number, proposal in enumerate(draft.terms, 1):
            shown = (proposal.entry.term if proposal.entry else proposal.phrase or proposal.term_id)[:80]
            try:
                term = self._term(proposal)
            except Refused as why:
                refusals.append(Refusal(draft.title, number, shown, why.zh, why.en))
                continue
            if term.term_id in taken:
                zh, en = "与本次提出的另一条归一化后相同。", "the same as another one here, when normalised."
                refusals.append(Refusal(draft.title, number, shown, zh, en))
            else:
                taken[term.term_id] = term
        _check_format(taken.values())
        return tuple(taken.values()), tuple(refusals)

    def _term(self, proposal: TermProposal) -> TermChange:
        if proposal.op is Op.ADD:
            return self._added(_entry(proposal))
        now = self._now(proposal.term_id)
        before, was_builtin = entry_of(now), now.origin == "builtin"
        if proposal.op is Op.DISABLE:
            return TermChange(Op.DISABLE, before, before, was_builtin, now.id, now.id)
        if proposal.op is Op.ALLOW:
            return self._allowed(now, before, proposal.phrase.strip())
        entry = _entry(proposal)
        if form_id(entry) != now.id:
            raise Refused(
                "修改不能换词或换风险；请另提新增。", "a change keeps term and risk; propose a new term instead."
            )
        if entry.reason == before.reason and _is_same(entry, now):
            raise Refused("与现行规定相同，没有改动。", "it is what is in force already.")
        return TermChange(Op.CHANGE, entry, before, was_builtin, now.id, now.id)

    def _added(self, entry: TermEntry) -> TermChange:
        key = form_id(entry)
        now = self._moderation.term(key)
        if now is not None:
            if _is_same(entry, now):
                raise Refused(f"词库已有：{now.where}。", f"the library has it: {now.where}.")
            raise Refused(
                f"与已有词条规定不同（{now.where}，{now.level}/{now.wish}）；请改用“修改”。",
                f"it differs from the term in force ({now.where}, {now.level}/{now.wish}); propose a change of that.",
            )
        return TermChange(Op.ADD, entry, None, was_builtin=False, term_id=key, watched=key)

    def _allowed(self, now: Term, before: TermEntry, phrase: str) -> TermChange:
        form = base_normaliser().symbols_of(phrase)
        if now.form not in form or form == now.form:
            raise Refused(
                f"放行短语须包含该词（{now.text}）且比它长。", f"an allow-phrase holds the term ({now.text}) and more."
            )
        unusable = why_unusable(form)
        if unusable is not None:
            raise Refused(*unusable)
        allow = before.lists.get("allow", ())
        if form in {base_normaliser().symbols_of(one) for one in allow}:
            raise Refused("该词已有这条放行短语。", "the term has this allow-phrase already.")
        watched = term_id(now.risk, form)
        if self._moderation.term(watched) is not None:
            raise Refused(
                "这个短语本身就是词条，不能用来放行。", "the phrase is itself a term and cannot clear another."
            )
        entry = replace(before, lists={**before.lists, "allow": (*allow, phrase)})
        return TermChange(Op.ALLOW, entry, before, now.origin == "builtin", now.id, watched, phrase)

    def _now(self, key: str) -> Term:
        now = self._moderation.term(key)
        if now is None:
            raise Refused("词库里没有这个词条，可能刚被改动；请重新查词。", "the library has no such term; look again.")
        if now.origin == "operator" and not PurePath(now.where.rpartition(":")[0]).name.endswith(MANAGED):
            raise Refused(
                f"该词来自手写文件 {now.where}；请在文件中删去，再经本流程提出。",
                f"it stands in a file written by hand, {now.where}; take it out there and propose it here.",
            )
        return now


def _is_same(entry: TermEntry, now: Term) -> bool:
    """Tell whether an entry would read as the term in force, whoever wrote it and why."""
    files = library_files([entry], {}, version="check", updated=_CHECKED_DAY)
    try:
        (term,) = parse_library_file(files[entry.risk], "check", "operator").terms
    except ConfigurationError as error:
        raise ProposalError(error.zh, error.en, where=entry.term) from error
    return replace(term, text=now.text, reason=now.reason, origin=now.origin, where=now.where) == now


def form_id(entry: TermEntry) -> str:
    """Return the id that an entry's term will have; refuse what cannot be a term."""
    if entry.risk not in RISK_IDS or entry.level not in LEVELS or entry.action not in WISHES:
        raise Refused("风险、级别或动作不可用。", "unknown risk, level or action.")
    if not 0 < len(entry.reason) <= 500:  # noqa: PLR2004 - as library_file.MAX_REASON, which names the fault less well
        raise Refused("每个词条都须写明理由，不超过 500 字。", "each term needs a reason of at most 500 characters.")
    form = base_normaliser().symbols_of(entry.term)
    unusable = why_unusable(form)
    if unusable is not None:
        raise Refused(*unusable)
    return term_id(entry.risk, form)


def imported(report: ImportReport, *, title: str, reason: str) -> ProposalDraft:
    """Make a proposal of a list that was read; what the reading refused stays in it with its reasons.

    Raises:
        LibraryError: a file of ours that was handed in cannot be used.
    """
    terms: list[TermProposal] = []
    for risk, content in report.yaml:
        file = parse_library_file(content, f"{report.name}#{risk}", "operator")
        terms += [TermProposal(Op.ADD, entry_of(term)) for term in file.terms]
        terms += [TermProposal(Op.DISABLE, term_id=key) for key in file.disabled]
    return ProposalDraft(title, reason, tuple(terms), refusals=report.refusals)


def _entry(proposal: TermProposal) -> TermEntry:
    if proposal.entry is None:
        raise Refused("没有写明词条。", "there is no entry.")
    return replace(proposal.entry, term=proposal.entry.term.strip(), reason=proposal.entry.reason.strip())


def _check_format(terms: Iterable[TermChange]) -> None:
    """Read what would be written, as the library will: what it refuses must not get as far as a second person."""
    entries: list[TermEntry] = []
    for term in terms:
        entries.append(term.entry)
        if term.op is Op.ALLOW:
            entries.append(phrase_entry(term, "review"))
    for risk, content in library_files(entries, {}, version="check", updated=_CHECKED_DAY).items():
        try:
            file = parse_library_file(content, risk, "operator")
        except ConfigurationError as error:
            raise ProposalError(error.zh, error.en, where=risk) from error
        if file.refusals:
            raise ProposalError(_first(file.refusals).zh, _first(file.refusals).en, where=risk)


def _first(refusals: Sequence[Refusal]) -> Refusal:
    return refusals[0]
