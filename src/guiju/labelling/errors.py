"""What can be wrong with a mark."""

from guiju.kit.errors import ConfigurationError, GuijuError, InputError, StorageError


class LabelError(ConfigurationError):
    """A label, a provider code or a text mark does not follow the standard."""

    code = "label_invalid"


class UnsupportedFormatError(InputError):
    """No carrier of ours writes a label into this kind of file."""

    code = "label_format_unsupported"


class DamagedFileError(InputError):
    """The file is cut short, contradicts its own lengths, or goes past our bounds; nothing was written."""

    code = "label_file_damaged"


class ForeignLabelError(InputError):
    """The file carries the label of another producer, and the caller did not say what becomes of it."""

    code = "label_of_another_producer"


class LabelNotHeldError(GuijuError):
    """What was written could not be read back; the file was not handed on."""

    code = "label_not_held"


def unreachable(error: OSError, where: str) -> StorageError:
    """Make the error of a file that the system does not let us read or write."""
    return StorageError(
        f"文件无法读写：{error.strerror}。请检查路径、磁盘空间和权限。",
        f"The file could not be read or written: {error.strerror}. Check path, disk space and permissions.",
        where=where,
    )


def damaged(zh: str, en: str) -> DamagedFileError:
    """Make the error of a file that cannot be read as what it says it is; `zh` and `en` say why."""
    return DamagedFileError(
        f"文件不完整或已损坏（{zh}），文件未改动。请从源头重新取得文件。",
        f"The file is cut short or damaged ({en}); it was not changed. Get it again from its source.",
    )


def unsupported(zh: str, en: str) -> UnsupportedFormatError:
    """Make the error of a file that no carrier can label; `zh` and `en` say why."""
    return UnsupportedFormatError(
        f"不支持此文件的标识：{zh}。支持的格式见 docs/reference/label-carriers.md。",
        f"Labels in this file are unsupported: {en}. The formats are listed in docs/reference/label-carriers.md.",
    )


class SealError(GuijuError):
    """A C2PA manifest could not be signed, and the operator wants one in every file that can carry one."""

    code = "seal_failed"
