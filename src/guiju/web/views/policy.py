"""Keywords and policy: the library against the standard's minimum, and what a text would decide."""

from dataclasses import dataclass
from datetime import date

from guiju.kit.clock import BEIJING
from guiju.kit.errors import InputError
from guiju.law.models import Parameter, Risk
from guiju.moderation.models import Explanation, LibraryStats, RiskCount, Scope, TermPage
from guiju.web.house import WebHouse
from guiju.web.tables import PAGE_ROWS, Paging, paging, plain

LONGEST_TRIAL = 20_000
_LIBRARY = "gb-t-45654/keyword-library"


@dataclass(frozen=True, slots=True)
class RiskRow:
    """How many terms a risk has, and how many the standard wants; None where it names no number."""

    risk: Risk
    count: RiskCount
    minimum: Parameter | None

    @property
    def is_enough(self) -> bool | None:
        """Whether there are enough; None where no number is named."""
        if self.minimum is None or not isinstance(self.minimum.value, int):
            return None
        return self.count.terms >= self.minimum.value


@dataclass(frozen=True, slots=True)
class LibraryView:
    """The library against the standard."""

    stats: LibraryStats
    rows: tuple[RiskRow, ...]
    total: Parameter | None
    update_days: Parameter | None
    age_days: int | None


@dataclass(frozen=True, slots=True)
class TermsView:
    """A page of terms."""

    terms: TermPage
    paging: Paging


def library_view(house: WebHouse) -> LibraryView:
    """Return the library's counts with the standard's numbers of today beside them."""
    today = house.clock.now().astimezone(BEIJING).date()
    stats = house.moderation.library_stats()
    parameters = {item.id: item for item in house.law.parameters(today) if item.id.startswith(_LIBRARY)}
    counts = {item.risk: item for item in stats.by_risk}
    rows = tuple(
        RiskRow(risk, counts[risk.id], parameters.get(f"{_LIBRARY}/per-class/{risk.group}"))
        for risk in house.law.risks()
        if risk.id in counts
    )
    age = (today - date.fromisoformat(stats.updated)).days if stats.updated else None
    return LibraryView(stats, rows, parameters.get(f"{_LIBRARY}/total"), parameters.get(f"{_LIBRARY}/update-days"), age)


def terms_view(house: WebHouse, values: dict[str, str]) -> TermsView:
    """Return the page of terms that `values` ask for."""
    text, risk = values.get("q", "").strip(), plain(values.get("risk", ""), 16)
    total = house.moderation.search_terms(text, risk, limit=1).total
    page = paging(total, values.get("page", ""))
    return TermsView(house.moderation.search_terms(text, risk, offset=page.first, limit=PAGE_ROWS), page)


def explain_trial(house: WebHouse, text: str, scope: str) -> Explanation:
    """Return what a text would decide, and why; nothing is kept.

    Raises:
        InputError: the text is empty or too long, or the scope is neither input nor output.
    """
    if not 0 < len(text) <= LONGEST_TRIAL:
        raise InputError(
            f"请写入 1 至 {LONGEST_TRIAL} 个字符的文本。",
            f"Write a text of 1 to {LONGEST_TRIAL} characters.",
            where="text",
        )
    if scope not in set(Scope):
        raise InputError("方向须为输入或输出。", "The direction is input or output.", where="scope")
    return house.moderation.explain(text, Scope(scope))
