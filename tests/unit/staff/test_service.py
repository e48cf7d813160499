from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.staff.conftest import QUICK, Entries

from guiju.kit.clock import FixedClock
from guiju.kit.errors import InputError, NotFoundError, RefusedError, StorageError
from guiju.ledger.models import Draft
from guiju.staff.errors import SignInError, ThrottledError, UnknownRoleError, WeakPasswordError
from guiju.staff.repository import StaffRepository
from guiju.staff.service import Staff
from guiju.storage.database import Database

GOOD = "four plain words here"


def test_the_first_owner_is_made_once(staff: Staff) -> None:
    password = staff.ensure_first_owner()
    assert password is not None
    assert staff.ensure_first_owner() is None
    session = staff.sign_in("owner", password, "127.0.0.1")
    assert session.member.role == "owner"


def test_a_session_is_its_member_until_sign_out(staff: Staff, entries: Entries) -> None:
    member, password = staff.create_member("李雷", "auditor")
    session = staff.sign_in(" 李雷 ", password, "127.0.0.1")
    assert staff.member_of(session.token) == member
    staff.sign_out(session.token)
    assert staff.member_of(session.token) is None
    assert entries.actions() == ["staff.member_created", "staff.signed_in", "staff.signed_out"]
    assert not any("李雷" in (draft.actor + draft.subject) for draft in entries)


def test_neither_token_nor_password_stands_in_the_database(staff: Staff, database: Database) -> None:
    _, password = staff.create_member("han", "auditor")
    token = staff.sign_in("han", password, "127.0.0.1").token
    with database.reading() as connection:
        kept = "".join(
            str(tuple(row))
            for table in ("staff_member", "staff_session")
            for row in connection.exec_driver_sql(f"select * from {table}")  # noqa: S608 - the two names stand above
        )
    assert token not in kept
    assert password not in kept
    assert "$argon2id$" in kept


def test_wrong_name_and_wrong_password_say_the_same(staff: Staff) -> None:
    staff.create_member("han", "auditor", GOOD)
    texts = set()
    for name, password in (("han", "wrong"), ("nobody", GOOD), ("han", "x" * 100_000), ("", "")):
        with pytest.raises(SignInError) as caught:
            staff.sign_in(name, password, "127.0.0.1")
        texts.add(str(caught.value))
    assert len(texts) == 1


def test_an_idle_session_ends(staff: Staff, clock: FixedClock) -> None:
    _, password = staff.create_member("han", "auditor")
    token = staff.sign_in("han", password, "127.0.0.1").token
    for _ in range(4):
        clock.advance(1700)
        assert staff.member_of(token) is not None
    clock.advance(1801)
    assert staff.member_of(token) is None


