"""The gate: a call of a known app is let in with a ticket, or told why not."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from guiju.gateway.app_rules import IdentityMethod, ServedUsers
from guiju.gateway.entrance.declarations import HEADER, read_declaration, read_header
from guiju.gateway.entrance.errors import (
    AdmissionError,
    DeclarationRefusedError,
    RealIdentityRequiredError,
    UserRequiredError,
    unavailable,
)
from guiju.gateway.entrance.identity.tokens import TokenReader
from guiju.gateway.entrance.limits import LimitError, Limits
from guiju.gateway.entrance.meters.models import Meter
from guiju.gateway.entrance.models import Asking, IdentityState, RealIdentity, Refused, SignedIn
from guiju.gateway.entrance.people import People
from guiju.gateway.entrance.refusals import RefusalLog
from guiju.gateway.entrance.sanctions.conduct import ConductWatch
from guiju.gateway.entrance.sanctions.desk import SanctionDesk
from guiju.gateway.entrance.sanctions.errors import SanctionedError
from guiju.gateway.entrance.sanctions.models import Sanction
from guiju.gateway.entrance.sanctions.rules import refusing
from guiju.gateway.entrance.sanctions.watch import SanctionWatch
from guiju.gateway.entrance.tickets import Admitted
from guiju.gateway.entrance.usage import Tally, Usage, UsageHour
from guiju.gateway.errors import CallError
from guiju.gateway.models import App
from guiju.kit.errors import GuijuError
from guiju.ledger.models import SYSTEM_PERSON

_log = logging.getLogger(__name__)

FindPerson = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class AdmissionParts:
    """What admission works with."""

    tokens: TokenReader
    people: People
    refusals: RefusalLog
    limits: Limits
    watch: SanctionWatch
    conduct: ConductWatch
    usage: Usage


class Admission:
    """Decides about every call that has a valid key.

    Attributes:
        sanctions: what people do about sanctions.
    """

    def __init__(self, parts: AdmissionParts, sanctions: SanctionDesk) -> None:
        """Work with `parts`."""
        self._parts = parts
        self.sanctions = sanctions

    async def enter(self, asking: Asking, find_person: FindPerson) -> Admitted:
        """Let a call in; `find_person` returns the pseudonym for a lookup.

        Raises:
            AdmissionError: it is not let in; that is recorded by then.
        """
        person = SYSTEM_PERSON
        try:
            signed_in = await self._signed_in(asking)
            name = asking.call.end_user or asking.user
            _check_known(asking.app, name, signed_in)
            lookup = f"{asking.app.id}|{name}" if signed_in is None else signed_in.lookup(asking.app.id)
            person = await find_person(lookup)
            warning = await self._check_sanctions(asking, person)
            await self._take_declaration(asking, person, signed_in)
            await self._check_real(asking.app, person)
            allowance = await self._parts.limits.allow(asking, person)
        except AdmissionError as error:
            await self._refuse(asking, person, error)
            raise
        except CallError:
            raise
        except GuijuError as error:
            raise await self._unreadable(asking, person, error) from error
        return Admitted(
            person,
            is_known=bool(name) or signed_in is not None,
            octets=asking.octets,
            allowance=allowance,
            limits=self._parts.limits,
            warning=warning,
            conduct=self._parts.conduct,
            usage=self._parts.usage,
            app_id=asking.app.id,
        )

    async def enter_bare(self, asking: Asking) -> None:
        """Count a call that cannot be taken, so that nobody floods the evidence with such.

        Raises:
            AdmissionError: the app has no more calls; that is recorded by then.
        """
        self._parts.usage.note(asking.app.id, Tally(refused=1))
        try:
            await self._parts.limits.allow_bare(asking)
        except AdmissionError as error:
            await self._refuse(asking, SYSTEM_PERSON, error, is_counted=True)
            raise
        except GuijuError as error:
            raise await self._unreadable(asking, SYSTEM_PERSON, error) from error

    async def declare(self, app: App, body: bytes, find_person: FindPerson) -> tuple[str, IdentityState]:
        """Take what an app declares of one of its users; return the pseudonym and what is kept now.

        Raises:
            CallError: it cannot be taken.
        """
        asked = read_declaration(body)
        try:
            _check_may_declare(app)
            person = await find_person(f"{app.id}|{asked.user}")
            kept = await self._parts.people.declare(person, asked.state, asked.method, app_id=app.id)
        except CallError:
            raise
        except GuijuError as error:
            _log.error("a declaration cannot be kept", extra={"code": error.code, "reason": str(error)})
            raise unavailable() from error
        return person, kept

    def hours(self, app_id: str, since: datetime, until: datetime) -> Sequence[UsageHour]:
        """Return what an app used in [since, until), by the hour; blocks."""
        return self._parts.usage.hours(app_id, since, until)

    def levels(self, app: App) -> list[tuple[Meter, float]]:
        """Return the meters of an app and how much is left of each; blocks."""
        return self._parts.limits.levels(app)

    async def watch(self) -> None:
        """Read which sanctions hold; four times a second, so that one takes effect within a second everywhere."""
        await self._parts.watch.refresh()

    async def judge(self) -> None:
        """Look at users whose input was refused."""
        await self._parts.conduct.keep_up()

    async def count(self) -> None:
        """Tell the other processes what was used here."""
        await self._parts.limits.keep_up()

    async def keep_up(self) -> None:
        """Write what is due of refusals and use."""
        await self._parts.refusals.flush()
        await self._parts.usage.flush()

    async def stop(self) -> None:
        """Write what is still held."""
        for work in (self._parts.refusals.flush(is_last=True), self._parts.usage.flush(), self._parts.limits.stop()):
            try:
                await work
            except GuijuError as error:  # the rest is still written
                _log.error("admission could not write everything", extra={"code": error.code, "reason": str(error)})

    async def _check_sanctions(self, asking: Asking, person: str) -> Sanction | None:
        """Refuse what a sanction refuses; return one that only warns."""
        holding = await self._parts.watch.of(person)
        if not holding:
            return None
        used = asking.functions | {asking.call.endpoint, f"model:{asking.model}"}
        refused_by = refusing(holding, used, self._parts.watch.now())
        if refused_by is not None:
            raise SanctionedError(refused_by)
        return holding[0]

    async def _signed_in(self, asking: Asking) -> SignedIn | None:
        token = asking.call.user_token
        return await self._parts.tokens.read(token) if token else None

    async def _take_declaration(self, asking: Asking, person: str, signed_in: SignedIn | None) -> None:
        said: tuple[RealIdentity, IdentityMethod | None] | None = None
        issuer = ""
        if asking.call.real_identity:
            _check_may_declare(asking.app)
            said = read_header(asking.call.real_identity)
        elif signed_in is not None and signed_in.is_real is not None:
            state = RealIdentity.VERIFIED if signed_in.is_real else RealIdentity.NOT_VERIFIED
            said, issuer = (state, signed_in.method), signed_in.issuer
        if said is not None:
            await self._parts.people.declare(person, *said, app_id=asking.app.id, issuer=issuer)

    async def _check_real(self, app: App, person: str) -> None:
        if not app.rules.must_be_real:
            return
        if (await self._parts.people.identity(person)).state is not RealIdentity.VERIFIED:
            raise RealIdentityRequiredError(
                "此应用只为已核验真实身份的用户服务，而这名用户的身份状态没有声明为已核验；"
                "请先完成身份核验，再由应用声明。",
                "This app serves users whose real identity was verified, and nobody declared that of this user; "
                "let the user be verified, and declare it.",
                where=HEADER,
            )

    async def _unreadable(self, asking: Asking, person: str, error: GuijuError) -> AdmissionError:
        _log.error("admission cannot be decided", extra={"code": error.code, "reason": str(error)})
        closed = unavailable()
        await self._refuse(asking, person, closed)
        return closed

    async def _refuse(self, asking: Asking, person: str, error: AdmissionError, *, is_counted: bool = False) -> None:
        if not is_counted:
            self._parts.usage.note(asking.app.id, Tally(refused=1))
        facts = error.facts if isinstance(error, LimitError | SanctionedError) else {}
        refused = Refused(asking.app.id, person, error.code, error.where, error.provision, facts)
        await self._parts.refusals.note(refused)


def _check_known(app: App, name: str, signed_in: SignedIn | None) -> None:
    serves = app.rules.serves
    if serves is ServedUsers.ANYBODY or signed_in is not None:
        return
    if serves is ServedUsers.SIGNED_IN:
        raise UserRequiredError(
            "此应用只为登录用户服务；请在 X-Guiju-User-Token 头中带上用户的登录令牌。",
            "This app serves users who signed in; send the user's token in the header X-Guiju-User-Token.",
            where="X-Guiju-User-Token",
        )
    if not name:
        raise UserRequiredError(
            "此应用须指明使用者；请在 safety_identifier 或 user 字段写上你方对该用户的编号（不要写姓名、手机号）。",
            "This app must name its user: put your own id of the user, no name or phone, into user.",
            where="user",
        )


def _check_may_declare(app: App) -> None:
    if not app.rules.may_declare:
        raise DeclarationRefusedError(
            "此应用无权声明用户的真实身份状态；请由运营方在应用规则中开启。",
            "This app may not declare the real identity of its users; the operator can allow it in the app's rules.",
            where=HEADER,
        )
