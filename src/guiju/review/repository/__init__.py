"""All SQL of the review room."""

from guiju.review.repository.changes import ChangeRepository
from guiju.review.repository.intake import Batch, Hit, IntakeRepository
from guiju.review.repository.items import ItemRepository

__all__ = ["Batch", "ChangeRepository", "Hit", "IntakeRepository", "ItemRepository"]
