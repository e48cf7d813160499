"""Article 9: no explicit mark only on request, with agreement and recipient on record; the implicit label stays."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.labels import CODE, OUR_ID, labeller
from tests.factories.media_files import wav

from guiju.kit.clock import FixedClock
from guiju.kit.errors import InputError, StorageError
from guiju.labelling.unmarked import AGREED, DELIVERED, Request, UnmarkedDeliveries, months_later
from guiju.ledger.models import Draft, EntryQuery

NOW = datetime(2026, 8, 31, 12, tzinfo=UTC)
ASKED = Request("账号 42，电话见合同", "片头素材", "用户负责标识并承担使用责任。")


class Notebook:
    """A ledger that only remembers."""

    def __init__(self, *, is_full: bool = False) -> None:
        self.drafts: list[Draft] = []
        self._is_full = is_full

    def append(self, draft: Draft) -> None:
        if self._is_full and draft.action == DELIVERED:
            raise StorageError("满了", "full")
        self.drafts.append(draft)

    def find(self, query: EntryQuery) -> list[Draft]:
        return [one for one in self.drafts if one.action in query.actions and one.subject == query.subject]


def deliveries(notebook: Notebook) -> UnmarkedDeliveries:
    return UnmarkedDeliveries(labeller(), notebook, FixedClock(NOW), months=6)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(wav())
    return path


def test_the_agreement_once_and_each_recipient_are_recorded_and_the_label_stays(path: Path, tmp_path: Path) -> None:
    notebook = Notebook()
    done = deliveries(notebook).deliver(path, ASKED, content_id=OUR_ID)
    deliveries(notebook).deliver(path, ASKED, content_id=OUR_ID, target=tmp_path / "b.wav")
    assert [one.action for one in notebook.drafts] == [AGREED, DELIVERED, DELIVERED]
    agreed, delivered, _ = notebook.drafts
    assert agreed.body["text"] == ASKED.agreement
    assert delivered.body["agreement_sha256"] == agreed.subject.removeprefix("agreement:") == done.agreement_sha256
    assert delivered.body["recipient"] == ASKED.recipient
    assert str(delivered.body["keep_until"]).startswith("2027-02-28")
    found = labeller().read(path).label
    assert found is not None
    assert (found.content_producer, found.produce_id) == (CODE, OUR_ID)


@pytest.mark.parametrize("request_", [Request("", "x", "y"), Request("x", " ", "y"), Request("x", "y", "")])
def test_nothing_is_given_out_without_recipient_reason_and_agreement(path: Path, request_: Request) -> None:
    before, notebook = path.read_bytes(), Notebook()
    with pytest.raises(InputError, match="第九条"):
        deliveries(notebook).deliver(path, request_, content_id=OUR_ID)
    assert path.read_bytes() == before
    assert notebook.drafts == []


def test_nothing_is_given_out_where_it_cannot_be_recorded(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(StorageError):
        deliveries(Notebook(is_full=True)).deliver(path, ASKED, content_id=OUR_ID)
    assert path.read_bytes() == before


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(0, 60))  # noqa: DTZ001
def test_months_later_is_the_same_day_or_the_last_one(at: datetime, months: int) -> None:
    later = months_later(at, months)
    assert (later.year - at.year) * 12 + later.month - at.month == months
    assert later.day <= at.day
    assert later.day == at.day or (later.replace(day=28) <= later)
