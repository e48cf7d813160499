"""Does a prefix of a banned term leave a gateway, however the model server cuts its stream? A program of its own.

It needs Python 3.11 and nothing else, and runs against any gateway that speaks the OpenAI protocol:

1. give the gateway a model server at `http://HOST:PORT/v1` for the model `--model`; this program is it (`--listen`);
2. tell the gateway to let out none of the terms: `--show-terms` prints the five, `--terms FILE` takes others;
3. `python leaks.py --gateway http://127.0.0.1:8000/v1 --key KEY`

For each case the model server sends a text with one term in it, cut in one certain way: between any two characters,
after every character, in the middle of a character's bytes, across network packets, all in one piece … The client puts
together what it got. A case *leaks* when a first part of the term arrived, and *misses* when all of it did. Harmless
texts, among them the beginnings of terms that go on differently, must arrive whole.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import sys
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

TERMS = ("赤狐行动计划", "黑水银号", "零号配方甲", "夜莺交易所", "forbidden-phrase")
BEFORE = ("", "好的，", "这是一段没有问题的话。接着说：")
AFTER = ("", "，后面还有几句话。", "。完")
_OK, _SERVER_ERROR = 200, 500
_STREAM, _WHOLE = "stream", "whole"


@dataclass(frozen=True)
class Case:
    """One answer of the model server.

    Attributes:
        number: by which the client asks for it.
        cut: what kind of cutting it is.
        mode: `stream` or `whole`.
        before: what may leave.
        term: what must not; empty for a text that is harmless.
        pieces: the text as it is cut into events.
        packets: how the bytes of the events are cut: `event` (one write each), `byte` (in the middle of a character),
            `one` (all in one write).
    """

    number: int
    cut: str
    mode: str
    before: str
    term: str
    pieces: tuple[str, ...]
    packets: str = "event"

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


def cases(terms: tuple[str, ...]) -> list[Case]:
    """Return every case, numbered."""
    return [Case(number, *rest) for number, rest in enumerate(_cases(terms))]


def _cases(terms: tuple[str, ...]) -> Iterator[tuple[str, str, str, str, tuple[str, ...], str]]:
    for at, term in enumerate(terms):
        for place, before in enumerate(BEFORE):
            after = AFTER[(at + place) % len(AFTER)]
            yield from _split(term, before, after)
            yield from _packed(term, before, after)
            yield from _harmless(term, before)


def _split(term: str, before: str, after: str) -> Iterator[tuple[str, str, str, str, tuple[str, ...], str]]:
    for cut in range(1, len(term)):
        pieces = _without_empty(before, term[:cut], term[cut:], after)
        yield "一处切开 / cut once", _STREAM, before, term, pieces, "event"
    for cut in range(1, len(term) - 1):
        pieces = _without_empty(before + term[:cut], term[cut : cut + 1], term[cut + 1 :] + after)
        yield "两处切开，前后相连 / cut twice, joined", _STREAM, before, term, pieces, "event"
    yield "逐字 / every character", _STREAM, before, term, tuple(before + term + after), "event"
    yield "到词尾为止 / ends with the term", _STREAM, before, term, tuple(before + term), "event"


def _packed(term: str, before: str, after: str) -> Iterator[tuple[str, str, str, str, tuple[str, ...], str]]:
    text = before + term + after
    yield "一个事件 / one event", _STREAM, before, term, (text,), "event"
    yield "一个网络包 / one packet", _STREAM, before, term, tuple(text), "one"
    yield "切在字符的字节中间 / within a character", _STREAM, before, term, tuple(text), "byte"
    yield "整段 / whole answer", _WHOLE, before, term, (text,), "event"


def _harmless(term: str, before: str) -> Iterator[tuple[str, str, str, str, tuple[str, ...], str]]:
    for cut in (1, len(term) - 1):
        near = before + term[:cut] + "，别的。"
        yield "无害：像词首 / begins like a term", _STREAM, near, "", tuple(near), "event"
    yield "无害：词首收尾 / ends like one", _STREAM, before + term[:-1], "", tuple(before + term[:-1]), "event"
    yield "无害：整段 / whole", _WHOLE, before + "没有问题。", "", (before + "没有问题。",), "event"


def _without_empty(*pieces: str) -> tuple[str, ...]:
    return tuple(piece for piece in pieces if piece)


# --- the model server -------------------------------------------------------------------------------------------------


class ModelServer:
    """Answers `case N` with the answer of case N."""

    def __init__(self, known: list[Case], model: str) -> None:
        """Serve `known` as `model`."""
        self._known = known
        self._model = model

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                if head.startswith("GET"):
                    await _json(writer, {"object": "list", "data": [{"id": self._model, "object": "model"}]})
                    continue
                asked = json.loads(body)
                case = self._known[int(str(_last_text(asked)).rsplit(" ", 1)[1])]
                await (self._stream(writer, case) if asked.get("stream") else self._whole(writer, case))
        writer.close()

    async def _whole(self, writer: asyncio.StreamWriter, case: Case) -> None:
        message = {"role": "assistant", "content": case.text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        answer = {"id": "c", "object": "chat.completion", "created": 0, "model": self._model}
        await _json(writer, {**answer, "choices": [choice], "usage": usage})

    async def _stream(self, writer: asyncio.StreamWriter, case: Case) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        events = [self._event({"role": "assistant", "content": ""})]
        events += [self._event({"content": piece}) for piece in case.pieces]
        events += [self._event({}, "stop"), b"data: [DONE]\n\n"]
        for data in _packets(events, case.packets):
            writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.002)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    def _event(self, delta: dict[str, str], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        event = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": self._model, "choices": [choice]}
        return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"


def _packets(events: list[bytes], how: str) -> Iterator[bytes]:
    data = b"".join(events)
    if how == "one":
        yield data
    elif how == "byte":
        places = [at for at in range(1, len(data)) if data[at] & 0xC0 == 0x80]  # every cut within a character
        yield from (data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True))
    else:
        yield from events


async def _json(writer: asyncio.StreamWriter, value: object) -> None:
    data = json.dumps(value, ensure_ascii=False).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)
    await writer.drain()


def _last_text(asked: dict[str, list[dict[str, object]]]) -> object:
    content = asked["messages"][-1]["content"]
    return content[-1]["text"] if isinstance(content, list) else content


# --- the client -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """The gateway that is tried: its address with `/v1`, a key, the model's name there."""

    gateway: str
    key: str
    model: str = "leaks"