def test_a_used_session_ends_too(staff: Staff, clock: FixedClock) -> None:
    _, password = staff.create_member("han", "auditor")
    token = staff.sign_in("han", password, "127.0.0.1").token
    for _ in range(43200 // 1200 - 1):
        clock.advance(1200)
        assert staff.member_of(token) is not None
    clock.advance(1200)
    assert staff.member_of(token) is None


def test_a_new_password_ends_every_session(staff: Staff) -> None:
    member, password = staff.create_member("han", "auditor")
    tokens = [staff.sign_in("han", password, "127.0.0.1").token for _ in range(2)]
    with pytest.raises(SignInError):
        staff.change_password(member, "wrong", GOOD)
    with pytest.raises(WeakPasswordError):
        staff.change_password(member, password, "short")
    staff.change_password(member, password, GOOD)
    assert [staff.member_of(token) for token in tokens] == [None, None]
    with pytest.raises(SignInError):
        staff.sign_in("han", password, "127.0.0.1")
    assert staff.sign_in("han", GOOD, "127.0.0.1").token


def test_guessing_is_stopped_recorded_once_and_ends(staff: Staff, clock: FixedClock, entries: Entries) -> None:
    staff.create_member("han", "auditor", GOOD)
    for _ in range(5):
        with pytest.raises(SignInError):
            staff.sign_in("HAN", "wrong", "127.0.0.1")
    for _ in range(3):
        with pytest.raises(ThrottledError):
            staff.sign_in("han", GOOD, "127.0.0.2")
    assert entries.actions().count("staff.sign_in_throttled") == 1
    clock.advance(901)
    assert staff.sign_in("han", GOOD, "127.0.0.2").token


def test_guessing_many_names_from_one_address_is_stopped(staff: Staff) -> None:
    for number in range(20):
        with pytest.raises(SignInError):
            staff.sign_in(f"name{number}", "wrong", "127.0.0.9")
    with pytest.raises(ThrottledError):
        staff.sign_in("another", "wrong", "127.0.0.9")
    with pytest.raises(SignInError):
        staff.sign_in("another", "wrong", "127.0.0.8")


def test_without_an_entry_nobody_comes_in(database: Database, clock: FixedClock) -> None:
    def broken(draft: Draft) -> None:
        if draft.action == "staff.signed_in":
            raise StorageError("账本写不进。", "The ledger cannot write.")

    staff = Staff(StaffRepository(database), clock, broken, hasher=QUICK)
    _, password = staff.create_member("han", "auditor")
    with pytest.raises(StorageError):
        staff.sign_in("han", password, "127.0.0.1")


def test_an_inspectors_account_ends_by_itself(staff: Staff, clock: FixedClock) -> None:
    member, password = staff.create_member("inspector1", "inspector", days=7)
    assert member.expires_at == clock.now() + timedelta(days=7)
    assert staff.may(member, "view_law")
    clock.advance(7 * 86400)
    assert not staff.may(member, "view_law")
    with pytest.raises(SignInError):
        staff.sign_in("inspector1", password, "127.0.0.1")
    with pytest.raises(InputError):
        staff.create_member("inspector2", "inspector", days=31)


def test_a_closed_account_is_out_at_once(staff: Staff, entries: Entries) -> None:
    owner, _ = staff.create_member("boss", "owner")
    member, password = staff.create_member("han", "engineer", by=owner)
    token = staff.sign_in("han", password, "127.0.0.1").token
    with pytest.raises(RefusedError):
        staff.disable_member(member.id, owner, "  ")
    staff.disable_member(member.id, owner, "离职")
    assert staff.member_of(token) is None
    with pytest.raises(SignInError):
        staff.sign_in("han", password, "127.0.0.1")
    assert entries[-1].body == {"reason": "离职"}
    assert not staff.may(replace(member, disabled_at=member.created_at), "view_law")


def test_the_last_owner_stays(staff: Staff) -> None:
    owner, _ = staff.create_member("boss", "owner")
    with pytest.raises(RefusedError):
        staff.disable_member(owner.id, owner, "离职")
    second, _ = staff.create_member("boss2", "owner")
    staff.disable_member(owner.id, second, "离职")


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda staff: staff.create_member("han", "king"), UnknownRoleError),
        (lambda staff: staff.create_member("", "owner"), InputError),
        (lambda staff: staff.create_member("a b", "owner"), InputError),
        (lambda staff: staff.create_member("x" * 65, "owner"), InputError),
        (lambda staff: staff.create_member("han", "owner", "aaaaaaaaaaaaaaaa"), WeakPasswordError),
        (lambda staff: staff.create_member("han-mei", "owner", "my name is HAN-MEI"), WeakPasswordError),
        (lambda staff: staff.create_member("ＢＯＳＳ", "owner"), RefusedError),
        (lambda staff: staff.reset_password("none", staff.members()[0]), NotFoundError),
    ],
)
def test_bad_input_is_a_clear_error(staff: Staff, make: Callable[[Staff], object], error: type[Exception]) -> None:
    staff.create_member("boss", "owner")
    with pytest.raises(error):
        make(staff)


def test_viewing_a_body_is_an_entry(staff: Staff, entries: Entries) -> None:
    member, _ = staff.create_member("han", "reviewer")
    staff.note_viewing(member, "exchange:1", "transcript")
    assert entries[-1].action == "staff.body_viewed"
    assert entries[-1].actor == f"staff:{member.id}"


def test_weak_hash_parameters_are_mended_at_sign_in(database: Database, clock: FixedClock) -> None:
    repository = StaffRepository(database)
    Staff(repository, clock, lambda _: None, hasher=QUICK).create_member("han", "auditor", GOOD)
    before = repository.credentials("han")
    strong = type(QUICK)(time_cost=2, memory_cost=64, parallelism=1)
    Staff(repository, clock, lambda _: None, hasher=strong).sign_in("han", GOOD, "127.0.0.1")
    after = repository.credentials("han")
    assert before is not None
    assert after is not None
    assert before[1] != after[1]
    assert "t=2" in after[1]
