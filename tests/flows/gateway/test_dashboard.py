"""Every query of the Grafana dashboard is PromQL, and names only series and labels that /metrics really gives."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
from prometheus_client.parser import text_string_to_metric_families
from tests.flows.gateway.house import BANNED, House

DASHBOARD = Path(__file__).resolve().parents[3] / "deploy" / "grafana" / "guiju.json"
GRAFANAS = {"$__rate_interval": "5m", "$__range": "6h", "$job": "guiju", "$instance": ".*"}
SCRAPES = {"job", "instance"}  # labels that Prometheus itself puts on what it scrapes


def queries() -> dict[str, str]:
    board = json.loads(DASHBOARD.read_text("utf-8"))
    return {f"{p['title']} {t['refId']}": t["expr"] for p in board["panels"] for t in p["targets"]}


def plain(query: str) -> str:
    for name, value in GRAFANAS.items():
        query = query.replace(name, value)
    return query


def selectors(node: Any) -> Iterator[Any]:  # noqa: ANN401 - the parser's nodes have no common type
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "args", "param"):
        found = getattr(node, name, None)
        for one in found if isinstance(found, list) else [found]:
            if one is not None:
                yield from selectors(one)


def groupings(query: str) -> set[str]:
    return {name.strip() for group in re.findall(r"by \(([^)]*)\)", query) for name in group.split(",")}


async def series(house: House) -> dict[str, set[str]]:
    """Return the series that a gateway gives which has seen everything, with their labels."""
    await house.post(house.request("你好", stream=True))
    await house.post(house.request(BANNED))
    await house.post(house.request(model="error-500"))
    await house.post(b"{")
    await house.post(house.request(), Authorization="Bearer gj-none")
    house.ledger.is_broken = True
    await house.post(house.request())
    house.ledger.is_broken = False
    metrics = house.gateway.metrics
    metrics.count("guiju_internal_errors_total")
    metrics.count("guiju_guard_texts_total", guard="g", outcome="asked")
    async with house.http.get(f"{house.url}/metrics") as response:
        families = text_string_to_metric_families(await response.text())
        found: dict[str, set[str]] = {}
        for family in families:
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


async def test_every_query_names_what_is_there(house: House) -> None:
    found = await series(house)
    named = set()
    for title, query in queries().items():
        chosen = list(selectors(promql_parser.parse(plain(query))))
        assert chosen, title
        labels: set[str] = set()
        for selector in chosen:
            assert selector.name in found, (title, selector.name)
            assert {one.name for one in selector.matchers.matchers} <= found[selector.name] | SCRAPES, title
            labels |= found[selector.name]
            named.add(selector.name)
        assert groupings(query) <= labels, title
    # And everything that is counted is shown somewhere.
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in found} == shown


def test_the_dashboard_is_laid_out_without_overlaps_and_asks_its_own_data_source() -> None:
    board = json.loads(DASHBOARD.read_text("utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["datasource"]["uid"] == "${datasource}"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(re.search(r"[\u4e00-\u9fff]", panel["title"]) for panel in board["panels"])
