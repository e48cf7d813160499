"""What the staff room does: makes accounts, signs people in and out, says who may do what, and leaves entries of it."""

import hashlib
import secrets
import threading
from collections.abc import Callable
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from guiju.kit.clock import Clock, to_iso
from guiju.kit.errors import NotFoundError, RefusedError
from guiju.kit.ids import new_id
from guiju.ledger.models import Draft
from guiju.staff import rules
from guiju.staff.errors import SignInError, ThrottledError
from guiju.staff.models import RoleMatrix, Session, SignInPolicy, StaffMember
from guiju.staff.repository import StaffRepository
from guiju.staff.roles import load_roles
from guiju.staff.throttle import Throttle

# A producer's record of who saw what (article 19 paragraph 2) and who is responsible for what was declared.
_ACCESS = ("cn/genai-measures-2023/art-19/para-2",)
_FIRST_OWNER = "owner"
_PASSWORD_BYTES = 15
_TOKEN_BYTES = 32

Record = Callable[[Draft], object]


class Staff:
    """Accounts, roles and sessions of the people who work in the console."""

    def __init__(
        self,
        repository: StaffRepository,
        clock: Clock,
        record: Record,
        *,
        policy: SignInPolicy | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:
        """Keep accounts in `repository` and entries through `record`, which returns once the entry is durable."""
        self._repository = repository
        self._clock = clock
        self._record = record
        policy = policy or SignInPolicy()
        self._times = policy.times
        self._hasher = hasher or PasswordHasher()
        self._matrix = load_roles()
        limits = policy.limits
        window, capacity = limits.window_seconds, limits.capacity
        self._accounts = Throttle(clock, limits.per_account, window_seconds=window, capacity=capacity)
        self._addresses = Throttle(clock, limits.per_address, window_seconds=window, capacity=capacity)
        self._hashing = threading.BoundedSemaphore(2)  # each Argon2id run holds tens of megabytes
        self._decoy = ""

    @property
    def matrix(self) -> RoleMatrix:
        """Every role and action."""
        return self._matrix

    def may(self, member: StaffMember, action: str) -> bool:
        """Return whether the person may do it now."""
        return rules.is_usable(member, self._clock.now()) and rules.may(self._matrix, member.role, action)

    def members(self) -> list[StaffMember]:
        """Return every account, also the closed ones."""
        return self._repository.members()

    def create_member(
        self,
        name: str,
        role: str,
        password: str | None = None,
        *,
        days: int | None = None,
        by: StaffMember | None = None,
    ) -> tuple[StaffMember, str]:
        """Make an account; return it with its password, which is made here when None and cannot be read again.

        Raises:
            InputError: the name or the days cannot be taken.
            UnknownRoleError: there is no such role.
            WeakPasswordError: the password is easily guessed.
            RefusedError: the name is taken.
        """
        now = self._clock.now()
        name = rules.clean_name(name)
        ends_at = rules.account_end(rules.role_named(self._matrix, role), now, days)
        password = self._chosen(password, name)
        member = StaffMember(new_id(), name, role, now, ends_at)
        self._repository.add(member, rules.name_key(name), self._hash(password))
        body = {"name": name, "role": role, "expires_at": to_iso(ends_at) if ends_at else None}
        self._record(_draft("staff.member_created", by, member, body=body))
        return member, password

    def ensure_first_owner(self) -> str | None:
        """Make the account `owner` when there is no account yet; return its password, or None when nothing was done."""
        if self._repository.has_members():
            return None
        try:
            return self.create_member(_FIRST_OWNER, "owner")[1]
        except RefusedError:  # another process made it between the two lines
            return None

    def sign_in(self, name: str, password: str, address: str) -> Session:
        """Open a session for name and password, from a network address.

        Raises:
            ThrottledError: too many failures of this account or this address; nothing was checked.
            SignInError: they open no account.
        """
        key = rules.name_key(name)[:192]
        wait = max(self._accounts.wait_seconds(key), self._addresses.wait_seconds(address))
        if wait:
            raise ThrottledError(wait)
        found = self._repository.credentials(key)
        is_right = self._verify(found[1] if found else self._decoy_hash(), password)
        if found is None or not is_right or not rules.is_usable(found[0], self._clock.now()):
            self._count_failure(key, address, found[0] if found else None)
            raise SignInError
        member, kept_hash = found
        self._accounts.forget(key)
        if self._hasher.check_needs_rehash(kept_hash):
            self._repository.replace_hash(member.id, self._hash(password))
        return self._open(member, address)

    def member_of(self, token: str) -> StaffMember | None:
        """Return whose live session the token is, or None; using it keeps it alive."""
        kept = self._repository.session(_hashed(token)) if token else None
        if kept is None:
            return None
        now = self._clock.now()
        if not rules.is_live(kept.seen_at, kept.expires_at, now=now, times=self._times) or not rules.is_usable(
            kept.member, now
        ):
            self._repository.close_session(_hashed(token))
            return None
        if (now - kept.seen_at).total_seconds() >= self._times.touch_seconds:
            self._repository.touch_session(_hashed(token), now)
        return kept.member

    def sign_out(self, token: str) -> None:
        """End the session; a token that opens none is ignored."""
        member = self.member_of(token)
        self._repository.close_session(_hashed(token))
        if member is not None:
            self._record(_draft("staff.signed_out", member, member))

    def change_password(self, member: StaffMember, old: str, new: str) -> None:
        """Change one's own password; every session of the account ends.

        Raises:
            ThrottledError: too many wrong tries.
            SignInError: the old password is wrong.
            WeakPasswordError: the new one is easily guessed.
        """
        key = rules.name_key(member.name)
        wait = self._accounts.wait_seconds(key)
        if wait:
            raise ThrottledError(wait)
        found = self._repository.credentials(key)
        if found is None or not self._verify(found[1], old):
            self._count_failure(key, f"member:{member.id}", member)
            raise SignInError
        rules.check_password(new, member.name)
        self._repository.set_password(member.id, self._hash(new))
        self._record(_draft("staff.password_changed", member, member))

    def reset_password(self, member_id: str, by: StaffMember) -> str:
        """Give an account a new password and return it; every session of the account ends.

        Raises:
            NotFoundError: there is no such account.
        """
        member = self._member(member_id)
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        self._repository.set_password(member.id, self._hash(password))
        self._accounts.forget(rules.name_key(member.name))
        self._record(_draft("staff.password_reset", by, member))
        return password

    def disable_member(self, member_id: str, by: StaffMember, reason: str) -> None:
        """Close an account for good.

        Raises:
            NotFoundError: there is no such account.
            RefusedError: no reason was given, the account is closed already, or it is the last owner's.
        """
        member = self._member(member_id)
        if not reason.strip():
            raise RefusedError("停用账号须写明理由。", "Closing an account needs a reason.", where="reason")
        if not self._repository.disable(member.id, self._clock.now()):
            raise RefusedError(
                "账号已停用，或它是最后一个负责人账号。请先创建另一个负责人。",
                "The account is closed already, or it is the last owner's. Make another owner first.",
            )
        self._record(_draft("staff.member_disabled", by, member, body={"reason": reason.strip()[:2000]}))

    def note_viewing(self, member: StaffMember, subject: str, what: str) -> None:
        """Leave an entry that the person is about to see something sensitive: call it before showing it.

        Raises:
            StorageError: the entry could not be kept; then nothing may be shown.
        """
        body = {"what": what, "role": member.role}
        draft = Draft("staff.body_viewed", f"staff:{member.id}", subject, dict(body), provisions=_ACCESS)
        self._record(draft)

    def _open(self, member: StaffMember, address: str) -> Session:
        now = self._clock.now()
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        ends_at = now + timedelta(seconds=self._times.absolute_seconds)
        self._record(_draft("staff.signed_in", member, member, body={"address": address[:64]}))
        self._repository.open_session(_hashed(token), member.id, at=now, expires_at=ends_at)
        return Session(token, member, ends_at)

    def _count_failure(self, key: str, address: str, member: StaffMember | None) -> None:
        by_account, by_address = self._accounts.count(key), self._addresses.count(address)
        if by_account or by_address:
            subject = f"staff_member:{member.id}" if member else "staff_member:unknown"
            body = {"address": address[:64], "by": "account" if by_account else "address"}
            self._record(Draft("staff.sign_in_throttled", "system", subject, dict(body), provisions=_ACCESS))

    def _member(self, member_id: str) -> StaffMember:
        member = self._repository.by_id(member_id)
        if member is None:
            raise NotFoundError("没有这个账号。", "There is no such account.", where="member")
        return member

    def _chosen(self, password: str | None, name: str) -> str:
        if password is None:
            return secrets.token_urlsafe(_PASSWORD_BYTES)
        rules.check_password(password, name)
        return password

    def _hash(self, password: str) -> str:
        with self._hashing:
            return self._hasher.hash(password)

    def _verify(self, kept_hash: str, password: str) -> bool:
        if len(password) > rules.LONGEST_PASSWORD:
            password = ""  # none is kept that long; the time spent stays the same
        with self._hashing:
            try:
                return self._hasher.verify(kept_hash, password)
            except (VerificationError, InvalidHashError):
                return False

    def _decoy_hash(self) -> str:
        if not self._decoy:
            self._decoy = self._hash(secrets.token_urlsafe(_PASSWORD_BYTES))
        return self._decoy


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _draft(
    action: str, by: StaffMember | None, about: StaffMember, *, body: dict[str, str | None] | None = None
) -> Draft:
    actor = f"staff:{by.id}" if by else "system"
    # The body holds the account's name or address, so it is kept under a key of its own that can be erased.
    return Draft(action, actor, f"staff_member:{about.id}", dict(body or {}), f"staff:{about.id}", _ACCESS)