@dataclass(frozen=True)
class Result:
    """What came of a case: how much of the term arrived, whether a harmless text arrived whole, whether it hung up."""

    case: Case
    got: str
    leaked: int
    is_harmed: bool
    error: str = ""
    is_cut: bool = False


def ask(target: Target, case: Case) -> Result:
    """Ask for one case."""
    parts = urllib.parse.urlsplit(target.gateway)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=60)
    body = {
        "model": target.model,
        "stream": case.mode == _STREAM,
        "messages": [{"role": "user", "content": f"case {case.number}"}],
    }
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {target.key}"}
    is_cut = False
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        raw = response.read().decode("utf-8", "replace")
    except http.client.IncompleteRead as error:
        raw, is_cut = error.partial.decode("utf-8", "replace"), True  # it hung up, and what came before has come
    except (OSError, http.client.HTTPException) as error:
        return Result(case, "", 0, is_harmed=not case.term, error=type(error).__name__)
    finally:
        connection.close()
    got = _streamed(raw) if case.mode == _STREAM and response.status == _OK else _said(raw)
    # A gateway may refuse with an error of the caller's kind; any other answer is no answer to this question.
    is_answer = response.status == _OK or (case.term and _OK < response.status < _SERVER_ERROR)
    result = judge(case, got, error="" if is_answer else f"HTTP {response.status} {raw[:200]}")
    return replace(result, is_cut=is_cut)


