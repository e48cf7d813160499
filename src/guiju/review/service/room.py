"""The room as a whole: its parts joined, and the work that goes on by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from guiju.kit.clock import Clock
from guiju.law.models import Parameter
from guiju.moderation.service import Moderation
from guiju.review.evidence import LedgerPort
from guiju.review.models import ReviewSettings
from guiju.review.repository import ChangeRepository, IntakeRepository, ItemRepository
from guiju.review.service.agreeing import Agreements
from guiju.review.service.changes import KeywordChanges
from guiju.review.service.exporting import ExampleExport
from guiju.review.service.intake import Intake
from guiju.review.service.opening import ItemOpener
from guiju.review.service.queue import ReviewQueue
from guiju.review.service.shelf import Shelf
from guiju.review.service.updating import LibraryUpdates

_BUDGET_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Repositories:
    """Where the room keeps what it keeps."""

    items: ItemRepository
    intake: IntakeRepository
    changes: ChangeRepository


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the room needs of others.

    Attributes:
        shadow: builds moderation with the operator's files in another folder.
        parameter: returns a number of the law on a day, or None.
        keywords: the operator's library folder.
    """

    ledger: LedgerPort
    moderation: Moderation
    clock: Clock
    shadow: Callable[[Path], Moderation]
    parameter: Callable[[str, date], Parameter | None]
    keywords: Path


class Review:
    """The review room.

    Attributes:
        queue: what waits for people.
        changes: changes of the keyword library.
        updates: how old the keyword library may get.
        agreements: how far the people who review agree.
        examples: what leaves as training examples and test items.
        intake: how the queue is filled.
    """

    def __init__(self, repositories: Repositories, neighbours: Neighbours, settings: ReviewSettings) -> None:
        """Join the parts; nothing is read or written yet."""
        ledger, moderation, clock = neighbours.ledger, neighbours.moderation, neighbours.clock
        opener = ItemOpener(ledger, moderation)
        self._clock = clock
        self.changes = KeywordChanges(
            repositories.changes,
            ledger,
            moderation,
            clock,
            settings=settings,
            shelf=Shelf(neighbours.keywords, moderation),
            shadow=neighbours.shadow,
        )
        self.intake = Intake(repositories.intake, ledger, clock, settings=settings, watched=self.changes.watched)
        self.updates = LibraryUpdates(moderation, clock, neighbours.parameter)
        self.agreements = Agreements(repositories.items)
        self.queue = ReviewQueue(repositories.items, ledger, clock, intake=self.intake, opener=opener)
        self.examples = ExampleExport(repositories.items, ledger, clock, opener)

    def round(self) -> float:
        """Do what waits to be done, for half a second at most; return how many seconds it took.

        Whoever calls it again rests in between, so that looking never takes more than its share from answering.

        Raises:
            StorageError, LibraryError: it cannot be done now.
        """
        began = self._clock.monotonic()
        self.changes.sync()
        while self._clock.monotonic() - began < _BUDGET_SECONDS:
            if not self.intake.take():
                break
        return self._clock.monotonic() - began
