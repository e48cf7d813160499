"""The console's navigation: the chapters of the Measures. An entry is here only because its room exists."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NavEntry:
    """A page in the navigation: its title, path, and the action that a person must be allowed to see it."""

    title: str
    path: str
    action: str


@dataclass(frozen=True, slots=True)
class NavGroup:
    """A chapter with its pages; an empty title for pages that belong to none."""

    title: str
    entries: tuple[NavEntry, ...]


NAVIGATION = (
    NavGroup("", (NavEntry("总览", "/console", "view_overview"),)),
    NavGroup(
        "服务规范",
        (
            NavEntry("对话与审核", "/console/exchanges", "view_exchanges"),
            NavEntry("实时监测", "/console/live", "view_exchanges"),
            NavEntry("待复核", "/console/review", "view_review"),
            NavEntry("关键词与策略", "/console/policy", "view_policy"),
            NavEntry("词库变更", "/console/changes", "view_policy"),
            NavEntry("标识", "/console/labels", "view_labels"),
            NavEntry("应用与密钥", "/console/apps", "view_apps"),
            NavEntry("用户处置", "/console/sanctions", "view_sanctions"),
        ),
    ),
    NavGroup(
        "监督检查",
        (
            NavEntry("法律逐条", "/console/law", "view_law"),
            NavEntry("证据", "/console/ledger", "view_ledger"),
        ),
    ),
    NavGroup(
        "系统",
        (NavEntry("运行状态", "/console/system", "view_system"), NavEntry("账号", "/console/staff", "manage_staff")),
    ),
)


def home_of(actions: frozenset[str]) -> str:
    """Return the first page that a person with these actions may see."""
    for group in NAVIGATION:
        for entry in group.entries:
            if entry.action in actions:
                return entry.path
    return "/console/account"
