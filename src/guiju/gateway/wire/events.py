"""What is inside an upstream's chunk event, checked before it is believed."""

from collections.abc import Iterator

from guiju.gateway.errors import UpstreamError, UpstreamGarbageError

_NOTHING: dict[str, object] = {}
_REASONS = frozenset(("stop", "length", "tool_calls", "content_filter", "function_call"))


def event_choices(event: dict[str, object], most: int) -> Iterator[tuple[int, dict[str, object], str]]:
    """Give (index, delta, finish reason or "") for each choice of an event.

    Raises:
        UpstreamGarbageError: the event is none, or names more than `most` choices.
        UpstreamError: the event is the upstream's own error.
    """
    choices = event.get("choices")
    if type(choices) is not list:
        _check_other(event)
        return
    for choice in choices:
        if type(choice) is not dict:
            raise garbage()
        index, delta, reason = choice.get("index", 0), choice.get("delta"), choice.get("finish_reason")
        if type(index) is not int or not 0 <= index < most or (type(delta) is not dict and delta is not None):
            raise garbage()
        yield index, delta or _NOTHING, "" if reason is None else known_reason(reason)


def _check_other(event: dict[str, object]) -> None:
    if "error" in event:
        raise UpstreamError(
            "模型服务在回答途中报告了错误；请重试。",
            "The model server reported an error in the middle of its answer; try again.",
        )
    if event.get("choices") is not None or "usage" not in event:
        raise garbage()


def known_reason(reason: object) -> str:
    """Return a finish reason of the OpenAI shape; a server's own words become `stop`."""
    if not isinstance(reason, str):
        raise garbage()
    return reason if reason in _REASONS else "stop" if reason else ""


def garbage() -> UpstreamGarbageError:
    """Say that an event has not the OpenAI shape."""
    return UpstreamGarbageError(
        "模型服务的回答不符合 OpenAI 格式；请运营方检查该服务。",
        "The model server's answer has not the OpenAI shape; the operator should check it.",
    )
