"""Changes of the keyword library: the list, one change with its preview and its steps, and when the next is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from guiju.kit.errors import InputError
from guiju.moderation.library_file import DEFAULT_WITHIN
from guiju.moderation.models import LEVELS, RISK_IDS, WISHES, Scope, Term
from guiju.moderation.writing import TermEntry, entry_of
from guiju.review.models import (
    Caution,
    Change,
    ChangeState,
    Op,
    ProposalDraft,
    StageEffect,
    TermChange,
    TermProposal,
    UpdateDue,
)
from guiju.review.rules import IN_FORCE, OPEN_STATES, STAGES, is_forward
from guiju.web.house import WebHouse
from guiju.web.tables import PAGE_ROWS, Paging, paging, plain

CHANGE_STATES = {
    ChangeState.PROPOSED: ("待批准", "needs_review"),
    ChangeState.APPROVED: ("已批准，未启用", "not_run"),
    ChangeState.OBSERVE: ("试行：只观察", "partial"),
    ChangeState.REVIEW: ("试行：送复核", "partial"),
    ChangeState.BLOCK: ("正式生效", "met"),
    ChangeState.REVERTED: ("已撤回", "not_applicable"),
    ChangeState.REJECTED: ("未批准", "not_met"),
    ChangeState.WITHDRAWN: ("提出人收回", "not_applicable"),
}
OPS = {Op.ADD: "新增", Op.CHANGE: "修改", Op.DISABLE: "停用", Op.ALLOW: "放行短语"}
STAGE_TITLES = {ChangeState.OBSERVE: "观察", ChangeState.REVIEW: "复核", ChangeState.BLOCK: "生效"}
SKIPPED_TITLES = {
    "erased": "正文已删除",
    "unreadable": "读不出",
    "repeated": "重复",
    "beyond_limit": "超出上限未看",
    "out_of_time": "时间用尽，其余未看",
}
KINDS = {
    "blocked": ("新增拦截", "not_met"),
    "passed": ("不再拦截", "partial"),
    "reviewed": ("新增送复核", "needs_review"),
    "observed": ("新增观察", "not_run"),
    "quieted": ("不再送复核", "not_applicable"),
}
CAUTION_TITLES = {
    "skips_stage": "跳过试行",
    "too_short": "试行过短",
    "no_hits": "没有命中",
    "few_judged": "复核过少",
    "wrong_hits": "误伤偏多",
    "policy_acts": "策略会动作",
    "no_preview": "没有预览",
}
LISTS = {
    "open": tuple(OPEN_STATES),
    "in_force": (ChangeState.BLOCK,),
    "ended": (ChangeState.REVERTED, ChangeState.REJECTED, ChangeState.WITHDRAWN),
}
_SHOWN_TERMS = 200
_MOST_LINES = 20_000


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change in the list, with the names of its people and in how many texts it found something."""

    change: Change
    author: str
    approver: str
    found: int


@dataclass(frozen=True, slots=True)
class ChangesView:
    """A page of changes, and when the library must be updated next."""

    rows: tuple[ChangeRow, ...]
    paging: Paging
    counts: Mapping[str, int]
    due: UpdateDue
    by_hand: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A step that may be taken now, and why it is not advised."""

    to: ChangeState
    is_forward: bool
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change: what it does, what it did, and what may follow."""

    change: Change
    effects: tuple[StageEffect, ...]
    steps: tuple[Step, ...]
    names: Mapping[str, str]
    found: tuple[tuple[str, str, str], ...]
    hours: float | None
    is_preview_old: bool


def changes_view(house: WebHouse, values: Mapping[str, str]) -> ChangesView:
    """Return the page of changes that `values` ask for.

    Raises:
        InputError: there is no such list.
    """
    wanted = values.get("list", "open")
    if wanted not in LISTS:
        raise InputError("没有这个列表。", "There is no such list.", where="list")
    desk = house.review.changes
    page = paging(desk.count(LISTS[wanted]), values.get("page", ""))
    changes = desk.changes(LISTS[wanted], limit=PAGE_ROWS, offset=page.first)
    names = {member.id: member.name for member in house.staff.members()}
    hits = desk.hit_count([change.id for change in changes])
    rows = tuple(
        ChangeRow(
            change,
            names.get(change.author, change.author),
            names.get(change.approver or "", change.approver or ""),
            sum(count for (change_id, _), count in hits.items() if change_id == change.id),
        )
        for change in changes
    )
    counts = {name: desk.count(states) for name, states in LISTS.items()}
    return ChangesView(rows, page, counts, house.review.updates.due(), desk.by_hand())


def change_view(house: WebHouse, change_id: str) -> ChangeView:
    """Return one change.

    Raises:
        NotFoundError: there is none.
    """
    desk = house.review.changes
    change = desk.change(plain(change_id, 64))
    measured = desk.effects(change.id)
    effects = tuple(
        measured.get(stage.value, StageEffect(stage.value, 0, 0, 0, 0, 0))
        for stage in STAGES
        if stage.value in measured or any(event.state is stage for event in change.events)
    )
    steps = tuple(Step(to, is_forward(change, to), desk.cautions(change, to)) for to in _next(change))
    return ChangeView(
        change=change,
        effects=effects,
        steps=steps,
        names={member.id: member.name for member in house.staff.members()},
        found=tuple(desk.texts_found(change.id)),
        hours=_hours(change, house.clock.now()),
        is_preview_old=any(one.library_hash != house.moderation.policy.library_hash for one in change.previews)
        and change.state not in IN_FORCE,
    )


