"""The verbs of the review room."""

from guiju.review.service.room import Neighbours, Repositories, Review

__all__ = ["Neighbours", "Repositories", "Review"]