def judge(case: Case, got: str, error: str = "") -> Result:
    """Say how much of the term is in what the client has."""
    if not case.term:
        return Result(case, got, 0, is_harmed=got.rstrip() != case.text.rstrip(), error=error)
    if case.term in got:
        return Result(case, got, len(case.term), is_harmed=False)
    # What the gateway adds of its own comes behind what it let out: a leak stands right after `before`.
    rest = got[len(case.before) :] if got.startswith(case.before) else ""
    leaked = next((n for n in range(len(case.term), 0, -1) if rest.startswith(case.term[:n])), 0)
    return Result(case, got, leaked, is_harmed=False, error=error)


def _streamed(raw: str) -> str:
    texts = []
    for line in raw.split("\n"):
        if line.startswith("data: {"):
            with contextlib.suppress(ValueError, KeyError, IndexError, TypeError):
                texts.append(json.loads(line[6:])["choices"][0]["delta"].get("content") or "")
    return "".join(texts)


def _said(raw: str) -> str:
    try:
        return json.loads(raw)["choices"][0]["message"]["content"] or ""
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


async def run(target: Target, known: list[Case], *, listen: str, at_once: int = 8) -> list[Result]:
    """Serve the model and ask for every case."""
    host, _, port = listen.rpartition(":")
    server = await asyncio.start_server(ModelServer(known, target.model).serve, host, int(port), limit=1 << 20)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(at_once) as pool:
        waiting = [loop.run_in_executor(pool, ask, target, case) for case in known]
        results = list(await asyncio.gather(*waiting))
    server.close()
    return results


def table(results: list[Result]) -> str:
    """Write what came of the cases, one line for each kind of cutting."""
    kinds: dict[str, list[Result]] = {}
    for result in results:
        kinds.setdefault(result.case.cut, []).append(result)
    lines = [
        "| 切法 cutting | 用例 cases | 漏出词首 leaked | 整词漏出 missed | 无害文本受损 harmed | 掐断连接 hung up |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [_line(kind, rows) for kind, rows in kinds.items()]
    return "\n".join((*lines, _line("**合计 total**", results)))


def _line(kind: str, rows: list[Result]) -> str:
    leaked = sum(0 < row.leaked < len(row.case.term) for row in rows)
    missed = sum(bool(row.case.term) and row.leaked == len(row.case.term) for row in rows)
    harmed, cut = sum(row.is_harmed for row in rows), sum(row.is_cut for row in rows)
    return f"| {kind} | {len(rows)} | {leaked} | {missed} | {harmed} | {cut} |"


def main() -> int:
    """Run every case; the exit status is 1 when anything leaked or a harmless text was harmed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--gateway", help="its base address, with /v1")
    parser.add_argument("--show-terms", action="store_true", help="print the terms and end")
    parser.add_argument("--key", default="none")
    parser.add_argument("--model", default="leaks")
    parser.add_argument("--listen", default="127.0.0.1:9800", help="where the gateway finds this model server")
    parser.add_argument("--terms", type=Path, help="one term a line, of two characters or more")
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--json", type=Path, help="write every case and what came of it")
    given = parser.parse_args()
    terms = TERMS if given.terms is None else tuple(given.terms.read_text(encoding="utf-8").split("\n"))
    if given.show_terms or given.gateway is None:
        print("\n".join(terms))
        return 0
    known = cases(tuple(term.strip() for term in terms if len(term.strip()) > 1))
    target = Target(given.gateway, given.key, given.model)
    results = asyncio.run(run(target, known, listen=given.listen, at_once=given.at_once))
    print(table(results))
    errors = Counter(result.error for result in results if result.error)
    if errors:
        print("\n错误 errors:", ", ".join(f"{name} × {count}" for name, count in errors.items()))
    for result in [result for result in results if result.leaked or result.is_harmed][:10]:
        print(f"  {result.case.number} {result.case.cut}: {result.case.pieces} -> {result.got!r}")
    if given.json:
        rows = [
            {"case": r.case.number, "cut": r.case.cut, "term": r.case.term, "leaked": r.leaked, "harmed": r.is_harmed}
            for r in results
        ]
        given.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return int(any(result.leaked or result.is_harmed or result.error for result in results))


if __name__ == "__main__":
    sys.exit(main())
