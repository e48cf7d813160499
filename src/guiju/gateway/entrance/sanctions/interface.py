"""The port behind which sanctions are imposed and kept: for a room for cases; until then `register.py` is behind it."""

from typing import Protocol

from guiju.gateway.entrance.sanctions.models import Changes, Sanction, SanctionOrder, SanctionQuery


class SanctionRegister(Protocol):
    """Imposes, lifts and tells; every call blocks, and what it returns is durable and recorded.

    Raises, from every call:
        GuijuError: it cannot be read or written.
    """

    def impose(self, order: SanctionOrder, *, by: str, sanction_id: str = "") -> Sanction | None:
        """Impose a measure; with `sanction_id` at most once, and None where it, or a graver one of a rule, is there.

        Raises:
            InputError: the order lacks what its kind needs.
        """
        ...

    def lift(self, sanction_id: str, *, by: str, reason: str) -> Sanction:
        """End a measure before its time.

        Raises:
            NotFoundError: there is none with this id.
            RefusedError: it has ended already, or there is no reason.
        """
        ...

    def changed_since(self, mark: int) -> Changes:
        """Return what changed after `mark`; with -1 everything that is not lifted and has not ended."""
        ...

    def search(self, query: SanctionQuery) -> list[Sanction]:
        """Return sanctions, newest first."""
        ...

    def get(self, sanction_id: str) -> Sanction:
        """Return one sanction.

        Raises:
            NotFoundError: there is none with this id.
        """
        ...
