"""Checks of what the operator keeps and wrote: database, keys, model servers, provider code, service profile."""

import socket
import sqlite3
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from guiju.bootstrap import open_evidence, profile_path
from guiju.cli.checks.findings import Finding, Health
from guiju.cli.inputs import sqlite_file
from guiju.gateway.configuration import load_configuration
from guiju.kit.clock import SystemClock
from guiju.kit.errors import GuijuError
from guiju.labelling.configuration import load_label_settings
from guiju.labelling.rules import check_producer
from guiju.law.profile import load_profile
from guiju.law.service import load_law
from guiju.settings import Settings
from guiju.storage.migrate import NEWEST

_SECONDS = 3.0
_OTHERS = 0o077
_SOON = timedelta(days=30)
_START = "guiju serve 启动时自动建立与升级 / guiju serve makes and upgrades it"


def check_database(settings: Settings) -> list[Finding]:
    """Say whether the database answers, and stands at the newest schema."""
    path = sqlite_file(settings)
    if path is not None:
        return [_check_sqlite(path)]
    what = "数据库 / database PostgreSQL"
    if not _master_key(settings).is_file():
        return [Finding(Health.WARN, what, "首次启动前没有检查 / not looked at before the first start", _START)]
    try:
        ledger = open_evidence(settings)
    except GuijuError as error:
        return [Finding(Health.FAIL, what, str(error), "检查 / check GUIJU_DATABASE_URL")]
    size = ledger.size()
    ledger.stop()
    return [Finding(Health.OK, what, f"账本 / ledger {size} 条 / entries")]


def _check_sqlite(path: Path) -> Finding:
    what = f"数据库 / database {path}"
    if not path.is_file():
        return Finding(Health.WARN, what, "还没有 / not there yet", _START)
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_SECONDS)
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        mend = "从备份恢复，或检查文件权限 / restore it from a backup, or check its permissions"
        return Finding(Health.FAIL, what, f"读不出 / cannot be read: {error}", mend)
    version = row[0] if row else None
    if version == NEWEST:
        return Finding(Health.OK, what, f"版本 / schema {version}")
    if version is not None and str(version) > NEWEST:
        mend = "升级 guiju / upgrade guiju"
        return Finding(Health.FAIL, what, f"版本 {version} 比程序新 / is newer than this program ({NEWEST})", mend)
    return Finding(Health.WARN, what, f"版本 / schema {version} → {NEWEST}", _START)


def check_keys(settings: Settings) -> list[Finding]:
    """Say whether the ledger's keys are there and their owner's alone; without the master key no body opens."""
    what, keys = "账本密钥 / ledger keys", _master_key(settings).parent
    secrets = sorted(path for path in keys.glob("*.key") if path.is_file())
    if not _master_key(settings).is_file():
        database = sqlite_file(settings)
        if database is not None and database.is_file() and database.stat().st_size:
            mend = f"从备份恢复 {keys}；不要新建 / restore it from a backup; do not make new ones"
            return [Finding(Health.FAIL, what, "有数据库而没有主密钥 / a database and no master key", mend)]
        return [
            Finding(Health.WARN, what, "首次启动时建立 / made at the first start", "启动后立即备份 / back them up then")
        ]
    open_ones = [path for path in secrets if path.stat().st_mode & _OTHERS]
    if open_ones:
        mend = "chmod 600 " + " ".join(str(path) for path in open_ones)
        return [Finding(Health.FAIL, what, "别人可以读 / others may read them", mend)]
    return [Finding(Health.OK, what, f"{len(secrets)} 个，仅所有者可读 / readable by the owner only")]


def _master_key(settings: Settings) -> Path:
    return settings.var / "keys" / "master.key"


def check_upstreams(settings: Settings) -> list[Finding]:
    """Say of each model server whether something listens at its address; nothing is asked and no key is sent."""
    findings = []
    for upstream in load_configuration(settings.resolved_config).upstreams:
        what = f"模型服务 / upstream {upstream.name}"
        if not upstream.base_url:
            findings.append(Finding(Health.OK, what, f"内置 / built in · {upstream.kind}"))
            continue
        url = urlsplit(upstream.base_url)
        try:
            port = url.port or (443 if url.scheme == "https" else 80)
            socket.create_connection((url.hostname or "", port), _SECONDS).close()
        except (OSError, ValueError) as error:
            mend = f"启动它，或修改 {settings.resolved_config} / start it, or correct the file"
            findings.append(Finding(Health.FAIL, what, f"{upstream.base_url} 连不上 / not reachable: {error}", mend))
        else:
            findings.append(Finding(Health.OK, what, f"{upstream.base_url} 可连接 / reachable"))
    return findings


def check_provider_code(settings: Settings) -> list[Finding]:
    """Say whether the code in every implicit label has the form of the standard."""
    code = load_configuration(settings.resolved_config).provider_code
    what = "服务提供者编码 / provider code"
    _, warning = check_producer(code)
    if warning:
        mend = f'在 {settings.resolved_config} 写 provider_code: "…" / write provider_code in that file'
        return [Finding(Health.WARN, what, f"{warning} / {code!r} has not the form of TC260-PG-20252A", mend)]
    return [Finding(Health.OK, what, code)]


def check_c2pa(settings: Settings) -> list[Finding]:
    """Say whether C2PA manifests can be signed, where the operator wants them."""
    wanted = load_label_settings(settings.resolved_config).c2pa
    if wanted.certificates is None or wanted.key is None:
        return []
    what, now = "C2PA", SystemClock().now()
    if find_spec("c2pa") is None:
        return [Finding(Health.FAIL, what, "未安装 c2pa-python / is not installed", "pip install 'guiju[c2pa]'")]
    from guiju.labelling.provenance.signing_keys import read_signing_keys  # noqa: PLC0415 - only who signs pays

    try:
        keys = read_signing_keys(wanted.certificates, wanted.key, now=now)
    except GuijuError as error:
        return [Finding(Health.FAIL, what, str(error), "docs/how-to/label-files.md")]
    found = f"证书有效至 / certificate valid until {keys.ends:%Y-%m-%d}"
    if keys.ends - now < _SOON:
        return [Finding(Health.WARN, what, found, "换新证书后重启 / renew it and restart")]
    return [Finding(Health.OK, what, found)]


def check_profile(settings: Settings) -> list[Finding]:
    """Say how much of the service profile is declared; what is not leaves obligations undecided."""
    facts = load_law().facts()
    declared = len(load_profile(profile_path(settings), facts).facts)
    found = f"{declared}/{len(facts)} 项已申报 / facts declared"
    health = Health.OK if declared == len(facts) else Health.WARN
    return [Finding(health, "服务画像 / service profile", found, "" if health is Health.OK else "guiju init")]
