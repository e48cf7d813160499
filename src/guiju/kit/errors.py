"""One tree of errors. Each says what is wrong, where, and what to do next, in Chinese and in English."""


class GuijuError(Exception):
    """The root of every error that Guiju raises on purpose.

    Attributes:
        code: a stable name in snake_case; part of the public contract, and a metric label.
        zh: what is wrong and what to do next, in Chinese.
        en: the same in English.
        where: the file, field, parameter or line it is about; empty when there is none.
    """

    code = "guiju_error"

    def __init__(self, zh: str, en: str, *, where: str = "") -> None:
        """Hold both texts; `str(error)` is both, Chinese first."""
        self.zh = zh
        self.en = en
        self.where = where
        place = f"〔{where}〕" if where else ""
        super().__init__(f"{place}{zh} / {en}")

    def text(self, language: str) -> str:
        """Return the message in `language` (`zh` or `en`), with its place in front."""
        message = self.en if language.startswith("en") else self.zh
        return f"{self.where}: {message}" if self.where else message


class ConfigurationError(GuijuError):
    """What the operator wrote cannot be used."""

    code = "configuration_error"


class InputError(GuijuError):
    """What somebody sent or imported cannot be taken."""

    code = "input_error"


class StorageError(GuijuError):
    """The database or a file could not be read or written."""

    code = "storage_error"


class NotFoundError(GuijuError):
    """What was asked for does not exist."""

    code = "not_found"


class RefusedError(GuijuError):
    """A rule forbids it: a missing role, a missing reason, a state that does not allow it."""

    code = "refused"
