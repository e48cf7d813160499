"""What a user said over several turns, read as one text: a term may be split over them."""

from collections.abc import Sequence
from dataclasses import dataclass

from guiju.gateway.models import Turn
from guiju.moderation.models import Action, Decision

_EDGE_CHARACTERS = 120
"""Of a longer turn only so much of its beginning and end is joined: its middle was read with it, and is far away."""
_GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class Joined:
    """Several turns as one text, and where one ends and the next begins."""

    text: str
    seams: tuple[int, ...]

    def shows_more(self, decision: Decision) -> bool:
        """Whether the decision rests on what lies across a seam; not knowing counts always.

        What lies within one turn was decided about with it. That a companion of a term stands in another turn is no
        more than two questions beside each other.
        """
        return decision.action is Action.UNDETERMINED or any(
            finding.start < seam < finding.end for finding in decision.findings for seam in self.seams
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
