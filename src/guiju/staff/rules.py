"""Pure decisions of the staff room: who may what, what is a name and a password, when an account or session is over."""

import re
import unicodedata
from datetime import datetime, timedelta

from guiju.kit.errors import InputError
from guiju.staff.errors import UnknownRoleError, WeakPasswordError
from guiju.staff.models import Role, RoleMatrix, SessionTimes, StaffMember

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
_FEWEST_DIFFERENT = 5
_NAME = re.compile(r"[\w.@\-]{1,64}")


def may(matrix: RoleMatrix, role: str, action: str) -> bool:
    """Return whether `role` may do `action`; what the data does not name is refused."""
    held = matrix.roles.get(role)
    return held is not None and action in matrix.actions and action in held.actions


def role_named(matrix: RoleMatrix, name: str) -> Role:
    """Return the role called `name`.

    Raises:
        UnknownRoleError: the data names no such role.
    """
    role = matrix.roles.get(name)
    if role is None:
        known = "、".join(matrix.roles)
        raise UnknownRoleError(
            f"没有名为 {name!r} 的角色；可选：{known}。",
            f"There is no role {name!r}; choose one of {known}.",
            where="role",
        )
    return role


def clean_name(name: str) -> str:
    """Return an account name in its one written form (NFKC, trimmed).

    Raises:
        InputError: it is empty, longer than 64 characters, or holds something other than letters, digits and . _ - @.
    """
    cleaned = unicodedata.normalize("NFKC", name).strip()
    if not _NAME.fullmatch(cleaned):
        raise InputError(
            "账号名须为 1 至 64 个字符，只含文字、数字和 . _ - @。",
            "An account name has 1 to 64 characters: letters, digits and . _ - @ only.",
            where="name",
        )
    return cleaned


def name_key(name: str) -> str:
    """Return what two names that are the same to a reader have in common."""
    return unicodedata.normalize("NFKC", name).replace("\x00", "").strip().casefold()


def check_password(password: str, name: str) -> None:
    """Refuse a password that is easily guessed.

    Raises:
        WeakPasswordError: shorter than 12, longer than 256, under 5 different characters, or the account's name in it.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WeakPasswordError(
            f"口令长度须在 {SHORTEST_PASSWORD} 至 {LONGEST_PASSWORD} 个字符之间。",
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.",
            where="password",
        )
    if len(set(password)) < _FEWEST_DIFFERENT or name_key(name) in password.casefold():
        raise WeakPasswordError(
            "口令过于简单：字符种类太少，或含有账号名。请换一个。",
            "The password is too plain: too few different characters, or the account's name in it. Choose another.",
            where="password",
        )


def is_usable(member: StaffMember, now: datetime) -> bool:
    """Return whether the account may be used at `now`."""
    return member.disabled_at is None and (member.expires_at is None or now < member.expires_at)


def is_live(seen_at: datetime, expires_at: datetime, *, now: datetime, times: SessionTimes) -> bool:
    """Return whether a session that was last used at `seen_at` may still be used at `now`."""
    return now < expires_at and now - seen_at < timedelta(seconds=times.idle_seconds)


def account_end(role: Role, now: datetime, days: int | None) -> datetime | None:
    """Return when an account of `role` made at `now` ends by itself, if it does; `days` may shorten a time-boxed one.

    Raises:
        InputError: `days` is below 1, or beyond what the role allows.
    """
    if role.longest_days is None:
        return None if days is None else now + timedelta(days=_checked_days(days, 3650))
    return now + timedelta(days=_checked_days(role.longest_days if days is None else days, role.longest_days))


def _checked_days(days: int, longest: int) -> int:
    if not 1 <= days <= longest:
        raise InputError(
            f"有效天数须在 1 至 {longest} 之间。", f"The days of validity are 1 to {longest}.", where="days"
        )
    return days
