"""What policy says about streamed answers: how much is looked at before any of it leaves, and what a stop does."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from guiju.moderation.fields import FieldReader
from guiju.moderation.policy.guards import Window
from guiju.moderation.yaml_document import Node

STREAM_FIELDS = ("release", "window_chars", "at_stop")
WINDOW_BOUNDS = (20, 4000)


class Release(StrEnum):
    """How much of an answer leaves at a time, from the least strict to the strictest."""

    EXACT = "exact"
    SENTENCES = "sentences"
    WHOLE = "whole"


class AtStop(StrEnum):
    """What a client is told of what had left already when an answer is stopped."""

    APPEND = "append"
    RETRACT = "retract"


_OF_WINDOW = {Window.SENTENCES: Release.SENTENCES, Window.WHOLE: Release.WHOLE}
_STRICTNESS = tuple(Release)


@dataclass(frozen=True, slots=True)
class StreamPolicy:
    """How answers are streamed.

    Attributes:
        release: `exact` lets out everything but what could still become a finding; `sentences` whole sentences;
            `whole` nothing before the end.
        window_chars: a sentence counts as ended after so many characters at the latest.
        at_stop: `append` puts the standard reply behind what had left; `retract` tells the client to take that back.
    """

    release: Release = Release.EXACT
    window_chars: int = 400
    at_stop: AtStop = AtStop.APPEND


def strictest(policy: Release, windows: Iterable[Window]) -> Release:
    """Return the strictest of what policy says and of what the guards want to see at a time."""
    return max((policy, *(_OF_WINDOW[window] for window in windows)), key=_STRICTNESS.index)


def read_streams(reader: FieldReader, node: Node | None) -> StreamPolicy:
    """Read the section `streams`; what is wrong is left with the reader."""
    fields = reader.mapping(node, "streams", STREAM_FIELDS) if node is not None else {}
    default = StreamPolicy()
    release = reader.choice(fields.get("release"), "streams.release", tuple(Release), default=default.release)
    at_stop = reader.choice(fields.get("at_stop"), "streams.at_stop", tuple(AtStop), default=default.at_stop)
    window = reader.number(
        fields.get("window_chars"), "streams.window_chars", WINDOW_BOUNDS, default=default.window_chars
    )
    if reader.errors:
        return default
    return StreamPolicy(Release(release), window, AtStop(at_stop))
