"""`guiju doctor`: goes through what Guiju needs, and says of each thing how it stands and how to mend it."""

import typer

from guiju.cli.checks import house, machine
from guiju.cli.checks.findings import Finding, Health
from guiju.cli.inputs import read_settings
from guiju.cli.terminal import say, working
from guiju.kit.errors import GuijuError

_MARKS = {Health.OK: ("ok  ", "green"), Health.WARN: ("warn", "yellow"), Health.FAIL: ("fail", "red")}
_CHECKS = (
    machine.check_python,
    machine.check_sm3,
    machine.check_disk,
    machine.check_folder,
    house.check_database,
    house.check_keys,
    machine.check_port,
    machine.check_front_end,
    house.check_upstreams,
    house.check_provider_code,
    house.check_c2pa,
    house.check_profile,
    machine.check_chromium,
)


def command() -> None:
    """检查环境，逐项说明怎么修；有 fail 则退出码为 1。/ Check this machine; exit 1 when something fails."""
    settings = read_settings()
    findings: list[Finding] = []
    with working("检查 / checking"):
        for check in _CHECKS:
            try:
                findings.extend(check(settings))
            except (GuijuError, OSError) as error:
                # A check that could not run is not a check that passed.
                findings.append(
                    Finding(Health.FAIL, check.__name__, f"检查没能完成 / the check could not run: {error}")
                )
    for finding in findings:
        mark, style = _MARKS[finding.health]
        say(f"{mark} {finding.what}：{finding.found}", style=style)
        if finding.mend:
            say(f"     → {finding.mend}")
    failed = sum(finding.health is Health.FAIL for finding in findings)
    warned = sum(finding.health is Health.WARN for finding in findings)
    say(f"{len(findings)} 项 / checks：fail {failed}，warn {warned}")
    if failed:
        raise typer.Exit(1)
