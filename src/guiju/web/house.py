"""What the web door asks of the house: one attribute a room. `guiju.bootstrap` builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from guiju.gateway.service import Gateway
    from guiju.kit.clock import Clock
    from guiju.law.service import Law
    from guiju.ledger.service import Ledger
    from guiju.moderation.service import Moderation
    from guiju.review.service import Review
    from guiju.settings import Settings
    from guiju.staff.service import Staff
    from guiju.supervision.service import Supervision
    from guiju.wiring_labels import LabelDesk


class WebHouse(Protocol):
    """The built house, as the web door sees it."""

    @property
    def settings(self) -> Settings:
        """Where it listens and how."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def law(self) -> Law:
        """The Measures and what details them."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The evidence."""
        ...

    @property
    def moderation(self) -> Moderation:
        """Findings and decisions."""
        ...

    @property
    def gateway(self) -> Gateway:
        """Conversations."""
        ...

    @property
    def supervision(self) -> Supervision:
        """Where the service stands."""
        ...

    @property
    def labels(self) -> LabelDesk:
        """Marks and labels of generated content."""
        ...

    @property
    def review(self) -> Review:
        """What people look at again."""
        ...

    @property
    def staff(self) -> Staff:
        """The people of the console."""
        ...
