"""What the gateway answers when it cannot answer: each error knows its HTTP status and its OpenAI shape."""

from typing import ClassVar

import orjson

from guiju.kit.errors import GuijuError


class CallError(GuijuError):
    """A call that ends in an error of the OpenAI shape.

    Attributes:
        status: the HTTP status.
        kind: the `type` of the OpenAI shape.
        retry_after_seconds: when it makes sense to come again; 0 when it makes none.
    """

    code = "call_error"
    status: ClassVar[int] = 400
    kind: ClassVar[str] = "invalid_request_error"
    retry_after_seconds: int = 0

    def payload(self, exchange_id: str = "") -> dict[str, object]:
        """Return the error object of the OpenAI shape: Chinese first, then English; `param` names the place."""
        error: dict[str, object] = {
            "message": f"{self.zh} / {self.en}",
            "type": self.kind,
            "param": self.where or None,
            "code": self.code,
        }
        if exchange_id:
            error["exchange_id"] = exchange_id
        return {"error": error}

    def body(self, exchange_id: str = "") -> bytes:
        """Return the whole response body."""
        return orjson.dumps(self.payload(exchange_id))

    def body_with(self, extension: dict[str, object]) -> bytes:
        """Return the whole response body with the `guiju` object beside the error."""
        return orjson.dumps({**self.payload(str(extension.get("exchange_id", ""))), "guiju": extension})


class MalformedRequestError(CallError):
    """The body is no JSON, no UTF-8, too deep, or a field has the wrong type."""

    code = "malformed_request"


class UnsupportedContentError(CallError):
    """The request carries or asks for something that nothing here can look at."""

    code = "unsupported_content"


class MediaFetchError(CallError):
    """A medium stands at an address from which it may not be fetched, or cannot be."""

    code = "media_fetch_failed"


class UnauthenticatedError(CallError):
    """No key, or one that is not known or was revoked."""

    code = "invalid_api_key"
    status = 401
    kind = "authentication_error"


class EndpointNotOpenError(CallError):
    """The key opens other endpoints."""

    code = "endpoint_not_allowed"
    status = 403
    kind = "permission_error"


class ModelNotOpenError(CallError):
    """The key opens other models."""

    code = "model_not_allowed"
    status = 403
    kind = "permission_error"


class InputRefusedError(CallError):
    """The input was refused and the app asked for an error instead of a standard reply."""

    code = "content_filter"


class OutputRefusedError(CallError):
    """What the model made was refused, in an endpoint whose answers have no place for a standard reply."""

    code = "content_filter"


class UnlabelledMediaError(CallError):
    """A medium cannot be given its label, and without it none leaves."""

    code = "media_not_labelled"
    status = 422


class UnknownModelError(CallError):
    """No upstream serves the model."""

    code = "model_not_found"
    status = 404


class UnknownPathError(CallError):
    """Nothing lives at this address."""

    code = "unknown_path"
    status = 404


class WrongMethodError(CallError):
    """The address is right, the method is not."""

    code = "method_not_allowed"
    status = 405


class SlowRequestError(CallError):
    """The request body did not arrive in time."""

    code = "request_timeout"
    status = 408


class RequestTooLargeError(CallError):
    """The request body is larger than the limit."""

    code = "request_too_large"
    status = 413


class UnsupportedEncodingError(CallError):
    """The request body is compressed."""

    code = "unsupported_encoding"
    status = 415


class OverloadedError(CallError):
    """More exchanges are open than this process may hold."""

    code = "overloaded"
    status = 503
    kind = "server_error"
    retry_after_seconds = 1


class StoppingError(CallError):
    """The gateway is closing: it takes no new calls, and those that did not finish in time are ended."""

    code = "stopping"
    status = 503
    kind = "server_error"
    retry_after_seconds = 2


class EvidenceUnavailableError(CallError):
    """The ledger or the spool cannot write, so nothing may leave."""

    code = "evidence_unavailable"
    status = 503
    kind = "server_error"
    retry_after_seconds = 5


class InternalError(CallError):
    """A fault of our own; the log has it, the client gets no more than this."""

    code = "internal_error"
    status = 500
    kind = "server_error"


class UpstreamError(CallError):
    """The model server behind failed; subclasses say how."""

    code = "upstream_failed"
    status = 502
    kind = "upstream_error"


class UpstreamUnreachableError(UpstreamError):
    """No connection to the model server."""

    code = "upstream_unreachable"


class UpstreamTimeoutError(UpstreamError):
    """The model server kept silent for too long."""

    code = "upstream_timeout"
    status = 504


class UpstreamDiedError(UpstreamError):
    """The model server ended its answer before it was whole."""

    code = "upstream_died"


class UpstreamGarbageError(UpstreamError):
    """The model server sent what is no answer."""

    code = "upstream_garbage"


class UpstreamTooLargeError(UpstreamError):
    """The model server's answer is larger than the limit."""

    code = "upstream_answer_too_large"


class UpstreamStatusError(UpstreamError):
    """The model server answered with an error status.

    Attributes:
        upstream_status: what it answered.
    """

    code = "upstream_error_status"

    def __init__(self, name: str, upstream_status: int, upstream_code: str = "") -> None:
        """Name the upstream, its status and, where it gave a plain one, its error code."""
        self.upstream_status = upstream_status
        said = f"（{upstream_code}）" if upstream_code else ""
        said_en = f" ({upstream_code})" if upstream_code else ""
        super().__init__(
            f"模型服务 {name} 返回了错误状态 {upstream_status}{said}。"
            "请检查请求参数；若持续出现，请联系运营方查看模型服务日志。",
            f"The model server {name} answered with status {upstream_status}{said_en}. Check the request's parameters; "
            "if it goes on, ask the operator to look at the model server's log.",
        )

    @property
    def is_callers_fault(self) -> bool:
        """Whether another upstream would say the same: a 4xx that is neither about keys nor about load."""
        return self.upstream_status in {400, 413, 415, 422}


class UpstreamBusyError(UpstreamStatusError):
    """The model server has too much to do (429); another one may have less.

    Attributes:
        asks_to_wait_seconds: what its Retry-After says, 0 where it says nothing.
    """

    code = "upstream_busy"
    status = 503
    retry_after_seconds = 1

    def __init__(self, name: str, upstream_code: str = "", *, asks_to_wait_seconds: int = 0) -> None:
        """Name the upstream, its error code, and how long it wants to be left alone."""
        super().__init__(name, 429, upstream_code)
        self.asks_to_wait_seconds = asks_to_wait_seconds
        self.retry_after_seconds = asks_to_wait_seconds or type(self).retry_after_seconds


class UpstreamRestingError(UpstreamError):
    """Every model server that could answer kept failing, or asked to be left alone, and none is tried for now."""

    code = "upstream_resting"
    status = 503

    def __init__(self, zh: str, en: str, seconds: int) -> None:
        """Say so, and in how many seconds one is tried."""
        super().__init__(zh, en)
        self.retry_after_seconds = seconds
