"""Finds the room that a command line asks for, imports that room only, and turns every failure into words."""

import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from types import MappingProxyType

import typer

from guiju.kit.errors import GuijuError

# `guiju --help` names every room and imports none: importing them all costs many times what the answer costs.
ROOMS = MappingProxyType(
    {
        "init": "填写服务画像 / answer what decides which obligations bind this service",
        "serve": "启动网关与控制台 / start the gateway and the console",
        "app": "应用：谁可以调用，服务谁，多少 / apps: who may call, for whom, how much",
        "sanction": "用户处置：列出、作出、解除 / measures against users: list, impose, lift",
        "key": "密钥：新建、更换、吊销 / keys of an app: create, rotate, revoke",
        "keywords": "关键词库：导入、变更、检查、统计 / the keyword library: import, changes, check, stats",
        "review": "复核：列出、导出样例 / the review queue: list, export examples",
        "policy": "策略：检查、查看、试判、测试、比较 / the policy: check, show, try, test, diff, schema",
        "moderation": "审核：评测、自训类别、随附权重 / moderation: evaluate, adapt, what ships",
        "media": "图片与声音：试判、屏蔽图片 / pictures and sound: try one, block a picture",
        "label": "给文件加标识 / put the label of generated content into files",
        "label-key": "标识的签名密钥：公钥、轮换 / keys that labels are signed with: show, rotate",
        "inspect": "查看文件的标识 / show the labels in files",
        "propagate": "传播核验：文件是否生成合成，补写传播要素 / judge files of others, add who spreads them",
        "recover": "按隐形水印找回图片的编号 / find the number of a picture that lost its label",
        "deliver": "应用户要求提供没有显式标识的内容 / give out content without an explicit mark, on request",
        "verify": "核验文件的标识 / check labels, their signature and our records",
        "corpus": "训练数据：抽样、判定来源、查重 / training data: sample and judge a source, find duplicates",
        "privacy": "个人信息：在训练数据中找出、去掉 / personal information in training data: find it, take it out",
        "ledger": "账本：核验、查看、证明、导出、删除 / the ledger: verify, show, prove, export, erase",
        "law": "办法：条款、参数、覆盖检查、评估 / the law: list, show, parameters, check, assess",
        "witness": "运行见证者 / run a witness for somebody's ledger",
        "doctor": "检查环境，说明怎么修 / check this machine and say how to mend it",
    }
)
_MODULES = MappingProxyType(
    {
        "init": "initialise",
        "app": "applications",
        "label": "label_write",
        "label-key": "label_key",
        "inspect": "label_inspect",
        "deliver": "label_deliver",
        "propagate": "label_propagate",
        "recover": "label_recover",
        "verify": "label_verify",
    }
)
_WIDEST = 140
USAGE_STATUS = 2
_UNEXPECTED_STATUS = 70  # EX_SOFTWARE of sysexits.h
_INTERRUPTED_STATUS = 130  # 128 + SIGINT, as shells have it


def build_app(wanted: str | None) -> typer.Typer:
    """Return the command line with the room `wanted` in full, and of the other rooms only what help says."""
    app = typer.Typer(
        name="guiju",
        help="规矩：合规地运行境内面向公众的生成式人工智能服务，并能证明。"
        "/ Run a public generative-AI service in mainland China lawfully, and be able to prove it.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _WIDEST},
    )

    @app.callback()
    def root() -> None:
        """Hold the rooms together: without this, a single command would take the program's own place."""

    for name, says in ROOMS.items():
        if name == wanted:
            room = importlib.import_module(f"guiju.cli.{_MODULES.get(name, name)}")
            if hasattr(room, "app"):
                app.add_typer(room.app, name=name, help=says)
            else:
                app.command(name)(room.command)
        else:
            app.command(name, help=says)(_unopened)
    return app


def _unopened() -> None:
    """Stand for a room that this command line does not ask for."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; end the process with 0, 1 (checked, and not in order), 2 (cannot be done) or 70."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that has no Chinese shows escapes; it must not end the work half way.
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    sys.exit(run(words))


def run(words: Sequence[str]) -> int:
    """Run one command line and return its exit status."""
    wanted = next((word for word in words if not word.startswith("-")), None)
    try:
        build_app(wanted)(list(words), prog_name="guiju")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except KeyboardInterrupt:
        _say("已中断。", "Interrupted.")
        return _INTERRUPTED_STATUS
    except (GuijuError, OSError) as error:
        return _said_error(error)
    except Exception as error:  # noqa: BLE001 - the door: what nobody foresaw is told in words, in full to who asks for it
        return _said_unforeseen(error)
    return 0


def _said_error(error: GuijuError | OSError) -> int:
    if isinstance(error, BrokenPipeError):
        # The reader (`| head`) has enough; the interpreter must not complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, GuijuError):
        _say(error.text("zh"), error.en)
    else:
        place = f"{error.filename}: " if error.filename else ""
        why = error.strerror or str(error)
        _say(f"{place}系统拒绝了操作：{why}。", f"{place}The system refused: {why}.")
    return USAGE_STATUS


def _said_unforeseen(error: Exception) -> int:
    if os.environ.get("GUIJU_LOG_LEVEL", "").upper() == "DEBUG":
        logging.getLogger(__name__).error("unforeseen", exc_info=error)
    what = f"{type(error).__name__}: {str(error)[:300]}"
    _say(
        f"出现未预料的错误（{what}）。请用 GUIJU_LOG_LEVEL=DEBUG 再运行一次，并报告其输出。",
        f"Something unforeseen went wrong ({what}). Run it again with GUIJU_LOG_LEVEL=DEBUG and report the output.",
    )
    return _UNEXPECTED_STATUS


def _say(zh: str, en: str) -> None:
    for line in (zh, en):
        shown = "".join(symbol if symbol.isprintable() or symbol == "\n" else "�" for symbol in line)
        print(shown.encode("utf-8", "replace").decode(), file=sys.stderr)
