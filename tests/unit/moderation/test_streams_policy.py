"""How much of an answer leaves at a time: the strictest of policy and guards."""

import itertools

from guiju.moderation.policy.guards import Window
from guiju.moderation.policy.streams import Release, strictest


def test_the_strictest_wins_whoever_says_it() -> None:
    order = [Release.EXACT, Release.SENTENCES, Release.WHOLE]
    as_release = {Window.SENTENCES: Release.SENTENCES, Window.WHOLE: Release.WHOLE}
    for policy, count in itertools.product(Release, range(3)):
        for windows in itertools.product(Window, repeat=count):
            said = [policy, *(as_release[window] for window in windows)]
            assert strictest(policy, windows) is order[max(order.index(one) for one in said)]
