"""Limits of a call: slots and meters are passed before anything is done for it, what it used is counted at its end."""

import math
from dataclasses import dataclass

from guiju.gateway import rules
from guiju.gateway.entrance.errors import AdmissionError
from guiju.gateway.entrance.meters.desk import Denied, MeterDesk
from guiju.gateway.entrance.meters.models import Meter
from guiju.gateway.entrance.meters.plan import MONEY, NO_PLAN, REQUESTS, TOKENS, Plan, Planner
from guiju.gateway.entrance.meters.slots import SlotDesk
from guiju.gateway.entrance.models import Asking
from guiju.gateway.models import App
from guiju.gateway.prices import PriceTable, estimated_tokens
from guiju.kit.clock import Clock

_RETRY_MOST = 86_400 * 31
_SLOT_RETRY_SECONDS = 1
_TITLES = {
    "requests_per_minute": ("每分钟请求数", "requests a minute"),
    "requests_per_day": ("每日请求数", "requests a day"),
    "tokens_per_minute": ("每分钟词元数", "tokens a minute"),
    "tokens_per_day": ("每日词元数", "tokens a day"),
    "concurrent": ("同时进行的对话数", "exchanges at the same time"),
    "budget_tokens": ("本月词元预算", "this month's budget of tokens"),
    "budget_money": ("本月费用预算", "this month's budget of money"),
}
_OWNERS = {"app": ("应用", "the app"), "user": ("用户", "the user")}


class LimitError(AdmissionError):
    """A limit of the app or the user is reached."""

    code = "rate_limit_exceeded"
    status = 429
    kind = "rate_limit_error"
    provision = rules.STEADY_SERVICE

    def __init__(self, name: str, owner: str, limit: float, *, wait_seconds: float) -> None:
        """Say which limit it is and when to come again; never, where `wait_seconds` is infinite."""
        zh, en = _TITLES[name]
        owner_zh, owner_en = _OWNERS[owner]
        self.facts: dict[str, str | int] = {"limit": name, "owner": owner, "of": int(limit)}
        if math.isinf(wait_seconds):
            self.retry_after_seconds = 0
            then = (
                "这次调用本身就超过限额；请缩短内容，或请运营方调整",
                "this call alone is more; shorten it, or ask the operator",
            )
        else:
            self.retry_after_seconds = max(1, min(_RETRY_MOST, math.ceil(wait_seconds)))
            seconds = self.retry_after_seconds
            then = (f"请在 {seconds} 秒后重试", f"try again in {seconds} seconds")
        shown = int(limit)
        super().__init__(
            f"已达到{owner_zh}的{zh}限额（{shown}）；{then[0]}。",
            f"The limit of {owner_en} is reached: {en} ({shown}); {then[1]}.",
            where=name,
        )


class BudgetSpentError(LimitError):
    """A budget is spent."""

    code = "insufficient_quota"
    kind = "insufficient_quota"


class ConcurrencyError(LimitError):
    """So many exchanges are open already."""

    code = "concurrency_limit_exceeded"


class NoPriceError(AdmissionError):
    """There is a budget of money, and the model has no price."""

    code = "model_has_no_price"


@dataclass(slots=True)
class Allowance:
    """What a call was allowed, until it is over.

    Attributes:
        plan: the meters it passed.
        model: what it asked for.
        tokens: that were taken ahead, for its input.
        money: that was taken ahead.
    """

    plan: Plan
    model: str
    tokens: int = 0
    money: float = 0.0
    has_slots: bool = False
    is_counted: bool = False

    @property
    def counts_tokens(self) -> bool:
        """Whether anything depends on how many tokens the answer has."""
        return bool(self.plan.counting(TOKENS) or self.plan.counting(MONEY))


