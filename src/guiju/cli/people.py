"""Who sits at the terminal: steps that need a person are signed with an account of the console and its password."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from guiju.bootstrap import House, build_house
from guiju.cli.inputs import read_settings, require_database
from guiju.kit.errors import RefusedError
from guiju.staff.models import StaffMember

PASSWORD = "GUIJU_STAFF_PASSWORD"  # noqa: S105 - the name of a variable, not a password
_ADDRESS = "terminal"


@contextmanager
def opened_house() -> Iterator[House]:
    """Open the rooms with a running ledger, and close them whatever happens; calls are not answered.

    Raises:
        GuijuError: there is no database yet, or a room cannot be opened.
    """
    settings = read_settings()
    require_database(settings)
    house = build_house(settings)
    try:
        house.ledger.start()
        house.review.changes.sync()
        yield house
    finally:
        house.ledger.stop()
        house.database.close()


@contextmanager
def house_as(name: str, action: str) -> Iterator[tuple[House, StaffMember]]:
    """Open the rooms for a person who may do `action`: name and password must open an account of the console.

    Raises:
        SignInError: they open none.
        RefusedError: the person's role does not allow it, or nobody can be asked for the password.
        GuijuError: a room cannot be opened.
    """
    password = _password(name)
    with opened_house() as house:
        session = house.staff.sign_in(name, password, _ADDRESS)
        try:
            if not house.staff.may(session.member, action):
                raise RefusedError(
                    f"账号 {name} 的角色不能进行此操作；请换一个有权限的账号。",
                    f"The role of {name} does not allow this; use an account that may.",
                    where="--by",
                )
            yield house, session.member
        finally:
            house.staff.sign_out(session.token)


def _password(name: str) -> str:
    """Read a password from the environment, or ask for it where somebody sits."""
    given = os.environ.get(PASSWORD, "")
    if given:
        return given
    if not sys.stdin.isatty():
        raise RefusedError(
            f"需要 {name} 的口令：请在终端里运行，或设置环境变量 {PASSWORD}。",
            f"The password of {name} is needed: run this in a terminal, or set {PASSWORD}.",
            where="--by",
        )
    asked: str = typer.prompt(f"{name} 的口令 / password", hide_input=True, err=True)
    return asked