def shown_terms(change: Change) -> tuple[TermChange, ...]:
    """Return as many of a change's terms as a page shows."""
    return change.terms[:_SHOWN_TERMS]


def _next(change: Change) -> tuple[ChangeState, ...]:
    if change.state is ChangeState.APPROVED or change.state in IN_FORCE:
        return tuple(stage for stage in STAGES if stage is not change.state)
    return ()


def _hours(change: Change, now: datetime) -> float | None:
    return None if change.staged_at is None else (now - change.staged_at).total_seconds() / 3600


def blank_entry(house: WebHouse, values: Mapping[str, str]) -> TermEntry:
    """Return the entry that the form begins with: a term in force, or what the address says."""
    term = term_in_force(house, values.get("term", ""))
    if term is not None:
        return entry_of(term)
    risk = values.get("risk", "")
    return TermEntry(risk if risk in RISK_IDS else "A.1-a", values.get("text", "")[:64], "")


def term_in_force(house: WebHouse, term_id: str) -> Term | None:
    """Return the term in force with this id, or None."""
    return house.moderation.term(plain(term_id, 40)) if term_id else None


def read_proposal(house: WebHouse, form: Mapping[str, str]) -> ProposalDraft:
    """Read the form of a proposal: one term, or many, a line each.

    Raises:
        InputError: a field cannot be read.
    """
    op = form.get("op", "")
    if op not in set(Op):
        raise InputError("请选择要做的事。", "Choose what is to be done.", where="op")
    title, reason, source = form.get("title", ""), form.get("reason", ""), plain(form.get("item", ""), 36)
    term_id = plain(form.get("term", ""), 40)
    if Op(op) is Op.DISABLE:
        return ProposalDraft(title, reason, (TermProposal(Op.DISABLE, term_id=term_id),), source)
    if Op(op) is Op.ALLOW:
        phrase = form.get("phrase", "").strip()
        return ProposalDraft(title, reason, (TermProposal(Op.ALLOW, term_id=term_id, phrase=phrase),), source)
    if Op(op) is Op.CHANGE:
        now = term_in_force(house, term_id)
        text = now.text if now is not None else form.get("text", "")
        flags = entry_of(now).lists.get("flags", ()) if now is not None else ()
        entry = _entry(
            form, text, risk=now.risk if now is not None else form.get("risk", ""), flags=flags, is_change=True
        )
        return ProposalDraft(title, reason, (TermProposal(Op.CHANGE, entry, term_id),), source)
    lines = [line.strip() for line in form.get("text", "").replace("\r", "").split("\n") if line.strip()]
    if not 0 < len(lines) <= _MOST_LINES:
        raise InputError(
            f"请写下词条，每行一个，最多 {_MOST_LINES} 行。",
            f"Write the terms, one a line, at most {_MOST_LINES}.",
            where="text",
        )
    terms = tuple(TermProposal(Op.ADD, _entry(form, line, risk=form.get("risk", ""))) for line in lines)
    return ProposalDraft(title, reason, terms, source)


def _entry(
    form: Mapping[str, str], text: str, *, risk: str, flags: tuple[str, ...] = (), is_change: bool = False
) -> TermEntry:
    level, action, scope = form.get("level", "high"), form.get("action", "block"), form.get("scope", "both")
    if level not in LEVELS or action not in WISHES or scope not in {"both", *Scope}:
        raise InputError("级别、处置或方向不可用。", "The level, action or direction cannot be used.", where="level")
    lists = {name: _texts(form.get(name, "")) for name in ("allow", "none", "not_before", "not_after")}
    lists["all"] = tuple(line.replace("，", "|").replace(",", "|") for line in _lines(form.get("all", "")))
    # Of a new term the box only adds; of one in force it says what shall be.
    lists["flags"] = _flags(flags, skips=form.get("skip") == "1") if is_change or form.get("skip") == "1" else flags
    lists["risks"] = tuple(one for one in _texts(form.get("risks", "")) if one in RISK_IDS and one != risk)
    return TermEntry(
        risk=risk,
        term=text,
        reason=form.get("term_reason", "").strip() or form.get("reason", "").strip()[:500],
        level=level,
        action=action,
        scope=tuple(one.value for one in Scope) if scope == "both" else (scope,),
        boundary="none" if form.get("boundary") == "none" else "word",
        lists={name: found for name, found in lists.items() if found},
        within=_within(form.get("within", "")),
    )


def _flags(flags: tuple[str, ...], *, skips: bool) -> tuple[str, ...]:
    """Return a term's flags with `skip` as the form says; flags that the form does not know stay."""
    others = tuple(flag for flag in flags if flag not in {"base", "skip", "no-skip"})
    return (*others, "skip" if skips else "no-skip")


def _within(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else DEFAULT_WITHIN  # noqa: PLR2004 - a bound


def _texts(text: str) -> tuple[str, ...]:
    parts = text.replace("\n", "、").replace("，", "、").replace(",", "、").split("、")
    return tuple(part.strip() for part in parts if part.strip())


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\r", "").split("\n") if line.strip()]