class Limits:
    """Passes calls through their limits."""

    def __init__(self, meters: MeterDesk, slots: SlotDesk, prices: PriceTable, clock: Clock) -> None:
        """Count with `meters` and `slots`; money by `prices`."""
        self._meters = meters
        self._slots = slots
        self._prices = prices
        self._clock = clock
        self._planner = Planner()

    async def allow(self, asking: Asking, person: str) -> Allowance:
        """Take what a call needs.

        Raises:
            LimitError: a limit is reached; nothing is taken then.
            NoPriceError: what it costs is not known, and there is a budget.
            StorageError: nothing is known.
        """
        plan = self._planner.plan(asking.app.id, person, asking.app.rules, now=self._clock.now())
        if plan.is_empty:
            return Allowance(NO_PLAN, asking.model)
        allowance = Allowance(plan, asking.model)
        wants: list[tuple[Meter, float]] = [(meter, 1.0) for meter in plan.counting(REQUESTS)]
        if asking.uses_model and allowance.counts_tokens:
            allowance.tokens = max(1, estimated_tokens(asking.octets))
            wants += [(meter, float(allowance.tokens)) for meter in plan.counting(TOKENS)]
        if asking.uses_model and plan.counting(MONEY):
            allowance.money = self._cost_ahead(asking.model, allowance.tokens)
            wants += [(meter, allowance.money) for meter in plan.counting(MONEY)]
        await self._enter(allowance)
        try:
            denied = await self._meters.take(wants)
        except BaseException:
            self.leave(allowance)
            raise
        if denied is not None:
            self.leave(allowance)
            raise _limit_error(denied)
        return allowance

    async def allow_bare(self, asking: Asking) -> None:
        """Count a call of an app that comes to nothing against the app's requests. Raises as `allow`."""
        plan = self._planner.plan(asking.app.id, "", asking.app.rules, now=self._clock.now())
        wants = [(meter, 1.0) for meter in plan.counting(REQUESTS) if meter.owner == "app"]
        if wants and (denied := await self._meters.take(wants)) is not None:
            raise _limit_error(denied)

    def leave(self, allowance: Allowance) -> None:
        """Give the slots back: the exchange is over; a second time does nothing."""
        if allowance.has_slots:
            allowance.has_slots = False
            for key, _, _ in allowance.plan.slots:
                self._slots.leave(key)

    def count(self, allowance: Allowance, tokens_in: int, tokens_out: int) -> None:
        """Count what an exchange used, once; what was taken ahead is part of it."""
        if allowance.is_counted:
            return
        allowance.is_counted = True
        if allowance.plan is NO_PLAN:
            return
        for meter in allowance.plan.counting(TOKENS):
            self._meters.charge(meter, tokens_in + tokens_out - allowance.tokens)
        if money := allowance.plan.counting(MONEY):
            cost = self.cost(allowance.model, tokens_in, tokens_out) or 0.0
            for meter in money:
                self._meters.charge(meter, cost - allowance.money)

    def cost(self, model: str, tokens_in: int, tokens_out: int) -> float | None:
        """Return what an answer costs in millionths; None where nobody said."""
        return self._prices.cost(model, tokens_in, tokens_out)

    def headers(self, allowance: Allowance) -> tuple[tuple[str, str], ...]:
        """Return the usual headers about the tightest limit of a minute, or else of a day; as far as is known here."""
        found: list[tuple[str, str]] = []
        if allowance.plan is NO_PLAN:
            return ()
        for unit in (REQUESTS, TOKENS):
            meters = [meter for meter in allowance.plan.counting(unit) if not meter.name.startswith("budget")]
            if meters:
                found += self._headers(unit, min(meters, key=self._meters.standing))
        return tuple(found)

    def levels(self, app: App) -> list[tuple[Meter, float]]:
        """Return the meters of an app and how much is left of each, as the store has it; blocks."""
        meters = [meter for meter, _ in self._planner.plan(app.id, "", app.rules, now=self._clock.now()).meters]
        return self._meters.levels([meter for meter in meters if meter.owner == "app"])

    async def keep_up(self) -> None:
        """Tell the store what was used."""
        await self._slots.keep_up()
        await self._meters.keep_up()

    async def stop(self) -> None:
        """Give everything back."""
        await self._slots.stop()
        await self._meters.stop()

    async def _enter(self, allowance: Allowance) -> None:
        entered: list[str] = []
        try:
            for key, limit, owner in allowance.plan.slots:
                await self._enter_one(key, limit, owner)
                entered.append(key)
        except BaseException:
            for key in entered:
                self._slots.leave(key)
            raise
        allowance.has_slots = bool(entered)

    async def _enter_one(self, key: str, limit: int, owner: str) -> None:
        if not await self._slots.enter(key, limit):
            raise ConcurrencyError("concurrent", owner, limit, wait_seconds=_SLOT_RETRY_SECONDS)

    def _cost_ahead(self, model: str, tokens: int) -> float:
        cost = self.cost(model, tokens, 0)
        if cost is None:
            raise NoPriceError(
                f"此应用有费用预算，而模型 {model} 在价目表中没有价格，无法计费；请运营方在配置的 prices 中补上。",
                f"This app has a budget of money, and {model} has no price; the operator can add it to prices.",
                where="model",
            )
        return cost

    def _headers(self, unit: str, meter: Meter) -> list[tuple[str, str]]:
        left = max(0, math.floor(self._meters.standing(meter)))
        if meter.period:
            resets = meter.ends_at - self._clock.now().timestamp()
        else:
            resets = (meter.capacity - left) / meter.per_second if meter.per_second > 0 else 0.0
        return [
            (f"x-ratelimit-limit-{unit}", f"{meter.capacity:.0f}"),
            (f"x-ratelimit-remaining-{unit}", str(left)),
            (f"x-ratelimit-reset-{unit}", f"{max(0, math.ceil(resets))}s"),
        ]


def _limit_error(denied: Denied) -> LimitError:
    meter = denied.meter
    kind = BudgetSpentError if meter.name.startswith("budget") else LimitError
    return kind(meter.name, meter.owner, meter.capacity, wait_seconds=denied.wait_seconds)
