"""What can be wrong with a medium, and with the list of blocked pictures."""

from guiju.kit.errors import ConfigurationError, GuijuError


class CannotCheckError(GuijuError):
    """A medium, or one look at it, cannot be done; `why` is a stable word for the record."""

    code = "media_unchecked"

    def __init__(self, why: str, zh: str, en: str) -> None:
        """Say why in one word, in Chinese and in English."""
        super().__init__(zh, en)
        self.why = why


class MissingExtraError(CannotCheckError):
    """A package that a checker needs is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        """Name the package and the extra that brings it."""
        self.package = package
        self.extra = extra
        super().__init__(
            "missing_extra",
            f"没有安装 {package}；请运行 pip install 'guiju[{extra}]'。",
            f"{package} is not installed; run pip install 'guiju[{extra}]'.",
        )


class BlockListError(ConfigurationError):
    """The list of blocked pictures cannot be used."""

    code = "media_block_list_error"
