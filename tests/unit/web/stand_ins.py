"""A simulator of supervision: what the pages show of an assessment is tested here, not the assessment itself."""

import itertools
from datetime import date

from guiju.kit.clock import BEIJING, SystemClock
from guiju.law.models import Outcome, Profile, Provision
from guiju.law.service import Law
from guiju.ledger.models import Draft, EntryQuery
from guiju.ledger.service import Ledger
from guiju.supervision.models import ArticleState, Assessment, CheckResult, Control, ObligationState, Override
from guiju.supervision.service import Supervision


class StandInSupervision(Supervision):
    """Gives every obligation one of the eight outcomes in turn, and takes declarations."""

    def __init__(self, law: Law, ledger: Ledger) -> None:
        self._law = law
        self._ledger = ledger
        self._declared: dict[str, Override] = {}

    def profile(self) -> Profile:
        return Profile({}, "张三", date(2026, 11, 1))

    def controls(self) -> tuple[Control, ...]:
        return ()

    def declare(self, obligation_id: str, outcome: Outcome, *, person: str, reason: str) -> Override:
        draft = Draft("outcome.declared", f"staff:{person}", f"obligation:{obligation_id}", {"reason": reason})
        receipt = self._ledger.append(draft)
        override = Override(obligation_id, outcome, person, reason, SystemClock().now(), receipt.id)
        self._declared[obligation_id] = override
        return override

    def assess(self, as_of: date | None) -> Assessment:
        day = as_of or SystemClock().now().astimezone(BEIJING).date()
        turn = itertools.cycle(Outcome)
        articles = tuple(self._show_article(article, turn) for article in self._law.articles(day))
        return Assessment(day, SystemClock().now(), articles)

    def _show_article(self, article: Provision, turn: "itertools.cycle[Outcome]") -> ArticleState:
        states = tuple(self._show_state(part, turn) for part in self._everything_below(article))
        flat = tuple(itertools.chain.from_iterable(states))
        return ArticleState(article, self._law.children(article.id), flat[0].outcome if flat else None, flat)

    def _show_state(self, part: Provision, turn: "itertools.cycle[Outcome]") -> list[ObligationState]:
        found = []
        for item in part.obligations:
            outcome, override = next(turn), self._declared.get(item.id)
            evidence = tuple(head.id for head in self._ledger.find(EntryQuery(limit=2)))
            check = CheckResult("stand-in", outcome, "凭模拟器所说。", "The simulator says so.", evidence)
            applied = self._law.apply(item, self.profile())
            found.append(
                ObligationState(
                    item,
                    applied,
                    override.outcome if override else outcome,
                    "凭模拟器所说。",
                    "The simulator says so.",
                    (check,),
                    override,
                )
            )
        return found

    def _everything_below(self, provision: Provision) -> list[Provision]:
        return [
            provision,
            *itertools.chain.from_iterable(map(self._everything_below, self._law.children(provision.id))),
        ]
