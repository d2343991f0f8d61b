"""The product's own sentences of numbers in German: they are stored once, in English, and read in both languages.

Only what the product writes goes through here, never a person's or a customer's words. What no pattern knows stays as
it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dashboards.pages.german.frame import DATES

_N = r"([\d,]+)"
_AT = r"((?:\d{1,2} [A-Z][a-z]{2} )?\d{2}:\d{2})"
_SPAN = r"(\d+ (?:min|h|days))"
_KINDS = {"answers": "Antworten", "graded interactions": "bewerteten Erlebnisse", "contacts": "Kontakte"}
_EVERY = {"days": "Tagen", "weeks": "Wochen", "years": "Jahren"}

_PLAIN: tuple[tuple[str, str], ...] = (
    (rf"{_N} of {_N} bad interactions since {_AT}", r"\1 von \2 Erlebnissen schlecht seit \3"),
    (rf"{_N} of {_N} bad since {_AT}", r"\1 von \2 schlecht seit \3"),
    (rf"{_N} of {_N} bad \(", r"\1 von \2 schlecht ("),
    (rf"{_N} bad interactions since {_AT}", r"\1 schlechte Erlebnisse seit \2"),
    (rf"{_N} bad since {_AT}", r"\1 schlechte seit \2"),
    (rf"{_N} contacts since {_AT}", r"\1 Kontakte seit \2"),
    (r"([\d.]+) times the usual volume", r"\1-mal die übliche Menge"),
    (r"([\d.]+) times the usual ([\d.]+)", r"\1-mal die üblichen \2"),
    (r"(<?\d+[\u2009 ]%) assumed, no usual yet", r"\1 angenommen, noch nichts Übliches"),
    (r"back to the usual number", "wieder die übliche Zahl"),
    (r"back to the usual (<?\d+[\u2009 ]%)", r"wieder beim Üblichen \1"),
    (r"\busual (<?\d+[\u2009 ]%|[\d.]+ \()", r"üblich \1"),
    (r"as rare as once in more than", "so selten wie einmal in mehr als"),
    (r"as rare as once", "so selten wie einmal"),
    (rf"{_N} repeated by the same customers left out", r"\1 Wiederholungen derselben Kunden weggelassen"),
    (rf"{_N} of them came late", r"\1 davon kamen verspätet"),
    (r"slowly rising: ", "steigt langsam: "),
    (rf"{_N} of {_N} bad in the last week", r"\1 von \2 schlecht in der letzten Woche"),
    (r"no day stands out", "kein Tag sticht heraus"),
    (rf"{_N} of {_N} bad in the last {_SPAN}", r"\1 von \2 schlecht in den letzten \3"),
    (rf"no bad answer in the last {_SPAN}", r"keine schlechte Antwort in den letzten \1"),
    (rf"{_N} contacts in the last {_SPAN}", r"\1 Kontakte in den letzten \2"),
    (rf"usual are ([\d.]+) (\([\d.]+\)) in these {_SPAN}", r"üblich sind \1 \2 in diesen \3"),
    (r"in earlier weeks at least ([\d.]+)", r"in früheren Wochen mindestens \1"),
    (r"look at what sends them", "sehen Sie nach, was sie schickt"),
    (rf"after {_SPAN} of silence", r"nach \1 Stille"),
    (
        rf"{_N} of {_N} bad answers have nearly the same words",
        r"\1 von \2 schlechten Antworten haben fast dieselben Worte",
    ),
    (
        rf"{_N} of {_N} bad answers hold links or telephone numbers",
        r"\1 von \2 schlechten Antworten enthalten Links oder Telefonnummern",
    ),
    (rf"{_N} of {_N} bad answers come from {_N} customers", r"\1 von \2 schlechten Antworten kommen von \3 Kunden"),
    (r"Possible spam, so nobody was told:", "Vermutlich Spam, niemand wurde benachrichtigt:"),
    (r"Earlier at this place:", "Früher an diesem Ort:"),
    (r"^Also (.{1,140}?): (?=\d|no )", r"Auch \1: "),
    (r"^It is back\. ", "Es ist wieder da. "),
    (r"^Resolved by itself\. ", "Von selbst erledigt. "),
    (
        r"If it comes back within (\d+) min, it reopens here\.",
        r"Kommt es innerhalb von \1 min wieder, geht es hier weiter.",
    ),
    (r" is back to usual\. (?=\d|no )", " ist wieder wie üblich. "),
    (r"A notice of slow drift ends after a day\.", "Ein Hinweis auf langsame Drift endet nach einem Tag."),
    (rf"^! Nobody has taken this for {_SPAN}(.*?)\.$", r"! Seit \1\2 hat das niemand übernommen."),
    (r"^marked by ", "markiert von "),
    (r"\beverywhere\b", "überall"),
    (r"\ball channels\b", "alle Kanäle"),
    (r"\ball stages\b", "alle Phasen"),
)
_CHANGES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    # Signs of thousands before signs of fractions, so that neither is read as the other.
    (r"\d{1,3}(?:,\d{3})+", lambda m: m[0].replace(",", ".")),
    (r"(?<![\d.])(\d+)\.(\d)(?![\d.])", lambda m: f"{m[1]},{m[2]}"),
    (r"\b(einmal) a day", lambda m: f"{m[1]} am Tag"),
    (r"\b(einmal in (?:mehr als )?)([\d.]+) (days|weeks|years)", lambda m: f"{m[1]}{m[2]} {_EVERY[m[3]]}"),
    (r"\bno (answers|graded interactions|contacts) since", lambda m: f"keine {_KINDS[m[1]]} seit"),
    (r"\b(answers|graded interactions|contacts) again since", lambda m: f"wieder {_KINDS[m[1]]} seit"),
    (r"\b(\d{1,2}) ([A-Z][a-z]{2}) (?=\d{2}:\d{2})", lambda m: f"{m[1]}. {DATES.get(m[2], m[2])} "),
    (r"\b(\d+) days\b", lambda m: f"{m[1]} Tage"),
)


def in_german(text: str) -> str:
    """A sentence of the product in German."""
    for pattern, german in _PLAIN:
        text = re.sub(pattern, german, text)
    for pattern, change in _CHANGES:
        text = re.sub(pattern, change, text)
    return text
