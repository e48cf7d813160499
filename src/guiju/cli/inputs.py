"""What the words of a command line mean: settings, days, files."""

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

from pydantic import ValidationError

from guiju.kit.clock import BEIJING, SystemClock
from guiju.kit.errors import ConfigurationError, InputError
from guiju.settings import Settings


def must_be_new(path: Path) -> None:
    """Make sure that a file that is about to be written is not there.

    Raises:
        InputError: it is.
    """
    if path.exists():
        raise InputError("文件已存在，不覆盖。", "The file exists and is not overwritten.", where=str(path))


def step_of(tell: Callable[[int, int], None], total: int) -> Callable[[int], None]:
    """Return what is told how much was done since, where `tell` hears how much of `total` is done."""
    done = 0

    def step(more: int) -> None:
        nonlocal done
        done += more
        tell(done, total)

    return step


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        ConfigurationError: a variable holds something that cannot be used; it names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = "GUIJU_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(
            f"环境变量的值不能用：{first['msg']}。请改正后再运行。",
            f"The environment variable cannot be used: {first['msg']}. Correct it and run again.",
            where=name,
        ) from error


def today() -> date:
    """Return the day that it is in Beijing."""
    return SystemClock().now().astimezone(BEIJING).date()


def day(text: str, where: str) -> date:
    """Read a day written as 2026-01-31.

    Raises:
        InputError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{text[:40]!r} 不是日期；请写成 2026-01-31。", f"{text[:40]!r} is no date; write 2026-01-31.", where=where
        ) from None


def day_or_today(text: str, where: str = "--as-of") -> date:
    """Read a day; today in Beijing when nothing is written.

    Raises:
        InputError: it is no day.
    """
    return day(text, where) if text else today()


def midnight(text: str, where: str) -> datetime | None:
    """Read a day as its first instant in Beijing; None when nothing is written.

    Raises:
        InputError: it is no day.
    """
    return datetime.combine(day(text, where), time(), BEIJING) if text else None


def given(text: str) -> str:
    """Take a reason, which must say something.

    Raises:
        InputError: it is empty.
    """
    if not text.strip():
        raise InputError("请写明理由。", "Say why.", where="--reason")
    return text.strip()


def read_file(path: Path, most: int) -> bytes:
    """Return what stands in a file, `most` bytes and one more at most, so that the reader can tell it is too long.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise InputError(
            f"读不到文件：{error.strerror}。请检查路径和权限。",
            f"The file cannot be read: {error.strerror}. Check path and permissions.",
            where=str(path),
        ) from error


def sqlite_file(settings: Settings) -> Path | None:
    """Return the file of an SQLite database; None for another kind."""
    url = settings.resolved_database_url
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def require_database(settings: Settings) -> None:
    """Make sure there is something to read: opening an SQLite file that is not there would make an empty one.

    Raises:
        ConfigurationError: there is no database yet.
    """
    path = sqlite_file(settings)
    if path is not None and not path.is_file():
        raise ConfigurationError(
            "还没有数据库。请先运行 guiju serve，或检查 GUIJU_VAR 与 GUIJU_DATABASE_URL。",
            "There is no database yet. Run guiju serve first, or check GUIJU_VAR and GUIJU_DATABASE_URL.",
            where=str(path),
        )
