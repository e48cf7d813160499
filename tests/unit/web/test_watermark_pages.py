"""Pictures that come back without their label: what the console and `/v1/labels` say of their watermark."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from tests.factories.marks import encoded, picture
from tests.unit.web.both_doors import serve_both
from tests.unit.web.small_house import Served, build_small_house, csrf_of

from guiju.kit.clock import SystemClock
from guiju.labelling.watermarks.interface import pointer_of, written
from guiju.ledger.models import EntryQuery
from guiju.wiring_labels import ExporterOnDemand


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("watermark")
    (folder / "guiju.yaml").write_text("labels: {watermark: true}\n")
    with serve_both(build_small_house(folder)) as served:
        yield served


def screenshot(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        return encoded(image.convert("RGB").resize((960, 800)), "JPEG", quality=80)


def test_what_an_app_got_is_found_by_its_watermark(doors: Served) -> None:
    key = doors.house.gateway.create_app("watermarks")[1]
    with doors.client(headers={"authorization": f"Bearer {key}"}) as caller:
        sent = caller.post(
            "/v1/labels/export", content=encoded(picture(1200, 1000), "PNG"), headers={"content-type": "image/png"}
        )
        assert sent.status_code == 200, sent.text
        number = sent.headers["x-produce-id"]
        told = caller.post("/v1/labels/inspect", content=screenshot(sent.content)).json()
    assert (told["verdict"], told["state"], told["is_ours"]) == ("absent", "suspected", False)
    assert [one["produce_id"] for one in told["pointed"]] == [number]
    (entry,) = doors.house.ledger.find(EntryQuery(subject=f"watermark:{written(pointer_of(number))}"))
    assert told["pointed"][0]["entry"] == entry.id
    assert entry.actor.startswith("app:")

    owner = doors.signed_in("owner")
    form = {"csrf": csrf_of(owner, "/console/labels")}
    files = {"file": ("screenshot.jpg", screenshot(sent.content))}
    page = owner.post("/console/labels/inspect", data=form, files=files).text
    assert number in page
    assert f"/console/ledger/entries/{entry.id}" in page
    assert owner.get(f"/console/ledger/entries/{entry.id}").status_code == 200
    assert owner.get("/api/labels").json()["watermark"] is True
    files = {"file": ("sent.png", sent.content)}
    whole = owner.post("/console/labels/inspect", data=form, files=files)
    assert whole.status_code == 200
    (label,) = doors.house.ledger.find(EntryQuery(actions=("label.written",), subject=f"label:{number}"))
    assert f"/console/ledger/entries/{label.id}" in whole.text  # a file of ours, with its label: its own record


def test_what_a_model_made_is_recorded_before_it_is_returned(doors: Served) -> None:
    house = doors.house
    exporter = ExporterOnDemand(house.settings, house.law, SystemClock(), ledger=house.ledger)
    sent = exporter.label(encoded(picture(1200, 1000), "PNG"), "image/png", content_id="exchange-1")
    pointer = written(pointer_of("exchange-1"))
    (entry,) = house.ledger.find(EntryQuery(actions=("watermark.written",), subject=f"watermark:{pointer}"))
    assert house.ledger.body(entry.id) == {"produce_id": "exchange-1"}
    owner = doors.signed_in("owner")
    token = owner.get("/api/session").json()["csrf"]
    answer = owner.post(
        "/api/labels/inspect", files={"file": ("a.jpg", screenshot(sent))}, headers={"X-CSRF-Token": token}
    )
    assert [one["produce_id"] for one in answer.json()["pointed"]] == ["exchange-1"]


def test_a_picture_of_nobody_has_no_number(doors: Served) -> None:
    owner = doors.signed_in("owner")
    form = {"csrf": csrf_of(owner, "/console/labels")}
    files = {"file": ("a.png", encoded(picture(400, 300), "PNG"))}
    page = owner.post("/console/labels/inspect", data=form, files=files).text
    assert "没有读到本服务的隐形水印" in page
    assert "隐形水印指向的编号" not in page
