"""The law page: where the service stands, article by article, on any day."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from guiju.kit.clock import BEIJING
from guiju.kit.errors import InputError, NotFoundError
from guiju.law.models import Outcome, Provision
from guiju.supervision.models import ArticleState, Assessment, ObligationState
from guiju.web.house import WebHouse
from guiju.web.tables import check_day

# What needs someone first: the worse, the earlier.
URGENCY = (
    Outcome.NOT_MET,
    Outcome.NEEDS_REVIEW,
    Outcome.INSUFFICIENT,
    Outcome.STALE,
    Outcome.NOT_RUN,
    Outcome.PARTIAL,
    Outcome.MET,
    Outcome.NOT_APPLICABLE,
)
_NEEDS_SOMEONE = frozenset(URGENCY[:6])


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many obligations have an outcome."""

    outcome: Outcome
    count: int


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """One article in the list; `slug` is the end of its id."""

    id: str
    slug: str
    label: str
    chapter: str
    text: str
    outcome: Outcome | None
    counts: tuple[OutcomeCount, ...]


@dataclass(frozen=True, slots=True)
class LawView:
    """The list of articles, filtered; `counts` are of all of them."""

    as_of: date
    assessed_at: datetime
    counts: tuple[OutcomeCount, ...]
    chapters: tuple[str, ...]
    articles: tuple[ArticleRow, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """An obligation that needs someone, and why."""

    article: str
    slug: str
    summary: str
    summary_en: str
    outcome: Outcome
    reason: str
    reason_en: str


def law_view(assessment: Assessment, *, outcome: Outcome | None, chapter: str) -> LawView:
    """Return the articles that have an obligation with `outcome` and stand in `chapter`, where these are given."""
    rows = tuple(
        _row(state)
        for state in assessment.articles
        if chapter in {"", state.article.chapter} and (outcome is None or outcome in _outcomes(state))
    )
    return LawView(
        assessment.as_of,
        assessment.assessed_at,
        _counts(item for state in assessment.articles for item in state.obligations),
        tuple(dict.fromkeys(state.article.chapter for state in assessment.articles)),
        rows,
    )


def article_view(assessment: Assessment, name: str) -> ArticleState:
    """Return the article whose id ends in `name`.

    Raises:
        NotFoundError: there is none.
    """
    for state in assessment.articles:
        if slug(state.article) == name:
            return state
    raise NotFoundError(
        f"《办法》没有 {name[:20]!r} 这一条；条号为 art-1 至 art-{len(assessment.articles)}。",
        f"The Measures have no article {name[:20]!r}; they are art-1 to art-{len(assessment.articles)}.",
    )


def needs(assessment: Assessment) -> list[Need]:
    """Return what needs someone, the most urgent first."""
    found = [
        Need(
            state.article.label,
            slug(state.article),
            item.obligation.summary,
            item.obligation.summary_en,
            item.outcome,
            item.reason,
            item.reason_en,
        )
        for state in assessment.articles
        for item in state.obligations
        if item.outcome in _NEEDS_SOMEONE
    ]
    return sorted(found, key=lambda need: URGENCY.index(need.outcome))


def overview_counts(assessment: Assessment) -> tuple[OutcomeCount, ...]:
    """Return how many obligations have each outcome."""
    return _counts(item for state in assessment.articles for item in state.obligations)


def obligation_of(assessment: Assessment, obligation_id: str) -> ObligationState:
    """Return where an obligation stands.

    Raises:
        NotFoundError: there is no such obligation.
    """
    for state in assessment.articles:
        for item in state.obligations:
            if item.obligation.id == obligation_id:
                return item
    raise NotFoundError("没有这项义务。", "There is no such obligation.", where="obligation")


def read_outcome(text: str) -> Outcome | None:
    """Read an outcome from a query or form; None for an empty one.

    Raises:
        InputError: it is none of the eight.
    """
    if not text:
        return None
    try:
        return Outcome(text)
    except ValueError as error:
        raise InputError(
            f"没有名为 {text[:20]!r} 的认定。", f"There is no outcome {text[:20]!r}.", where="outcome"
        ) from error


def slug(article: Provision) -> str:
    """Return the last part of an article's id."""
    return article.id.rsplit("/", 1)[-1]


def assessment_on(house: WebHouse, as_of: date | None) -> Assessment:
    """Return the assessment of a day, today when None.

    Raises:
        InputError: the day is in the future, where there is no evidence yet, or too long ago.
    """
    if as_of is not None and check_day(as_of, "as_of") > house.clock.now().astimezone(BEIJING).date():
        raise InputError(
            "不能评估将来的日期：那时的证据还不存在。",
            "A day in the future cannot be assessed: there is no evidence of it yet.",
            where="as_of",
        )
    return house.supervision.assess(as_of)


def _row(state: ArticleState) -> ArticleRow:
    texts = [state.article.text, *(part.text for part in state.paragraphs)]
    text = next((text for text in texts if text), "")
    article = state.article
    return ArticleRow(
        article.id, slug(article), article.label, article.chapter, text, state.outcome, _counts(state.obligations)
    )


def _outcomes(state: ArticleState) -> set[Outcome]:
    return {item.outcome for item in state.obligations}


def _counts(items: Iterable[ObligationState]) -> tuple[OutcomeCount, ...]:
    counted = Counter(item.outcome for item in items)
    return tuple(OutcomeCount(outcome, counted[outcome]) for outcome in URGENCY if counted[outcome])
