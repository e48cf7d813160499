"""Supervision's verbs: assess a day, declare an outcome, and say what is checked how."""

import logging
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from guiju.kit.clock import BEIJING, Clock
from guiju.kit.errors import InputError, NotFoundError
from guiju.law.models import Obligation, Outcome, Parameter, Profile, Provision
from guiju.law.service import Law
from guiju.supervision.controls import all_controls
from guiju.supervision.coverage import Coverage, coverage
from guiju.supervision.declarations import Declarations, Declared
from guiju.supervision.models import (
    ArticleState,
    Assessment,
    CheckContext,
    CheckResult,
    Control,
    ExchangeFacts,
    ObligationState,
    Override,
    RoomState,
    no_exchange_facts,
)
from guiju.supervision.reading import Endings, LedgerEvidence, LedgerPort, NoState, StateOnce, end_of
from guiju.supervision.recorded import load_kinds, load_reasons
from guiju.supervision.rules import Ages, Answers, article_outcome, obligation_state

logger = logging.getLogger(__name__)
LONGEST_REASON = 2000
LONGEST_PERSON = 100


class Supervision:
    """Where the service stands, obligation by obligation, on any day up to today. Safe to call from several threads."""

    def __init__(  # noqa: PLR0913 - built once, in bootstrap; each is another room
        self,
        law: Law,
        ledger: LedgerPort,
        state: RoomState,
        profile_source: Callable[[], Profile],
        clock: Clock,
        *,
        exchange_facts: ExchangeFacts = no_exchange_facts,
        controls: tuple[Control, ...] | None = None,
    ) -> None:
        """Assess by `law`, the evidence in `ledger` and the present `state` of other rooms.

        Raises:
            ConfigurationError: the recorded reasons cannot be read.
        """
        self._law = law
        self._ledger = ledger
        self._state = state
        self._profile_source = profile_source
        self._clock = clock
        self._exchange_facts = exchange_facts
        self._controls = all_controls() if controls is None else controls
        self._reasons = load_reasons()
        self._titles = load_kinds()
        self._declarations = Declarations(ledger)

    def profile(self) -> Profile:
        """Return the declared facts of the service.

        Raises:
            ConfigurationError: they cannot be read.
        """
        return self._profile_source()

    def controls(self) -> tuple[Control, ...]:
        """Return every control."""
        return self._controls

    def coverage(self, as_of: date | None = None) -> Coverage:
        """Say which obligations nobody speaks for, and what speaks for none."""
        return coverage(self._law, self._controls, self._reasons, as_of=as_of or self._today())

    def assess(self, as_of: date | None) -> Assessment:
        """Say where the service stands on every article of the Measures, on a day in Beijing (None: today).

        Raises:
            InputError: the day is in the future, or too far back for a calendar.
            StorageError: the ledger cannot be read.
            ConfigurationError: the service profile cannot be read.
        """
        today = self._today()
        day = as_of or today
        if not date.min + timedelta(days=1) < day <= today:
            raise InputError(
                f"不能评估 {day}：评估只到今天（{today}）为止，将来还没有证据。",
                f"{day} cannot be assessed: only days up to today ({today}) have evidence.",
                where="as_of",
            )
        round_ = _Round(self._context(day, is_today=day == today), self._controls)
        obligations = self._law.obligations(day)
        declared = self._declarations.newest(end_of(day), [item.id for item in obligations])
        articles = tuple(self._article(article, round_, declared) for article in self._law.articles(day))
        return Assessment(day, self._clock.now(), articles)

    def declare(self, obligation_id: str, outcome: Outcome, *, person: str, reason: str) -> Override:
        """Record a named person's own answer to an obligation; it is in the ledger when this returns.

        Raises:
            NotFoundError: there is no such obligation in force.
            InputError: no person, no reason, too long a reason, or an outcome that nobody can declare.
            StorageError: it could not be made durable.
        """
        if obligation_id not in {item.id for item in self._law.obligations(self._today())}:
            raise NotFoundError(
                f"没有有效的义务 {obligation_id[:100]!r}，请核对编号。",
                f"There is no obligation {obligation_id[:100]!r} in force; check the id.",
                where="obligation",
            )
        name, why = person.strip(), reason.strip()
        if not 0 < len(name) <= LONGEST_PERSON:
            raise InputError("人工认定须由具名的人作出。", "A declaration needs a named person.", where="person")
        if not 0 < len(why) <= LONGEST_REASON:
            raise InputError(
                f"人工认定须写明理由（不超过 {LONGEST_REASON} 字）。",
                f"A declaration needs a reason (up to {LONGEST_REASON} characters).",
                where="reason",
            )
        if outcome is Outcome.NOT_RUN:
            raise InputError(
                "“未运行”不是人的认定，请选择其他结果。",
                "Nobody can declare that a check was not run; choose another outcome.",
                where="outcome",
            )
        return self._declarations.write(Override(obligation_id, outcome, name, why, self._clock.now(), ""))

    def _today(self) -> date:
        return self._clock.now().astimezone(BEIJING).date()

    def _context(self, day: date, *, is_today: bool) -> CheckContext:
        until = end_of(day)

        def parameter(parameter_id: str) -> Parameter | None:
            try:
                return self._law.parameter(parameter_id, day)
            except NotFoundError:
                return None  # no version was in force on that day

        return CheckContext(
            as_of=day,
            is_today=is_today,
            evidence=LedgerEvidence(self._ledger, until),
            state=StateOnce(self._state) if is_today else NoState(),
            profile=self._profile_source(),
            endings=Endings(self._exchange_facts, until),
            parameter=parameter,
        )

    def _article(self, article: Provision, round_: "_Round", declared: Declared) -> ArticleState:
        states = tuple(self._obligation(item, round_, declared) for item in self._obligations_below(article))
        outcome = article_outcome(states, is_assessable=article.is_assessable)
        return ArticleState(article, self._law.children(article.id), outcome, states)

    def _obligations_below(self, provision: Provision) -> list[Obligation]:
        below = [item for child in self._law.children(provision.id) for item in self._obligations_below(child)]
        return [*provision.obligations, *below]

    def _obligation(self, obligation: Obligation, round_: "_Round", declared: Declared) -> ObligationState:
        context = round_.context
        answers = Answers(
            checks=round_.checks_of(obligation.id),
            reason=self._reasons.get(obligation.id),
            override=declared.overrides.get(obligation.id),
            is_unreadable=obligation.id in declared.unreadable,
        )
        return obligation_state(
            obligation,
            self._law.apply(obligation, context.profile),
            answers,
            ages=Ages(context.as_of, lambda kind: context.evidence.of(kind).newest_at, self._titles),
        )


