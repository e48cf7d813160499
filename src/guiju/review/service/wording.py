"""What people must write with a step, and what they are told when it is not taken."""

from collections.abc import Sequence

from guiju.kit.errors import InputError
from guiju.moderation.models import Refusal
from guiju.review.errors import ProposalError, StageError
from guiju.review.models import Caution


def checked(text: str, most: int, field: str) -> str:
    """Return a text without blanks around it.

    Raises:
        InputError: it is empty or too long.
    """
    text = text.strip()
    if not 0 < len(text) <= most:
        names = {"title": ("标题", "title"), "reason": ("理由", "reason")}[field]
        raise InputError(
            f"请写明{names[0]}（1 到 {most} 字）。", f"Write a {names[1]} (1 to {most} characters).", where=field
        )
    return text


def nothing_taken(refusals: Sequence[Refusal]) -> ProposalError:
    """Say that nothing of a proposal can be taken, and the first reasons."""
    zh = "；".join(f"{one.text}：{one.zh}" for one in refusals[:5])
    en = "; ".join(f"{one.text}: {one.en}" for one in refusals[:5])
    return ProposalError(f"没有可以提出的词条。{zh}", f"Nothing of it can be proposed. {en}")


def not_advised(found: Sequence[Caution]) -> StageError:
    """Say why a step is not advised, and how to take it all the same."""
    zh, en = "".join(one.zh for one in found), " ".join(one.en for one in found)
    return StageError(
        f"不建议现在推进：{zh}确要推进，请勾选“仍要推进”并写明理由。",
        f"Not advised now: {en} To go on all the same, say so and why.",
    )
