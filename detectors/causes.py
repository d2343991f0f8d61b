"""What stands out among an incident's bad answers: reasons, touchpoints, attributes and words, against the usual ones.

Log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn, "Fightin' Words", Political Analysis 2008),
on how many customers have a feature rather than how often it is written: all bad answers of one customer count as one.
Guarded twice: a feature needs three customers, so that a cause is never the words of one person, and its z must hold
against as many comparisons as were made (Bonferroni).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist

from detectors.gate import Content
from detectors.records import Cause

LEAST = 3  # unhappy customers of the incident that must have a feature
CAUSES_MAX = 12
A_KIND_MAX = 3
NAME_MAX = 80  # a longer value of an attribute is a text of its own and names nothing
PRIOR = 20.0  # answers' worth of the usual that each side is pulled to
FLOOR = 0.5  # and of a feature that was never seen before
CHANCE = 0.05  # of one false cause among all that are told
WORDS_A_TEXT_MAX = 200
TOUCHPOINT = "touchpoint"

_WORD = re.compile(r"[^\W\d_]{3,40}")
Feature = tuple[str, str]

_STOP = """
aber about after again all alle allem allen aller alles als also and andere anderen any are aren auch auf aus
because been before bei beim being bin bis bist but can cannot could dann das dass daß dem den denn der des
deshalb did didn die dies diese diesem diesen dieser dieses doch does doesn doing don dort down durch ein eine
einem einen einer eines einfach etwas euch euer even ever every for from für gar gegen get gets getting gibt
got hab habe haben had hadn has hasn hat hatte hatten have haven having her here hier him hin his how ich ihm
ihn ihnen ihr ihre immer ins into isn ist its jede jeden jeder jetzt just kann kein keine keinen let like made
make man many may mehr mein meine meinen meiner mich mir mit more most much muss must nach nicht nichts noch
nor not now nun nur oder off ohne one only other our out over own really said same schon sehr sein seine seit
she should sich sie since sind sogar soll some still such than that the their them then there these they this
those through too two und under uns unser unter until use very viel vom von vor war waren warum was wasn way
weil wenn werden were weren what when where which while who why wie wieder will wir wird with won would wouldn
wurde wurden you your zum zur zwei über bitte danke mal please thank thanks
"""
STOP_WORDS = frozenset(_STOP.split())


def words_of(text: str) -> frozenset[str]:
    """The telling words of a text in German or English, in small letters, without stop words and numbers."""
    found = _WORD.findall(text.lower())[:WORDS_A_TEXT_MAX]
    return frozenset(word for word in found if word not in STOP_WORDS)


def features_of(answer: Content) -> set[Feature]:
    """What an answer has that may be a cause."""
    features: set[Feature] = {("reason", reason) for reason in answer.reasons}
    features |= {(name, value) for name, value in answer.attributes}
    features |= {(TOUCHPOINT, name) for name in answer.touchpoints or ()}
    if answer.text:
        features |= {("word", word) for word in words_of(answer.text)}
    return {feature for feature in features if len(feature[0]) <= NAME_MAX and len(feature[1]) <= NAME_MAX}


@dataclass(frozen=True, slots=True)
class _Counted:
    """How many customers there are, of how many the touchpoints are known, and how many have each feature."""

    customers: int
    remembered: int
    having: Counter[Feature]

    def of(self, feature: Feature) -> int:
        """Out of how many customers the feature is counted."""
        return self.remembered if feature[0] == TOUCHPOINT else self.customers


def causes_of(incident: Sequence[Content], usual: Sequence[Content]) -> tuple[Cause, ...]:
    """What is over-represented in an incident's bad answers, strongest first; nothing where they are too few.

    At most three of a kind and twelve in all.
    """
    now, before = _counted(incident), _counted(usual)
    tested = [feature for feature, count in now.having.items() if count >= LEAST and before.of(feature)]
    if not tested:
        return ()
    needed = NormalDist().inv_cdf(1 - CHANCE / len(tested))
    causes = []
    for feature in tested:
        bad, n, ever, m = now.having[feature], now.of(feature), before.having[feature], before.of(feature)
        z = z_of(bad, n, ever, m)
        if z >= needed:
            causes.append(Cause(*feature, bad=bad, bad_of=n, usual=ever, usual_of=m, z=z))
    told: Counter[str] = Counter()
    chosen = []
    for cause in sorted(causes, key=lambda cause: (-cause.z, cause.kind, cause.name)):
        told[cause.kind] += 1
        if told[cause.kind] <= A_KIND_MAX:
            chosen.append(cause)
    return tuple(chosen[:CAUSES_MAX])


def z_of(bad: int, n: int, usual: int, m: int) -> float:
    """Standardised difference of the log-odds of a feature in `bad` of `n` and in `usual` of `m` answers."""
    prior = PRIOR * (usual + bad) / (n + m) + FLOOR
    whole = PRIOR + 2 * FLOOR
    mine, theirs = bad + prior, usual + prior
    odds = log(mine / max(FLOOR, n + whole - mine)) - log(theirs / max(FLOOR, m + whole - theirs))
    return odds / sqrt(1 / mine + 1 / theirs)


def _counted(answers: Iterable[Content]) -> _Counted:
    """Counts by customer; an answer that nobody is known to have given counts as a customer of its own."""
    known: dict[str, set[Feature]] = {}
    remembered: set[str] = set()
    for place, answer in enumerate(answers):
        who = f"c{answer.customer}" if answer.customer is not None else f"n{place}"
        known.setdefault(who, set()).update(features_of(answer))
        if answer.touchpoints is not None:
            remembered.add(who)
    having: Counter[Feature] = Counter()
    for features in known.values():
        having.update(features)
    return _Counted(len(known), len(remembered), having)
