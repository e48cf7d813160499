"""`guiju key`: the keys of an app, made, rotated, revoked; the secret is shown once."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from guiju.bootstrap import House
from guiju.cli.inputs import given, midnight
from guiju.cli.people import house_as, opened_house
from guiju.cli.terminal import beijing, note, say, table
from guiju.gateway.app_rules import read_scope
from guiju.gateway.models import ApiKey, App, KeyWish
from guiju.kit.errors import InputError, NotFoundError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

By = Annotated[str, typer.Option("--by", help="控制台账号名；口令另问，或取自 GUIJU_STAFF_PASSWORD / console account")]
Why = Annotated[str, typer.Option("--reason", callback=given, help="理由，记入证据 / why; recorded")]
Which = Annotated[str, typer.Argument(help="应用的编号或名称 / id or name of the app")]
KeyId = Annotated[str, typer.Argument(help="密钥编号 / id of the key")]


def app_named(house: House, wanted: str) -> App:
    """Return the app with this id, or the only one with this name.

    Raises:
        NotFoundError: there is none.
        InputError: several have the name.
    """
    found = [one for one in house.gateway.apps() if wanted in {one.id, one.name}]
    if not found:
        raise NotFoundError(
            f"没有应用 {wanted}；用 guiju app list 查看。",
            f"There is no app {wanted}; see guiju app list.",
            where="app",
        )
    if len(found) > 1:
        raise InputError(
            f"有多个应用叫 {wanted}；请写编号。", f"Several apps are called {wanted}; write the id.", where="app"
        )
    return found[0]


@app.command("list")
def list_keys(which: Which) -> None:
    """列出一个应用的密钥。/ List the keys of an app."""
    with opened_house() as house:
        keys = house.gateway.keys(app_named(house, which).id)
        now = house.clock.now()
    table(
        (
            "编号 / id",
            "开头 / prefix",
            "名称 / label",
            "状态 / state",
            "到期 / ends",
            "最近使用 / last used",
            "范围 / opens",
        ),
        [
            (
                key.id,
                f"{key.prefix}…",
                key.label or "—",
                _state(key, now),
                _at(key.expires_at),
                _at(key.last_used_at),
                _opens(key),
            )
            for key in keys
        ],
    )


@app.command()
def create(  # noqa: PLR0913 - one option a field
    which: Which,
    by: By,
    *,
    reason: Why,
    label: Annotated[str, typer.Option(help="给人看的名称 / a name for people")] = "",
    endpoint: Annotated[
        list[str] | None, typer.Option(help="只开放这些接口，如 chat/completions / opens these only")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="只开放这些模型 / opens these models only")] = None,
    until: Annotated[str, typer.Option(help="到这一天零时（北京）失效 / ends at the start of this day")] = "",
) -> None:
    """新建一把密钥，只显示一次。/ Make a key; it is shown once."""
    scope = read_scope(tuple(endpoint or ()), tuple(model or ()))
    wish = KeyWish(label, scope, midnight(until, "--until"))
    with house_as(by, "manage_apps") as (house, member):
        app_id = app_named(house, which).id
        key, secret = house.gateway.create_key(app_id, wish, actor=f"staff:{member.id}", reason=reason)
    _show_once(key, secret)


@app.command()
def rotate(
    which: Which,
    key_id: KeyId,
    by: By,
    *,
    reason: Why,
    overlap_hours: Annotated[
        float, typer.Option(min=0.0, help="新旧同时有效的小时数 / both are good for so long")
    ] = 24.0,
) -> None:
    """换一把新密钥，旧的到重叠期满失效。/ Put a new key in another's place; both are good for a while."""
    with house_as(by, "manage_apps") as (house, member):
        key, secret = house.gateway.rotate_key(
            app_named(house, which).id,
            key_id,
            overlap=timedelta(hours=overlap_hours),
            actor=f"staff:{member.id}",
            reason=reason,
        )
    _show_once(key, secret)


@app.command()
def revoke(which: Which, key_id: KeyId, by: By, *, reason: Why) -> None:
    """吊销，一秒之内在所有进程失效。/ Revoke; within a second no process takes it."""
    with house_as(by, "manage_apps") as (house, member):
        house.gateway.revoke_key(app_named(house, which).id, key_id, actor=f"staff:{member.id}", reason=reason)
    say("已吊销。 / Revoked.")


def _show_once(key: ApiKey, secret: str) -> None:
    note(f"密钥 {key.id}，只显示这一次 / key {key.id}, shown once:")
    say(secret)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "已吊销 / revoked"
    if not key.is_in_force(now):
        return "已到期 / ended"
    return "更换中 / being replaced" if key.replaced_by else "有效 / good"


def _at(at: datetime | None) -> str:
    return "—" if at is None else beijing(at)


def _opens(key: ApiKey) -> str:
    return ", ".join((*key.scope.endpoints, *key.scope.models)) or "全部 / everything"