class _Round:
    """One assessment: every control is asked at most once."""

    def __init__(self, context: CheckContext, controls: tuple[Control, ...]) -> None:
        self.context = context
        self._by_obligation: Mapping[str, list[Control]] = _by_obligation(controls)
        self._answers: dict[str, CheckResult] = {}

    def checks_of(self, obligation_id: str) -> tuple[CheckResult, ...]:
        """Return what the controls of an obligation answered."""
        return tuple(self._ask(control) for control in self._by_obligation.get(obligation_id, []))

    def _ask(self, control: Control) -> CheckResult:
        if control.id not in self._answers:
            try:
                self._answers[control.id] = control.check(self.context)
            except Exception as error:  # one check that fails must not hide the others: it is shown as not run
                logger.exception("a check failed", extra={"control": control.id})
                name = type(error).__name__
                self._answers[control.id] = CheckResult(
                    control.id,
                    Outcome.NOT_RUN,
                    f"检查出错（{name}），没有结果；请查看日志。",
                    f"The check failed ({name}) and has no result; see the log.",
                )
        return self._answers[control.id]


def _by_obligation(controls: tuple[Control, ...]) -> dict[str, list[Control]]:
    found: dict[str, list[Control]] = {}
    for control in controls:
        for item in control.obligations:
            found.setdefault(item, []).append(control)
    return found
