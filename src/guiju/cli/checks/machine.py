"""Checks of the machine: Python, hashes, disk, the data folder, the port, the built front end, the test browser."""

import hashlib
import os
import platform
import shutil
import socket
import sys
import urllib.request
from http.client import HTTPException
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from guiju.cli.checks.findings import Finding, Health
from guiju.settings import Settings

_OLDEST_PYTHON = (3, 11)
_GIGABYTE = 10**9
_TOO_LITTLE_GB, _LITTLE_GB = 1, 10
_BUILT = ("chat.js", "chat.css", "console.js", "console.css")
_SECONDS = 3.0


def check_python(_settings: Settings) -> list[Finding]:
    """Say which Python runs."""
    is_new = sys.version_info >= _OLDEST_PYTHON
    mend = "" if is_new else "安装 Python 3.11 或更新版本 / install Python 3.11 or newer"
    return [Finding(Health.OK if is_new else Health.FAIL, "Python", platform.python_version(), mend)]


def check_sm3(settings: Settings) -> list[Finding]:
    """Say whether SM3 can be used; it must, where the ledger is hashed with it."""
    try:
        hashlib.new("sm3", b"")
    except ValueError:
        health = Health.FAIL if settings.ledger_hash == "sm3" else Health.WARN
        mend = "需要带 SM3 的 OpenSSL；不用国密则不必 / needs an OpenSSL with SM3; sha256 works without"
        return [Finding(health, "SM3", "不可用 / not offered", mend)]
    return [Finding(Health.OK, "SM3", f"可用 / offered · 账本用 / the ledger uses {settings.ledger_hash}")]


def check_disk(settings: Settings) -> list[Finding]:
    """Say how much room there is where evidence is kept; a full disk stops the service."""
    free = shutil.disk_usage(_nearest(settings.var)).free / _GIGABYTE
    health = Health.OK if free >= _LITTLE_GB else Health.WARN if free >= _TOO_LITTLE_GB else Health.FAIL
    mend = (
        ""
        if health is Health.OK
        else "清理或扩容；磁盘写满即停止服务 / free or add space: a full disk stops the service"
    )
    return [Finding(health, "磁盘 / disk", f"{free:.1f} GB 可用 / free", mend)]


def check_folder(settings: Settings) -> list[Finding]:
    """Say whether the data folder can be written."""
    what, nearest = "数据文件夹 / data folder", _nearest(settings.var)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        mend = "修改权限，或用 GUIJU_VAR 另指一处 / change its permissions, or name another with GUIJU_VAR"
        return [Finding(Health.FAIL, what, f"{nearest} 不可写 / cannot be written", mend)]
    if nearest != settings.var:
        return [Finding(Health.OK, what, f"{settings.var} 首次启动时建立 / is made at the first start")]
    return [Finding(Health.OK, what, str(settings.var.resolve()))]


def check_port(settings: Settings) -> list[Finding]:
    """Say whether the port is free, or Guiju serves there already."""
    what = f"端口 / port {settings.host}:{settings.port}"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - compared, not listened on
    try:
        socket.create_connection((host, settings.port), _SECONDS).close()
    except OSError:
        return [_bindable(settings, what)]
    if _serves_guiju(host, settings.port):
        return [Finding(Health.OK, what, "规矩正在运行 / Guiju is serving")]
    mend = "停掉占用者，或换端口：guiju serve --port / stop what holds it, or take another: guiju serve --port"
    return [Finding(Health.FAIL, what, "被别的程序占用 / another program holds it", mend)]


def _bindable(settings: Settings, what: str) -> Finding:
    try:
        with socket.create_server((settings.host, settings.port), family=_family(settings.host)):
            return Finding(Health.OK, what, "空闲 / free")
    except OSError as error:
        mend = "检查 GUIJU_HOST 与 GUIJU_PORT / check GUIJU_HOST and GUIJU_PORT"
        return Finding(Health.FAIL, what, f"无法监听 / cannot listen: {error.strerror or error}", mend)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _serves_guiju(host: str, port: int) -> bool:
    """Whether what answers there offers a metric of ours."""
    place = f"[{host}]" if ":" in host else host
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{place}:{port}/metrics", timeout=_SECONDS) as reply:
            content: bytes = reply.read(1_000_000)
    except (OSError, HTTPException, ValueError):
        return False
    return b"guiju_" in content


def check_front_end(_settings: Settings) -> list[Finding]:
    """Say whether the browser's files were built."""
    folder = files("guiju").joinpath("web", "static", "build")
    missing = [name for name in _BUILT if not folder.joinpath(name).is_file()]
    what = "前端 / front end"
    if missing:
        mend = "npm ci && npm run build（或 / or make run）"
        return [Finding(Health.FAIL, what, f"没有构建 / not built: {', '.join(missing)}", mend)]
    return [Finding(Health.OK, what, "已构建 / built")]


def check_chromium(_settings: Settings) -> list[Finding]:
    """Say whether the browser tests can run; only developers need it."""
    what = "Chromium（仅测试 / tests only）"
    found = shutil.which("chromium")
    if found:
        return [Finding(Health.OK, what, found)]
    if find_spec("playwright") is None:
        return [Finding(Health.OK, what, "没有，运行服务不需要 / none; serving does not need it")]
    return [
        Finding(
            Health.WARN, what, "没有 / none", "sh tests/install_browser.sh（make test 会自动做 / make test does it）"
        )
    ]


def _nearest(path: Path) -> Path:
    """Return the folder itself, or the nearest one above it that exists."""
    for one in (path, *path.absolute().parents):
        if one.exists():
            return one
    return Path("/")
