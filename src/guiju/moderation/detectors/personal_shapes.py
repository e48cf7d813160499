"""The shapes of personal information, with their check digits and what must stand before them.

Shapes: GB 11643-1999 (resident ID: birth date and check character by ISO 7064 MOD 11-2), GB/T 2260 (its first two
digits; 81, 82 and 83 on residence permits of people from Hong Kong, Macau and Taiwan), the 11-digit mobile plan (1,
then 3 to 9), area codes of the fixed network, ISO/IEC 7812-1 (Luhn check of card numbers), RFC 5321 length limits of
addresses, GB 32100-2015 (unified social credit code: MOD 31-3), GA 36-2018 (vehicle plates; not those that end in a Han
character).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from guiju.text.personal import is_bank_card, is_credit_code, is_resident_id

_DIGITS_GATE = "(?:[0-9][ -]?){7}"
PLATE_HEADS = frozenset("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of personal information.

    Attributes:
        kind: its name in the policy.
        pattern: finds candidates; group 1 is the candidate. Looks ahead only, so that candidates may overlap.
        is_real: whether a candidate, without separators, is one.
        risks: of GB/T 45654 Appendix A.
        level: how grave.
        reason: for the reviewer.
        context: the candidate counts only when one of these stands shortly before the run; empty for no such need.
        lead: the candidate counts only when this matches what stands directly before it; None for no such need.
        gate: what a run must hold to be looked at at all; cheap.
        has_head: whether a run for it may begin with one of `PLATE_HEADS`.
    """

    kind: str
    pattern: re.Pattern[str]
    is_real: Callable[[str], bool]
    risks: tuple[str, ...]
    level: str
    reason: str
    context: tuple[str, ...] = ()
    lead: re.Pattern[str] | None = None
    gate: str = _DIGITS_GATE
    has_head: bool = False


def _is_anything(text: str) -> bool:
    return bool(text)


def _is_account(text: str) -> bool:
    """Whether a name looks like an account and not like a word."""
    return any(symbol in "0123456789_-" for symbol in text)


def _lead(words: str) -> re.Pattern[str]:
    return re.compile(f"(?:{words})(?:id|号码?|账号|帐号)? ?[:是为]? ?$")


SHAPES: tuple[Shape, ...] = (
    Shape(
        "resident_id",
        re.compile(
            r"(?<![0-9])(?=([1-9][0-9]{5}[ -]?(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9][ -]?[0-9]{3}[0-9x])(?![0-9a-z]))"
        ),
        is_resident_id,
        ("A.4-e", "A.4-f"),
        "high",
        "居民身份号码，校验码与出生日期均有效",
    ),
    Shape(
        "bank_card",
        re.compile(r"(?<![0-9])(?=((?:[0-9]{4}([ -]?)(?:[0-9]{4}\2){2,3}[0-9]{1,4}|[0-9]{15,19}))(?![0-9a-z]))"),
        is_bank_card,
        ("A.4-e", "A.4-f"),
        "high",
        "银行卡号，校验位有效",
    ),
    Shape(
        "mobile",
        re.compile(
            r"(?<![0-9])(?<![0-9][.])(?=((?:(?:\+|00)?86[ -]?)?1[3-9][0-9]([ -]?)[0-9]{4}\2[0-9]{4})(?![0-9a-z]))"
        ),
        _is_anything,
        ("A.4-f",),
        "medium",
        "手机号码",
    ),
    Shape(
        "email",
        re.compile(
            r"(?<![a-z0-9._%+-])(?=([a-z0-9_%+-][a-z0-9._%+-]{0,63}@(?:[a-z0-9][a-z0-9-]{0,30}\.){1,3}[a-z]{2,12})(?![a-z0-9@-]))"
        ),
        _is_anything,
        ("A.4-f",),
        "medium",
        "电子邮箱地址",
        gate="@",
    ),
    Shape(
        "passport",
        re.compile(r"(?<![0-9a-z])(?=((?:[eg][0-9]{8}|e[a-z][0-9]{7}|[dspk][0-9]{7,8}))(?![0-9a-z]))"),
        _is_anything,
        ("A.4-f",),
        "medium",
        "护照号码",
        ("护照", "passport"),
    ),
    Shape(
        "landline",
        re.compile(
            r"(?<![0-9-])(?=((?:(?:\+|00)?86[ -]?)?0(?:10|2[0-9]|[3-9][0-9]{2})[ -][2-8][0-9]{6,7}(?:-[0-9]{1,5})?)"
            r"(?![0-9a-z-]))"
        ),
        _is_anything,
        ("A.4-f",),
        "medium",
        "固定电话号码",
    ),
    Shape(
        "credit_code",
        re.compile(r"(?<![0-9a-z])(?=([1-9a-y][0-9a-y][0-9]{6}[0-9a-y]{10})(?![0-9a-z]))"),
        is_credit_code,
        ("A.4-f",),
        "low",
        "统一社会信用代码，校验码有效",
        gate="[0-9]{6}",
    ),
    Shape(
        "travel_permit",
        re.compile(
            r"(?<![0-9a-z])(?=((?:[hmcwtl][0-9]{8}(?:[0-9]{2})?|c[a-z][0-9]{7}|[0-9]{8}(?:[0-9]{2})?))(?![0-9a-z]))"
        ),
        _is_anything,
        ("A.4-e", "A.4-f"),
        "high",
        "港澳台通行证号码",
        ("通行证", "回乡证", "台胞证"),
    ),
    Shape(
        "vehicle_plate",
        re.compile(
            rf"(?=([{''.join(sorted(PLATE_HEADS))}][a-hj-np-z][·•]?(?=[a-z]*[0-9])[a-hj-np-z0-9]{{5,6}})(?![0-9a-z]))"
        ),
        _is_anything,
        ("A.4-f",),
        "medium",
        "机动车号牌",
        lead=re.compile(r"(?:^|[^㐀-鿿]|车|牌|号|为|是|的|开|辆)$"),
        gate="[0-9]",
        has_head=True,
    ),
    Shape(
        "ip_address",
        re.compile(
            r"(?<![0-9a-z.])(?=((?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}"
            r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9]))(?![0-9a-z]|\.[0-9]))"
        ),
        _is_anything,
        ("A.4-f",),
        "low",
        "IP 地址",
        gate=r"[0-9]\.[0-9]",
    ),
    Shape(
        "wechat",
        re.compile(r"(?<![0-9a-z@._-])(?=([a-z][a-z0-9_-]{5,19})(?![a-z0-9_@-]))"),
        _is_account,
        ("A.4-f",),
        "medium",
        "微信号",
        lead=_lead("微信|wechat|weixin|加v|v信|vx|wx"),
        gate="[a-z0-9_-]{6}",
    ),
    Shape(
        "qq",
        re.compile(r"(?<![0-9])(?=([1-9][0-9]{4,10})(?![0-9a-z]))"),
        _is_anything,
        ("A.4-f",),
        "medium",
        "QQ 号",
        lead=_lead("qq|扣扣|企鹅号"),
        gate="[0-9]{5}",
    ),
)
