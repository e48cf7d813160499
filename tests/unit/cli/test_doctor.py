import http.server
import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli, Said

from guiju.bootstrap import build_house
from guiju.law.loader import load_facts
from guiju.law.models import Profile
from guiju.law.profile import save_profile
from guiju.settings import Settings


@pytest.fixture(autouse=True)
def free_port(monkeypatch: pytest.MonkeyPatch, var: Path) -> int:
    assert not var.exists()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    monkeypatch.setenv("GUIJU_PORT", str(port))
    return port


def line(said: Said, what: str) -> str:
    return next(one for one in said.out.splitlines() if what in one and one[:4] in {"ok  ", "warn", "fail"})


def test_a_fresh_place_only_warns_and_nothing_is_made(cli: Cli, var: Path) -> None:
    said = cli("doctor")
    wanted = {
        "database": "warn",
        "ledger keys": "warn",
        "service profile": "warn",
        "provider code": "warn",
        "port": "ok",
    }
    assert {what: line(said, what).split()[0] for what in wanted} == wanted
    assert "upstream echo" in said.out
    assert not var.exists()


def test_a_place_in_use_is_well_and_open_keys_are_not(cli: Cli, kept: Path) -> None:
    said = cli("doctor")
    assert line(said, "database").startswith("ok")
    assert line(said, "ledger keys").startswith("ok")
    (kept / "keys" / "master.key").chmod(0o644)
    said = cli("doctor")
    assert said.status == 1
    assert line(said, "ledger keys").startswith("fail")
    assert "chmod 600 VAR/keys/master.key" in said.out


def test_a_lost_master_key_fails_and_no_new_one_is_made(cli: Cli, kept: Path) -> None:
    (kept / "keys" / "master.key").unlink()
    said = cli("doctor")
    assert said.status == 1
    assert line(said, "ledger keys").startswith("fail")
    assert not (kept / "keys" / "master.key").exists()


@pytest.mark.parametrize(("version", "mark"), [("0001", "warn"), ("9999", "fail")])
def test_another_schema_is_told(cli: Cli, kept: Path, version: str, mark: str) -> None:
    with sqlite3.connect(kept / "guiju.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    assert line(cli("doctor"), "database").startswith(mark)


def test_a_file_that_is_no_database_fails(cli: Cli, var: Path) -> None:
    var.mkdir()
    (var / "guiju.db").write_bytes(b"no database" * 100)
    said = cli("doctor")
    assert said.status == 1
    assert line(said, "database").startswith("fail")


def test_a_declared_profile_is_counted_and_a_broken_one_fails(cli: Cli, var: Path) -> None:
    save_profile(var / "profile.yaml", Profile({"trains_model": True}))
    assert f"1/{len(load_facts())}" in line(cli("doctor"), "service profile")
    (var / "profile.yaml").write_text("facts: [")
    said = cli("doctor")
    assert said.status == 1
    assert "check_profile" in said.out


def test_a_model_server_that_does_not_listen_fails_and_one_that_does_is_well(
    cli: Cli, var: Path, free_port: int
) -> None:
    var.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = server.getsockname()[1]
        (var / "guiju.yaml").write_text(
            "upstreams:\n"
            f"  - {{name: there, base_url: 'http://127.0.0.1:{there}/v1', api_key: geheim-123}}\n"
            f"  - {{name: gone, base_url: 'http://127.0.0.1:{free_port}/v1'}}\n"
        )
        said = cli("doctor")
    assert said.status == 1
    assert line(said, "upstream there").startswith("ok")
    assert line(said, "upstream gone").startswith("fail")
    assert "geheim" not in said.out


class Metrics(http.server.BaseHTTPRequestHandler):
    content = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def neighbour(free_port: int) -> Iterator[type[Metrics]]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port), Metrics) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Metrics
        server.shutdown()


def test_the_port_is_ours_or_somebody_elses(cli: Cli, neighbour: type[Metrics]) -> None:
    neighbour.content = b"other_total 1\n"
    said = cli("doctor")
    assert said.status == 1
    assert line(said, "port").startswith("fail")
    neighbour.content = b"guiju_exchanges_total 1\n"
    assert line(cli("doctor"), "port").startswith("ok")


def test_a_data_folder_that_is_a_file_fails(cli: Cli, var: Path) -> None:
    var.write_text("")
    said = cli("doctor")
    assert said.status == 1
    assert line(said, "data folder").startswith("fail")


def test_doctor_and_verify_look_at_either_kind_of_database(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("GUIJU_DATABASE_URL", database_url)
    house = build_house(Settings())
    house.ledger.start()
    house.ledger.stop()
    house.database.close()
    assert line(cli("doctor"), "database").startswith("ok")
    assert cli("ledger", "verify").status == 0
