"""Apps, keys and the index of exchanges, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from guiju.gateway.evidence import Noted
from guiju.gateway.models import ApiKey, App, ExchangeQuery
from guiju.gateway.repository import GatewayRepository
from guiju.kit.ids import new_id
from guiju.storage.database import Database, metadata

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
OURS = {"app", "api_key", "exchange", "exchange_mark"}


@pytest.fixture
def repository(database: Database) -> GatewayRepository:
    return GatewayRepository(database)


def opened(at: datetime = NOW, **values: object) -> Noted:
    noted = Noted(new_id(), at, None, "app-1", "p-1", "m", "", "open", (), "", None, None)
    return replace(noted, **values)  # type: ignore[arg-type]


def closed(noted: Noted, outcome: str = "answered", risks: tuple[str, ...] = ()) -> Noted:
    later = noted.opened_at + timedelta(seconds=1)
    return replace(
        noted,
        closed_at=later,
        outcome=outcome,
        risks=risks,
        upstream="u",
        closed_entry="c",
        total_ms=1000,
        first_byte_ms=5,
    )


def test_the_migration_makes_the_tables_that_the_repository_declares(database: Database) -> None:
    ours = sa.MetaData(naming_convention=metadata.naming_convention)
    for name in OURS:
        metadata.tables[name].to_metadata(ours)
    options = {"include_name": lambda name, kind, _: kind != "table" or name in OURS}
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), ours)
    assert differences == []


def test_a_key_opens_its_app_until_it_is_revoked(repository: GatewayRepository) -> None:
    app = App(new_id(), "应用", refuses_with_error=True, text_mark="AI 生成")
    repository.add_app(app, NOW)
    repository.add_key(ApiKey("k1", app.id, "gj-abc", NOW, None), "digest-1")
    found = repository.app_of_key("digest-1")
    assert found is not None
    assert replace(found, key=None) == app
    assert found.key is not None
    assert found.key.id == "k1"
    assert repository.app_of_key("digest-2") is None
    assert repository.revoke_key("k1", NOW)
    assert not repository.revoke_key("k1", NOW)
    assert repository.app_of_key("digest-1") is None
    assert repository.keys(app.id)[0].revoked_at == NOW


def test_two_keys_never_have_one_secret(repository: GatewayRepository) -> None:
    app = App(new_id(), "应用")
    repository.add_app(app, NOW)
    repository.add_key(ApiKey("k1", app.id, "gj-", NOW, None), "same")
    with pytest.raises(IntegrityError):
        repository.add_key(ApiKey("k2", app.id, "gj-", NOW, None), "same")


def test_an_app_changes_its_settings(repository: GatewayRepository) -> None:
    app = App(new_id(), "旧名")
    repository.add_app(app, NOW)
    assert repository.update_app(replace(app, name="新名", text_mark="AI 生成"))
    assert repository.apps() == [replace(app, name="新名", text_mark="AI 生成")]
    assert not repository.update_app(App("nobody", "x"))


def test_an_exchange_is_open_and_then_closed_and_never_open_again(repository: GatewayRepository) -> None:
    noted = opened()
    repository.keep([noted])
    record = repository.exchange(noted.id)
    assert record is not None
    assert (record.outcome, record.closed_at) == ("open", None)
    repository.keep([closed(noted, risks=("A.1-f", "A.2-a"))])
    repository.keep([noted])
    record = repository.exchange(noted.id)
    assert record is not None
    assert (record.outcome, record.risks, record.total_ms) == ("answered", ("A.1-f", "A.2-a"), 1000)
    assert repository.closed_ids([noted.id, "other"]) == {noted.id}


def test_a_batch_may_hold_both_ends_of_an_exchange(repository: GatewayRepository) -> None:
    pairs = [(noted, closed(noted)) for noted in (opened() for _ in range(600))]
    repository.keep([noted for pair in pairs for noted in pair])
    repository.keep([noted for pair in pairs for noted in pair])
    assert len(repository.closed_ids([noted.id for noted, _ in pairs])) == 600


def test_what_a_rebuilt_row_does_not_know_is_kept(repository: GatewayRepository) -> None:
    noted = opened()
    repository.keep([noted])
    repository.keep([replace(closed(noted), person="", model="", upstream="")])
    record = repository.exchange(noted.id)
    assert record is not None
    assert (record.person, record.model) == ("p-1", "m")


def test_search_filters_pages_and_orders(repository: GatewayRepository) -> None:
    notes = [
        closed(opened(NOW + timedelta(minutes=minute)), outcome, risks)
        for minute, (outcome, risks) in enumerate(
            [("answered", ()), ("input_refused", ("A.1-f",)), ("output_stopped", ("A.1-f", "A.2-a")), ("answered", ())]
        )
    ]
    repository.keep(notes)

    def ids(query: ExchangeQuery) -> list[str]:
        return [record.id for record in repository.search(query)]

    newest_first = [noted.id for noted in reversed(notes)]
    assert ids(ExchangeQuery()) == newest_first
    assert ids(ExchangeQuery(outcome="input_refused")) == [notes[1].id]
    assert ids(ExchangeQuery(risk="A.1-f")) == [notes[2].id, notes[1].id]
    assert ids(ExchangeQuery(risk="A.1")) == []
    assert ids(ExchangeQuery(risk="%")) == []
    assert ids(ExchangeQuery(app_id="nobody")) == []
    assert ids(ExchangeQuery(since=NOW + timedelta(minutes=1), until=NOW + timedelta(minutes=3))) == newest_first[1:3]
    assert ids(ExchangeQuery(limit=2)) == newest_first[:2]
    assert ids(ExchangeQuery(limit=2, before_id=newest_first[1])) == newest_first[2:]
    assert ids(ExchangeQuery(ids=(notes[0].id, "x"))) == [notes[0].id]


def test_the_mark_of_the_index_moves(repository: GatewayRepository) -> None:
    assert repository.indexed_to() == -1
    repository.mark_indexed(0)
    assert repository.indexed_to() == 0
    repository.mark_indexed(7)
    assert repository.indexed_to() == 7


def test_hours_are_counted_by_outcome(repository: GatewayRepository) -> None:
    batch = [
        opened(NOW, closed_at=NOW, outcome="answered"),
        opened(NOW + timedelta(minutes=59), closed_at=NOW, outcome="answered"),
        opened(NOW + timedelta(minutes=5), closed_at=NOW, outcome="upstream_failed"),
        opened(NOW + timedelta(hours=1), closed_at=NOW, outcome="answered"),
        opened(NOW - timedelta(days=2), closed_at=NOW, outcome="answered"),
    ]
    repository.keep(batch)
    found = repository.hours(NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert {(one.at, one.outcome, one.count) for one in found} == {
        (NOW, "answered", 2),
        (NOW, "upstream_failed", 1),
        (NOW + timedelta(hours=1), "answered", 1),
    }
