"""`guiju app`: the programs that may call, whom they may serve, and how much."""

from dataclasses import replace
from typing import Annotated

import typer

from guiju.cli.key import By, Which, Why, app_named
from guiju.cli.people import house_as, opened_house
from guiju.cli.terminal import note, say, table
from guiju.gateway.app_rules import LIMIT_NAMES, AppRules, LimitRules, ServedUsers, read_rules, rules_facts
from guiju.kit.canonical_json import canonical_text
from guiju.kit.errors import InputError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Limits = Annotated[
    list[str] | None,
    typer.Option("--limit", help=f"整个应用的限额，名=数，空为不限 / limits of the app: {'、'.join(LIMIT_NAMES)}"),
]
UserLimits = Annotated[
    list[str] | None, typer.Option("--user-limit", help="每个用户的限额，写法同上 / limits of each user, written alike")
]


@app.command("list")
def list_apps() -> None:
    """列出应用和规则。/ List the apps and their rules."""
    with opened_house() as house:
        found = house.gateway.apps()
        keys = {one.id: house.gateway.keys(one.id) for one in found}
        now = house.clock.now()
    table(
        ("编号 / id", "名称 / name", "#有效密钥 / keys", "规则 / rules"),
        [
            (
                one.id,
                one.name,
                str(sum(key.is_in_force(now) for key in keys[one.id])),
                canonical_text(rules_facts(one.rules)) if one.rules != AppRules() else "—",
            )
            for one in found
        ],
    )


@app.command()
def create(name: Annotated[str, typer.Argument(help="名称 / name")], by: By, *, reason: Why) -> None:
    """新建应用和第一把密钥，密钥只显示一次。/ Make an app and its first key, which is shown once."""
    with house_as(by, "manage_apps") as (house, member):
        made, secret = house.gateway.create_app(name, actor=f"staff:{member.id}", reason=reason)
    note(f"应用 {made.id}；密钥只显示这一次 / app {made.id}; the key is shown once:")
    say(secret)


@app.command("set")
def change(  # noqa: PLR0913 - one option a rule
    which: Which,
    by: By,
    *,
    reason: Why,
    serves: Annotated[
        ServedUsers | None, typer.Option(help="可服务的用户 / whom it may serve: anybody, named, signed_in")
    ] = None,
    must_be_real: Annotated[bool | None, typer.Option(help="用户须已声明真实身份 / only users declared real")] = None,
    may_declare: Annotated[bool | None, typer.Option(help="可声明用户身份状态 / may declare that of its users")] = None,
    limit: Limits = None,
    user_limit: UserLimits = None,
) -> None:
    """更改规则与限额，一秒之内在所有进程生效。/ Change rules and limits; every process follows within a second."""
    with house_as(by, "manage_apps") as (house, member):
        found = app_named(house, which)
        rules = AppRules(
            serves=found.rules.serves if serves is None else serves,
            must_be_real=found.rules.must_be_real if must_be_real is None else must_be_real,
            may_declare=found.rules.may_declare if may_declare is None else may_declare,
            app=_limited(found.rules.app, limit or ()),
            user=_limited(found.rules.user, user_limit or ()),
        )
        rules = read_rules(rules_facts(rules))
        house.gateway.change_app(replace(found, rules=rules), actor=f"staff:{member.id}", reason=reason)
    say(canonical_text(rules_facts(rules)))


def _limited(limits: LimitRules, words: "list[str] | tuple[str, ...]") -> LimitRules:
    for word in words:
        name, _, number = word.partition("=")
        if name not in LIMIT_NAMES or not (number == "" or (number.isascii() and number.isdigit())):
            raise InputError(
                f"{word[:60]!r} 应写成 名=数，名是 {'、'.join(LIMIT_NAMES)} 之一。",
                f"Write {word[:60]!r} as name=number; names are {', '.join(LIMIT_NAMES)}.",
                where="--limit",
            )
        limits = replace(limits, **{name: int(number) if number else None})
    return limits
