"""What the staff room refuses, and why."""

from guiju.kit.errors import InputError, RefusedError


class SignInError(RefusedError):
    """Name and password do not open an account; which of the two was wrong is not said."""

    code = "sign_in_refused"

    def __init__(self) -> None:
        """Say the one text for a wrong name, a wrong password, an ended and a disabled account."""
        super().__init__(
            "账号或口令不正确，或账号已停用。请核对后重试；忘记口令请联系负责人重置。",
            "The name or password is wrong, or the account is closed. Check and try again; an owner can reset it.",
        )


class ThrottledError(RefusedError):
    """Too many failed sign-ins in a short time."""

    code = "sign_in_throttled"

    def __init__(self, wait_seconds: int) -> None:
        """Say how long to wait."""
        self.wait_seconds = wait_seconds
        minutes = max(1, -(-wait_seconds // 60))
        super().__init__(
            f"失败次数过多，请在 {minutes} 分钟后再试。此情况已记入证据账本。",
            f"Too many failed attempts; try again in {minutes} minutes. This has been recorded in the ledger.",
        )


class WeakPasswordError(InputError):
    """A password that is too short, too long or too plain."""

    code = "weak_password"


class UnknownRoleError(InputError):
    """A role that the data does not name."""

    code = "unknown_role"
