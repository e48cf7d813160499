"""How an HTTP connection fails."""


class HttpError(Exception):
    """The connection or the server's answer is no use; subclasses say how."""


class ConnectFailedError(HttpError):
    """No connection could be made."""


class DisconnectedError(HttpError):
    """The server closed the connection before its answer was whole.

    Attributes:
        is_unanswered: not one byte of an answer had come, on a connection that had been kept from an earlier call.
    """

    def __init__(self, *, is_unanswered: bool) -> None:
        """Say whether the same call may be sent once more on a new connection."""
        super().__init__("the server closed the connection")
        self.is_unanswered = is_unanswered


class MalformedError(HttpError):
    """What the server sent is not HTTP, or more of it than is taken."""
