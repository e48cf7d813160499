"""The chat page of end users, its own stream, and objections to what was withheld (articles 4, 12 and 15)."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from guiju.gateway.models import App, ChatCall, ChatReply, ExchangeRecord
from guiju.kit.correlation import begin
from guiju.kit.errors import GuijuError, InputError, NotFoundError, RefusedError
from guiju.staff.throttle import Throttle
from guiju.web.door import Door, Visit, status_of
from guiju.web.rendering import AI_MARK, half
from guiju.web.security import person_of
from guiju.web.tables import plain

CHAT_APP = "chat-page"
_MOST_TURNS = 200
_LONGEST_OBJECTION = 4000
_LONGEST_CONTACT = 200
_OBJECTIONS_AN_HOUR = 10
_EXAMPLES = (
    "向公众提供生成式人工智能服务，需要做哪些备案和评估？",
    "用户要求删除个人信息，提供者应当怎样处理？",
    "发现违法内容以后，提供者必须采取哪些措施？",
)


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """One turn as the page without JavaScript shows it; `reasons` are titles of risks."""

    role: str
    content: str
    receipt: str = ""
    is_withheld: bool = False
    reasons: tuple[str, ...] = ()


def chat_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    objections = Throttle(door.house.clock, _OBJECTIONS_AN_HOUR, window_seconds=3600, capacity=10_000)

    def object_here(visit: Visit) -> Response:
        return object_to(visit, objections)

    return [
        door.get("/", show_chat),
        door.post("/chat", chat_without_scripts),
        door.post("/chat/completions", complete),
        door.get("/objections/{exchange_id}", show_objection),
        door.post("/objections/{exchange_id}", object_here),
    ]


def show_chat(visit: Visit) -> Response:
    """Show an empty conversation."""
    return _page(visit, [])


async def complete(visit: Visit) -> Response:
    """Pass a conversation to the gateway in the visitor's name and stream the answer (for the page's own script)."""
    correlation = begin(traced_share=visit.house.gateway.metrics.traced_share)
    call = ChatCall(visit.form.get("json", "").encode(), app=await _chat_app(visit), end_user=person_of(visit.secret))
    reply = await visit.house.gateway.chat(call)
    headers = {**dict(reply.headers), "x-exchange-id": correlation.id}
    if reply.pieces is None:
        return Response(reply.body, reply.status, headers)
    return StreamingResponse(_closing(reply.pieces), reply.status, headers)


async def chat_without_scripts(visit: Visit) -> Response:
    """Answer a plain form post with the whole page."""
    text, model = visit.form.get("message", "").strip(), visit.form.get("model", "")
    turns = _read_history(visit.form.get("history", ""))
    if not text:
        raise InputError("请写下你的问题再发送。", "Write your question before sending.", where="message")
    turns.append(ShownTurn("user", text))
    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    body = orjson.dumps({"model": model, "messages": messages, "stream": False})
    call = ChatCall(body, app=await _chat_app(visit), end_user=person_of(visit.secret))
    reply = await visit.house.gateway.chat(call)
    answer = _read_answer(visit, reply)
    if isinstance(answer, str):
        return await run_in_threadpool(_page, visit, turns[:-1], problem=answer, draft=text, model=model)
    return await run_in_threadpool(_page, visit, [*turns, answer], model=model)


def show_objection(visit: Visit) -> Response:
    """Show the form for an objection, and what was answered to earlier ones."""
    record = _known_exchange(visit)
    answers = visit.house.review.queue.answers_to(record.id, record.person)
    return visit.render(
        "objection.html", exchange_id=record.id, entry_id="", problem=None, text="", contact="", answers=answers
    )


def object_to(visit: Visit, throttle: Throttle) -> Response:
    """Put an objection into the ledger and show the number under which it stands."""
    record = _known_exchange(visit)
    exchange_id = record.id
    text, contact = visit.form.get("text", "").strip(), visit.form.get("contact", "").strip()
    person = person_of(visit.secret)
    try:
        if not 0 < len(text) <= _LONGEST_OBJECTION or len(contact) > _LONGEST_CONTACT:
            raise InputError(
                f"请写明理由（不超过 {_LONGEST_OBJECTION} 字），联系方式不超过 {_LONGEST_CONTACT} 字。",
                f"Give a reason (up to {_LONGEST_OBJECTION} characters) and a contact of up to {_LONGEST_CONTACT}.",
            )
        if throttle.wait_seconds(person):
            raise RefusedError(
                "你在一小时内提交的异议过多，请稍后再提交；已提交的都已受理。",
                "You sent many objections within an hour; try again later. Those you sent are recorded.",
            )
        # The objection belongs to the person whose exchange it is, so that erasing that person erases it too.
        entry_id = visit.house.gateway.object_to(record.id, text, contact=contact, person=record.person).id
    except GuijuError as error:
        return visit.render(
            "objection.html",
            status_of(error),
            exchange_id=exchange_id,
            entry_id="",
            problem=error.text(visit.language),
            text=text,
            contact=contact,
        )
    throttle.count(person)
    return visit.render("objection.html", exchange_id=exchange_id, entry_id=entry_id, problem=None, text="", contact="")


def _page(visit: Visit, turns: list[ShownTurn], *, problem: str = "", draft: str = "", model: str = "") -> Response:
    t = visit.t
    models = [item.id for item in visit.house.gateway.models()]
    history = orjson.dumps([{"role": turn.role, "content": turn.content} for turn in turns[-_MOST_TURNS:]]).decode()
    return visit.render(
        "chat.html",
        turns=turns,
        problem=problem,
        draft=draft,
        models=models,
        model=model if model in models else (models[0] if models else ""),
        history=history if turns else "",
        examples=[t(example) for example in _EXAMPLES],
        risk_titles=orjson.dumps(_risk_titles(visit)).decode(),
        texts=orjson.dumps(_script_texts(visit)).decode(),
    )


def _risk_titles(visit: Visit) -> dict[str, str]:
    return {risk.id: visit.t.pick(risk.title, risk.title_en) for risk in visit.house.law.risks()}


def _script_texts(visit: Visit) -> dict[str, str]:
    t = visit.t
    return {
        "thinking": t("正在回答。"),
        "done": t("回答完毕。"),
        "stopped": t("已停止生成。"),
        "copied": t("已复制"),
        "copy": t("复制"),
        "failed": t("无法连接服务，请稍后重试。"),
        "cut": t("连接中断，以上内容可能不完整。"),
        "cut_short": t("回答不完整。"),
        "withheld": t("这条内容未按原样给出。"),
        "because": t("原因：可能涉及"),
        "undetermined": t("原因：审核未能得出结论，按规定不予放行。"),
        "full_stop": t("。"),
        "question": t("提问"),
        "answer": t("回答"),
        "receipt": t("回执号"),
        "mark": t(AI_MARK),
    }


def _read_history(text: str) -> list[ShownTurn]:
    """Read the turns that the page carried along; what a visitor made up there is moderated like any other input."""
    if not text:
        return []
    try:
        items = orjson.loads(text)
        turns = [ShownTurn(item["role"], item["content"]) for item in items]
    except (orjson.JSONDecodeError, TypeError, KeyError) as error:
        raise _bad_history() from error
    is_sound = all(turn.role in {"user", "assistant"} and isinstance(turn.content, str) for turn in turns)
    if not is_sound or len(turns) > _MOST_TURNS:
        raise _bad_history()
    return turns


def _bad_history() -> InputError:
    return InputError(
        "对话记录无法读取。请点“新对话”重新开始。", "The conversation cannot be read. Start a new one.", where="history"
    )


def _read_answer(visit: Visit, reply: ChatReply) -> ShownTurn | str:
    """Return the answer, or the text of what went wrong."""
    try:
        body = orjson.loads(reply.body)
        if "error" in body:
            return half(str(body["error"]["message"]), visit.language)
        choice = body["choices"][0]
        verdict = body.get("guiju") or {}
        is_withheld = choice.get("finish_reason") == "content_filter"
        titles = _risk_titles(visit)
        return ShownTurn(
            "assistant",
            choice["message"]["content"] or "",
            str(verdict.get("exchange_id", "")),
            is_withheld,
            tuple(titles.get(risk, risk) for risk in verdict.get("risks", ())) if is_withheld else (),
        )
    except (orjson.JSONDecodeError, TypeError, KeyError, IndexError):
        return visit.t("服务没有给出可读的回答，请稍后重试。")


async def _chat_app(visit: Visit) -> App:
    apps = await run_in_threadpool(visit.house.gateway.apps)
    return next((app for app in apps if app.name == CHAT_APP), App(CHAT_APP, CHAT_APP))


async def _closing(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Close the gateway's stream whatever happens to the visitor, so that the upstream is stopped and that recorded."""
    async with aclosing(pieces) as open_pieces:  # type: ignore[type-var]
        async for piece in open_pieces:
            yield piece


def _known_exchange(visit: Visit) -> ExchangeRecord:
    try:
        return visit.house.gateway.exchange(plain(visit.request.path_params["exchange_id"], 64))
    except NotFoundError as error:
        raise NotFoundError(
            "没有这个回执号对应的对话。请从回答下方的链接进入；刚结束的对话请稍等一两秒。",
            "There is no exchange with this receipt number. Use the link below the answer; wait a second if it is new.",
        ) from error
