"""The verbs of the review room."""

from guiju.review.service.proposing import imported
from guiju.review.service.room import Neighbours, Repositories, Review
from guiju.review.service.wording import LONGEST_TITLE

__all__ = ["LONGEST_TITLE", "Neighbours", "Repositories", "Review", "imported"]
