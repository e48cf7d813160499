"""What a user said over several turns, read as one text: a term may be split over them."""

from collections.abc import Sequence
from dataclasses import dataclass

from guiju.gateway.models import Turn
from guiju.moderation.models import Action, Decision

_EDGE_CHARACTERS = 120
"""Of a longer turn only so much of its beginning and end is joined: its middle was read with it, and is far away."""
_GAP = "\n\n"
_EXACT = "keywords"


@dataclass(frozen=True, slots=True)
class Joined:
    """Several turns as one text, and where one ends and the next begins."""

    text: str
    seams: tuple[int, ...]

    def shows_more(self, decision: Decision, apart: Sequence[Decision]) -> bool:
        """Whether the decision about the whole rests on what no turn showed on its own.

        A detector that weighs whole sentences must have found it across a seam: turns that merely stand side by side
        make sentences that nobody said. Not knowing counts always.
        """
        if decision.action is Action.UNDETERMINED:
            return True
        known = {(finding.detector, finding.term_id) for one in apart for finding in one.findings}
        return any(
            (finding.detector, finding.term_id) not in known
            and (finding.detector == _EXACT or any(finding.start < seam < finding.end for seam in self.seams))
            for finding in decision.findings
        )


def joined(turns: Sequence[Turn], most: int) -> Joined | None:
    """Join the last `most` texts of the user without anything between them; None where there are not two."""
    spoken = [turn.text for turn in turns if turn.role == "user" and turn.text][-most:] if most > 1 else []
    if len(spoken) < 2:  # noqa: PLR2004 - one text was read already
        return None
    seams: list[int] = []
    text = ""
    for one in spoken:
        if text:
            seams.append(len(text))
        is_long = len(one) > 2 * _EDGE_CHARACTERS
        text += f"{one[:_EDGE_CHARACTERS]}{_GAP}{one[-_EDGE_CHARACTERS:]}" if is_long else one
    return Joined(text, tuple(seams))
