"""What a sample proves of a source (GB/T 45654, cn/genai-measures-2023/art-7/para-1/item-1)."""

from collections.abc import Iterable, Sequence

from guiju.corpus.sampling import bounds
from guiju.corpus.sampling.models import (
    Drawn,
    MachineFinding,
    Proof,
    ReviewerDecision,
    Ruling,
    SamplePlan,
    Standard,
    Tally,
    Verdict,
)
from guiju.kit.errors import InputError


def count(plan: SamplePlan, decisions: Iterable[ReviewerDecision]) -> Tally:
    """Count what people decided; a document of the sample that nobody decided is undecided, never lawful.

    Raises:
        InputError: a decision is about a document outside the sample, or there are two about one.
    """
    places = {one.place for one in plan.drawn}
    seen: dict[str, Verdict] = {}
    for one in decisions:
        if one.place not in places:
            raise InputError("这一条不在样本中。", "This one is not in the sample.", where=one.place)
        if one.place in seen:
            raise InputError("这一条有两个判定。", "There are two decisions about this one.", where=one.place)
        seen[one.place] = one.verdict
    illegal = sum(verdict is Verdict.ILLEGAL for verdict in seen.values())
    return Tally(len(seen) - illegal, illegal, len(plan.drawn) - len(seen), plan.population)


def rule(tally: Tally, standard: Standard) -> Ruling:
    """Say what a tally proves. What is undecided counts against either conclusion."""
    alpha = 1 - standard.confidence
    worst, drawn = tally.illegal + tally.undecided, tally.drawn
    if not drawn:
        return Ruling(Proof.INSUFFICIENT, 0.0, 1.0)
    if drawn == tally.population:
        return _rule_whole(tally, standard)
    lower = bounds.lower_bound(tally.illegal, drawn, alpha)
    upper = bounds.upper_bound(worst, drawn, alpha)
    if bounds.is_below(worst, drawn, standard.limit, alpha=alpha):
        return Ruling(Proof.WITHIN, lower, upper)
    if bounds.is_above(tally.illegal, drawn, standard.limit, alpha=alpha):
        return Ruling(Proof.ABOVE, lower, upper)
    return Ruling(Proof.INSUFFICIENT, lower, upper, None if tally.undecided else more_needed(tally, standard))


def _rule_whole(tally: Tally, standard: Standard) -> Ruling:
    """Rule where every document of the source was looked at: the share is known, not estimated."""
    lower, upper = tally.illegal / tally.drawn, (tally.illegal + tally.undecided) / tally.drawn
    if upper <= standard.limit:
        return Ruling(Proof.WITHIN, lower, upper)
    if lower > standard.limit:
        return Ruling(Proof.ABOVE, lower, upper)
    return Ruling(Proof.INSUFFICIENT, lower, upper)


def more_needed(tally: Tally, standard: Standard) -> int:
    """Say about how many more documents would decide if the rate stays as seen; to look at all of them always does."""
    rest = tally.population - tally.drawn
    size = tally.drawn
    while not _would_decide(size, tally, standard):
        size *= 2
        if size >= min(tally.population, bounds.MOST_DRAWN):
            return rest
    low, high = max(tally.drawn, size // 2), size
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _would_decide(middle, tally, standard) else (middle, high)
    return min(high - tally.drawn, rest)


def _would_decide(size: int, tally: Tally, standard: Standard) -> bool:
    alpha = 1 - standard.confidence
    up = -(-tally.illegal * size // tally.drawn)
    down = tally.illegal * size // tally.drawn
    return bounds.is_below(up, size, standard.limit, alpha=alpha) or bounds.is_above(
        down, size, standard.limit, alpha=alpha
    )


def order_queue(drawn: Sequence[Drawn], findings: Iterable[MachineFinding]) -> list[Drawn]:
    """Put what a machine finds suspicious first; the sample stays the same sample."""
    suspicion = {one.place: one.suspicion for one in findings}
    return sorted(drawn, key=lambda one: -suspicion.get(one.place, 0.0))
