"""Keeps draws and rulings in the ledger: a sample whose draw does not stand there proves nothing."""

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Protocol

from guiju.corpus.sampling.models import Phase, ReviewerDecision, Ruling, SamplePlan, Standard, Tally
from guiju.corpus.sampling.rules import count, rule
from guiju.corpus.sampling.sheet import digest_of
from guiju.kit.errors import RefusedError
from guiju.law.models import Parameter
from guiju.law.service import Law
from guiju.ledger.models import Draft, EntryQuery, Erased, Head, Receipt

if TYPE_CHECKING:
    from guiju.kit.canonical_json import JsonObject

DRAWN, JUDGED = "corpus.sample_drawn", "corpus.sample_judged"
PROVISIONS = ("cn/genai-measures-2023/art-7/para-1/item-1", "cn/genai-measures-2023/art-19")
_LIMITS = {
    Phase.BEFORE: "gb-t-45654/corpus/pre-collection-illegal-share-max",
    Phase.AFTER: "gb-t-45654/corpus/post-collection-illegal-share-max",
}
_CONFIDENCE = "gb-t-45654/corpus/illegal-share-sampling-confidence"
_SIZE = "gb-t-45654/corpus/illegal-share-sample"
_MANY = 1000


class LedgerPort(Protocol):
    """What samples need of the ledger."""

    def append(self, draft: Draft) -> Receipt:
        """Keep an entry; return when it is durable."""

    def find(self, query: EntryQuery) -> list[Head]:
        """Return heads, newest first."""

    def body(self, entry_id: str) -> "JsonObject | Erased | None":
        """Return the body of an entry."""


def standard_of(law: Law, phase: Phase, day: date) -> Standard:
    """Return what the law in force on `day` wants to be proven in a phase.

    Raises:
        NotFoundError: no version of a parameter is in force on that day.
    """
    limit, confidence = law.parameter(_LIMITS[phase], day), law.parameter(_CONFIDENCE, day)
    return Standard(_ratio(limit), _ratio(confidence))


def size_of(law: Law, day: date) -> int:
    """Return how many documents are drawn where nobody says another number.

    Raises:
        NotFoundError: no version of the parameter is in force on that day.
    """
    return int(str(law.parameter(_SIZE, day).value))


def _ratio(parameter: Parameter) -> float:
    return float(str(parameter.value))


class Sampling:
    """Keeps draws and rulings in the ledger."""

    def __init__(self, ledger: LedgerPort, actor: str) -> None:
        """Hold the ledger, and who is recorded: `system` or `staff:<id>`."""
        self._ledger, self._actor = ledger, actor

    def record_draw(self, plan: SamplePlan) -> int:
        """Keep that a sample was drawn; return how many draws of this source stand in the ledger, this one included.

        To draw until a sample pleases is no proof: every draw is counted, and the number stands beside each ruling.
        """
        facts = plan.facts()
        del facts["drawn"]
        facts["size"] = len(plan.drawn)
        facts["plan_sha256"] = digest_of(plan)
        subject = _subject(plan.source, plan.phase)
        self._ledger.append(Draft(DRAWN, self._actor, subject, facts, provisions=PROVISIONS))
        return len(self._draws(plan))

    def judge(self, plan: SamplePlan, decisions: list[ReviewerDecision], standard: Standard) -> "Judged":
        """Count, rule, and keep the ruling.

        Raises:
            RefusedError: the ledger does not know that this sample was drawn.
            InputError: the decisions do not fit the sample.
        """
        digest = digest_of(plan)
        drawn = self._draws(plan)
        if digest not in drawn:
            raise RefusedError(
                "账本中没有这次抽样的记录，或计划在抽样后被改动。请用 guiju corpus sample 重新抽样。",
                "The ledger does not know this sample, or its plan was changed. Draw one with guiju corpus sample.",
                where=plan.source,
            )
        tally = count(plan, decisions)
        ruling, draws = rule(tally, standard), len(drawn)
        by_place = sorted((one.place, one.verdict.value, one.reviewer) for one in decisions)
        body: JsonObject = {
            "source": plan.source,
            "phase": plan.phase.value,
            "plan_sha256": digest,
            "decisions_sha256": hashlib.sha256(repr(by_place).encode("utf-8", "surrogatepass")).hexdigest(),
            "reviewers": tuple(sorted({one.reviewer for one in decisions})),
            "lawful": tally.lawful,
            "illegal": tally.illegal,
            "undecided": tally.undecided,
            "population": tally.population,
            "draws_of_source": draws,
            "limit": str(standard.limit),
            "confidence": str(standard.confidence),
            "lower": f"{ruling.lower:.6f}",
            "upper": f"{ruling.upper:.6f}",
            "proof": ruling.proof.value,
            "more": ruling.more,
        }
        self._ledger.append(Draft(JUDGED, self._actor, _subject(plan.source, plan.phase), body, provisions=PROVISIONS))
        return Judged(tally, ruling, draws)

    def _draws(self, plan: SamplePlan) -> list[str]:
        """Return the plans drawn of this source in this phase, newest first, by their digests."""
        query = EntryQuery(actions=(DRAWN,), subject=_subject(plan.source, plan.phase), limit=_MANY)
        bodies = (self._ledger.body(head.id) for head in self._ledger.find(query))
        return [str(body["plan_sha256"]) if isinstance(body, dict) else "" for body in bodies]


class Judged:
    """A ruling with what it rests on; `draws` counts the draws of the source in this phase."""

    def __init__(self, tally: Tally, ruling: Ruling, draws: int) -> None:
        """Hold them."""
        self.tally, self.ruling, self.draws = tally, ruling, draws


def _subject(source: str, phase: Phase) -> str:
    return f"source:{hashlib.sha256(f'{phase.value} {source}'.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
