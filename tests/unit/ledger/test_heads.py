"""What may enter the ledger, and that a head's bytes are the canonical ones."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.kit.canonical_json import canonical_bytes
from guiju.kit.clock import to_iso
from guiju.ledger.errors import DraftError
from guiju.ledger.heads import canonical_head, check_draft, instant, provision_set
from guiju.ledger.models import Draft, Head

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
AT = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
DRAFT = Draft("exchange.opened", "app:1", "exchange:1")


@given(
    st.builds(
        Head,
        st.integers(0, 2**53 - 1),
        TEXT,
        AT,
        AT,
        TEXT,
        TEXT,
        TEXT,
        st.tuples(TEXT, TEXT),
        TEXT,
        TEXT,
        TEXT,
        st.integers(0, 9),
        TEXT,
    )
)
def test_the_bytes_of_a_head_are_its_canonical_json(head: Head) -> None:
    plain = {
        "v": 1,
        "seq": head.seq,
        "id": head.id,
        "occurred_at": to_iso(head.occurred_at),
        "received_at": to_iso(head.received_at),
        "actor": head.actor,
        "action": head.action,
        "subject": head.subject,
        "provisions": head.provisions,
        "policy_hash": head.policy_hash,
        "model": head.model,
        "source": head.source,
        "source_seq": head.source_seq,
        "commitment": head.commitment,
    }
    assert canonical_head(head) == canonical_bytes(plain)  # type: ignore[arg-type]


@given(AT, st.integers(-12, 14))
def test_an_instant_reads_as_the_clock_of_the_house_writes_it(at: datetime, hours: int) -> None:
    moved = at.astimezone(timezone(timedelta(hours=hours)))
    assert instant(moved) == to_iso(moved) == instant(at)


@settings(max_examples=300)
@given(
    st.dictionaries(
        st.text(st.characters(max_codepoint=127), max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
            lambda inner: st.lists(inner, max_size=4),
            max_leaves=8,
        ),
        max_size=6,
    )
)
def test_the_standalone_verifier_writes_a_body_as_the_ledger_did(body: dict[str, object]) -> None:
    ours = check_draft(replace(DRAFT, body=body))  # type: ignore[arg-type]
    assert json.dumps(json.loads(ours), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == ours


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("action", "Opened"),
        ("action", "exchange"),
        ("action", "a." + "b" * 70),
        ("actor", ""),
        ("actor", "app:\x00"),
        ("actor", "a" * 129),
        ("subject", "exchange:\ud800"),
        ("subject", "s" * 201),
        ("person", ""),
        ("person", "p" * 65),
        ("model", "a\nb"),
        ("policy_hash", 7),
        ("source_seq", -1),
        ("source_seq", True),
        ("source_seq", 2**53),
        ("id", "not-a-uuid"),
        ("id", "01A206B1-8172-7549-BF28-33D9EDE5A675"),
        ("occurred_at", datetime(2026, 1, 1)),  # noqa: DTZ001 - the missing zone is what is refused
        ("provisions", ("",)),
        ("provisions", ("p" * 161,)),
        ("provisions", tuple(str(n) for n in range(65))),
        ("body", {"x": 1.5}),
        ("body", {"字": 1}),
        ("body", {"x": "\ud800"}),
        ("body", ["no object"]),
        ("body", {"x": 2**60}),
        ("body", {"x": "y" * (16 * 1024 * 1024)}),
    ],
)
def test_a_draft_that_cannot_be_kept_is_refused_with_the_field_named(field: str, value: object) -> None:
    with pytest.raises(DraftError) as caught:
        check_draft(replace(DRAFT, **{field: value}))  # type: ignore[arg-type]
    assert field in caught.value.where
    assert caught.value.zh
    assert caught.value.en


@settings(max_examples=300)
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300), st.text(max_size=40))
def test_any_text_is_kept_or_refused_and_never_breaks_anything(
    actor: str, subject: str, model: str, action: str
) -> None:
    try:
        check_draft(Draft(action, actor, subject, model=model))
    except DraftError:
        return
    assert all(text.isprintable() for text in (actor, subject, model, action))
    assert len(actor) <= 128
    assert len(subject) <= 200


def test_provisions_are_sorted_and_each_counts_once() -> None:
    found = provision_set(("b", "a", "b"))
    assert found.ids == ("a", "b")
    assert found.text == '["a","b"]'
