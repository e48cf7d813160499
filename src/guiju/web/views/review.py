"""The review queue, one item of it, and how far people agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from guiju.kit.clock import BEIJING
from guiju.kit.errors import InputError
from guiju.law.models import Risk
from guiju.moderation.models import Action, ExplainedFinding
from guiju.moderation.policy import PolicyBundle
from guiju.review.models import AgreementReport, ItemQuery, ItemState, OpenedItem, QueueCounts, Reason, ReviewItem
from guiju.review.rules import STOPPED, is_missed, is_wrong_block
from guiju.staff.models import StaffMember
from guiju.web.house import WebHouse
from guiju.web.tables import PAGE_ROWS, Paging, paging, plain, read_date

# Why a text is here, and the tone that is shown in.
REASONS = {
    Reason.OBJECTION: ("用户异议", "not_met"),
    Reason.HELD: ("留待人工", "needs_review"),
    Reason.UNDETERMINED: ("未能判定", "insufficient"),
    Reason.TRIAL: ("词库试行", "partial"),
    Reason.ASKED: ("要求复核", "needs_review"),
    Reason.UNCERTAIN: ("分数不确定", "insufficient"),
    Reason.REVERSAL: ("直接改判", "not_met"),
    Reason.SAMPLED: ("抽样", "not_run"),
}
STATES = {
    ItemState.OPEN: ("待判断", "not_run"),
    ItemState.ARBITRATION: ("待第三人", "partial"),
    ItemState.SETTLED: ("已有结论", "met"),
}
# What was counted when the ledger was looked through, and did not become an item of its own.
TALLIES = {
    "texts": "看过的文本",
    "repeats": "与待复核的文本相同，计入该条",
    "erased": "正文已删除",
    "unreadable": "正文读不出",
    "no_text": "没有文字",
    "objection_without_text": "异议所指的正文已不在",
}
_QUICK_CHOICES = 6
_REPORT_DAYS = 84


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One item in the list: how many verdicts are in, whether one is mine, and how late it is."""

    item: ReviewItem
    verdicts: int
    is_mine: bool
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class QueueView:
    """The queue: how much waits, and a page of it."""

    counts: QueueCounts
    rows: tuple[QueueRow, ...]
    paging: Paging
    share: float
    tally: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """A verdict with the name of who gave it and the note that goes with it."""

    reviewer: str
    seat: int
    risks: tuple[str, ...]
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item without anything that anybody said.

    Attributes:
        item: the item.
        verdict_count: how many verdicts are in.
        has_judged: whether one of them is mine.
        verdicts: the verdicts, once they may be seen.
        may_judge: whether mine is wanted.
        is_overdue: whether it is late.
        was_wrong_block, was_missed: what the outcome says of the decision.
        examples: as which kinds of example it is marked.
    """

    item: ReviewItem
    verdict_count: int
    has_judged: bool
    verdicts: tuple[ShownVerdict, ...]
    may_judge: bool
    is_overdue: bool
    was_wrong_block: bool
    was_missed: bool
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PathStep:
    """How policy came to an action about one finding: by an exception, or by what the finding asks for."""

    wish: str
    by_exception: bool
    action: Action


def queue_view(house: WebHouse, member: StaffMember, values: Mapping[str, str]) -> QueueView:
    """Return the page of the queue that `values` ask for.

    Raises:
        InputError: a value cannot be read.
    """
    query = _query(house, values)
    queue = house.review.queue
    page = paging(queue.count(query), values.get("page", ""))
    items = queue.items(ItemQuery(query.state, query.reason, query.risk, query.overdue_at, PAGE_ROWS, page.first))
    progress, now = queue.progress(items, member.id), house.clock.now()
    rows = tuple(QueueRow(item, *progress[item.id], _is_overdue(item, now)) for item in items)
    return QueueView(queue.counts(), rows, page, house.settings.review_sample_share, house.review.intake.tally())


def item_view(house: WebHouse, member: StaffMember, item_id: str) -> ItemView:
    """Return one item as this person may see it.

    Raises:
        NotFoundError: there is none.
    """
    queue = house.review.queue
    item = queue.item(plain(item_id, 64))
    count, has_judged = queue.progress([item], member.id)[item.id]
    names = member_names(house)
    verdicts = tuple(
        ShownVerdict(names.get(one.reviewer, one.reviewer), one.seat, one.risks, one.at, queue.note_of(one))
        for one in queue.verdicts(item.id)
    )
    return ItemView(
        item=item,
        verdict_count=count,
        has_judged=has_judged,
        verdicts=verdicts,
        may_judge=item.state is not ItemState.SETTLED and not has_judged and house.staff.may(member, "review_items"),
        is_overdue=_is_overdue(item, house.clock.now()),
        was_wrong_block=is_wrong_block(item),
        was_missed=is_missed(item),
        examples=tuple(sorted(queue.examples_of(item.id))),
    )


def quick_choices(risks: Sequence[Risk], opened: OpenedItem | None, item: ReviewItem) -> list[Risk]:
    """Return the risks that are one key away: what was found then or would be now, then what is common."""
    now = opened.explanation.findings if opened is not None and opened.explanation is not None else ()
    wanted = [*item.proposed, *(risk for found in now for risk in found.finding.risks), "A.1-f", "A.2-a", "A.4-c"]
    by_id = {risk.id: risk for risk in risks}
    return [by_id[risk] for risk in dict.fromkeys(wanted) if risk in by_id][:_QUICK_CHOICES]


def path_of(policy: PolicyBundle, found: ExplainedFinding, item: ReviewItem) -> PathStep:
    """Return how policy comes to what it does about a finding."""
    usual = policy.scopes[item.scope].action_of_wish.get(found.finding.wish, Action.REFUSE)
    return PathStep(found.finding.wish, usual is not found.action, found.action)


def agreement_view(house: WebHouse, values: Mapping[str, str]) -> AgreementReport:
    """Return how far people agreed in the days that `values` ask for, twelve weeks up to today unless they say.

    Raises:
        InputError: a day cannot be read.
    """
    today = house.clock.now().astimezone(BEIJING).date()
    until = read_date(values.get("until", ""), "until") or today
    since = read_date(values.get("since", ""), "since") or until - timedelta(days=_REPORT_DAYS - 1)
    return house.review.agreements.report(since, until)


def agreement_chart(report: AgreementReport, names: tuple[str, str]) -> dict[str, object]:
    """Return the weeks as the chart's data: how many verdict pairs agreed and how many did not."""
    agreed = [week.agreement.agreed for week in report.weeks]
    apart = [week.agreement.items - week.agreement.agreed for week in report.weeks]
    return {
        "labels": [f"{week.week:%m-%d}" for week in report.weeks],
        "series": [
            {"name": names[0], "tone": "azurite", "values": agreed},
            {"name": names[1], "tone": "cinnabar", "values": apart},
        ],
        "is_stacked": True,
        "is_horizontal": False,
    }


def member_names(house: WebHouse) -> dict[str, str]:
    """Return the names of the people of the console by id."""
    return {member.id: member.name for member in house.staff.members()}


def was_stopped(item: ReviewItem) -> bool:
    """Tell whether policy kept the text from going on."""
    return item.action in STOPPED


def _is_overdue(item: ReviewItem, now: datetime) -> bool:
    return item.state is not ItemState.SETTLED and item.due_at < now


def _query(house: WebHouse, values: Mapping[str, str]) -> ItemQuery:
    state, reason = values.get("state", ""), values.get("reason", "")
    if state not in {"", "overdue", *ItemState} or reason not in {"", *Reason}:
        raise InputError("没有这种状态或来由。", "There is no such state or reason.", where="state")
    return ItemQuery(
        state=ItemState(state) if state and state != "overdue" else None,
        reason=Reason(reason) if reason else None,
        risk=plain(values.get("risk", ""), 16),
        overdue_at=house.clock.now() if state == "overdue" else None,
    )
