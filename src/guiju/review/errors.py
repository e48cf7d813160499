"""What the review room refuses, and why."""

from guiju.kit.errors import InputError, RefusedError


class SeatTakenError(RefusedError):
    """A verdict that nobody waits for: the person has given one, both are in, or the item is settled."""

    code = "review_seat_taken"


class SecondPersonError(RefusedError):
    """Somebody would approve what they proposed themselves."""

    code = "second_person_needed"

    def __init__(self) -> None:
        """Say who may."""
        super().__init__(
            "提出人不能批准自己的变更。请由另一位有权限的人复核。",
            "Nobody approves a change of their own. Another person with the right must look at it.",
        )


class StageError(RefusedError):
    """A change cannot go where it was sent."""

    code = "keyword_stage"


class StaleError(RefusedError):
    """Somebody else was faster; what was seen on the page is no longer so."""

    code = "changed_meanwhile"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "其他人刚刚处理过这一条，页面已过时。请刷新后再看。",
            "Somebody else has dealt with this meanwhile. Reload the page and look again.",
        )


class ProposalError(InputError):
    """A proposal that cannot be taken as it is."""

    code = "keyword_proposal"
