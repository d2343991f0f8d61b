"""The languages of the pages: words, numbers and times as English and German readers expect them.

Templates write English and ask for the same in the reader's language: `_("Take it")`. What customers, agents and the
settings say is never translated.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Request
from litestar.datastructures import Cookie
from litestar.response import Redirect

from dashboards import words
from dashboards.pages.german import DATES, GERMAN
from streams.clock import HOUR_MS

COOKIE = "cxwatch_lang"
THEME_COOKIE = "cxwatch_theme"
CODES = ("en", "de")
THEMES = ("system", "light", "dark")
YEAR_S = 365 * 24 * 3600


class Language:
    """One language. `code` is what `<html lang>` says."""

    def __init__(self, code: str, zone: str) -> None:
        self.code = code
        self._german = code == "de"
        self._calendar = words.Calendar(zone)

    def __call__(self, text: str, **values: Any) -> str:
        """The text in this language, `{name}` replaced by values (plain text: the template escapes it)."""
        said = GERMAN.get(text, text) if self._german else text
        return said.format(**values) if values else said

    def count(self, n: int) -> str:
        """1,541 or 1.541."""
        return words.count(n).replace(",", ".") if self._german else words.count(n)

    def number(self, value: float, places: int = 1) -> str:
        """2.9 or 2,9."""
        text = f"{value:,.{places}f}".replace("-", words.MINUS)
        return text.translate(str.maketrans(",.", ".,")) if self._german else text

    def signed(self, value: float, places: int = 1) -> str:
        """+1.2, −0.4, 0.0: the sign goes by what is shown."""
        text = self.number(abs(value), places)
        if not text.strip("0.,"):
            return text
        return f"{'+' if value > 0 else words.MINUS}{text}"

    def duration(self, ms: int) -> str:
        """24 min, 1 h 37 min, 3 days."""
        text = words.duration(ms)
        return text.replace("days", "Tage") if self._german else text

    def clock(self, ms: int) -> str:
        """15:42"""
        return self._calendar.clock(ms)

    def near(self, ms: int, now_ms: int) -> str:
        """14:05 on the same day, else 3 Nov 14:05 (3. Nov. 14:05)."""
        return self._dates(self._calendar.near(ms, now_ms))

    def day(self, ms: int) -> str:
        """17 Nov (17. Nov.)."""
        moment = self._calendar.moment(ms)
        return self._dates(f"{moment.day} {moment:%b}")

    def full(self, ms: int) -> str:
        """Tue 17 Nov 2026, 15:42 CET."""
        return self._dates(self._calendar.full(ms))

    def field(self, ms: int) -> str:
        """A time as the value of an input for dates and times."""
        return self._calendar.moment(ms).strftime("%Y-%m-%dT%H:%M")

    def due(self, due_ms: int, now_ms: int) -> str:
        """ "overdue 14 min" or "8 min left"."""
        length = self.duration(abs(due_ms - now_ms))
        return self("overdue {length}" if due_ms < now_ms else "{length} left", length=length)

    def in_words(self, n: int) -> str:
        """Small counts where a sentence begins: "Three", "Drei"."""
        return self(words.in_words(n)) if n < len(words.IN_WORDS) else self.count(n)

    def weeks(self, weeks: float) -> str:
        """ "9 days", "6 weeks", "3 years": how rare, for "as rare as once in ..."."""
        if weeks * 7 < 1.5:
            return self("{n} h", n=max(1, round(weeks * 168)))
        if weeks < 2:
            return self("{n} days", n=max(1, round(weeks * 7)))
        if weeks < 520:
            return self("{n} weeks", n=self.count(round(weeks)))
        return self("{n} years", n=self.count(round(weeks / 52)) if weeks < 52_000 else f"> {self.count(1000)}")

    def ago(self, from_ms: int, now_ms: int) -> str:
        """A length, for ages."""
        return self.duration(max(0, now_ms - from_ms))

    def _dates(self, text: str) -> str:
        if not self._german:
            return text
        parts = text.replace(",", " ,").split(" ")
        day_next = [DATES.get(part) for part in parts]
        for at, german in enumerate(day_next):
            if german is not None:
                parts[at] = german
                if at and parts[at - 1].isdigit():
                    parts[at - 1] += "."
        return " ".join(parts).replace(" ,", ",")


def code_of(request: Request[Any, Any, Any]) -> str:
    """The reader's language: as the address says, as they chose before, as their browser asks, else English."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wanted in CODES:
            return str(wanted)
    first = request.headers.get("accept-language", "")[:64].split(",")[0].strip().lower()
    return "de" if first.split("-")[0] == "de" else "en"


def theme_of(request: Request[Any, Any, Any]) -> str:
    """How the reader wants pages to look: "light", "dark", or "system" where they never chose."""
    kept = request.cookies.get(THEME_COOKIE)
    return str(kept) if kept in THEMES else THEMES[0]


def chosen_theme(request: Request[Any, Any, Any]) -> Redirect | None:
    """After a click on a theme: kept in a cookie, and back to the page, whose address must not go on choosing."""
    wanted = request.query_params.get("theme")
    if request.method != "GET" or wanted not in THEMES:
        return None
    left = [(name, str(value)) for name, value in request.query_params.multi_items() if name != "theme"][:20]
    path = "/" + request.url.path.lstrip("/")
    answer = Redirect(path + (f"?{urlencode(left)}" if left else ""), status_code=303)
    answer.set_cookie(Cookie(THEME_COOKIE, value=wanted, max_age=YEAR_S, path="/", httponly=True, samesite="lax"))
    return answer


def due_soon(due_ms: int, now_ms: int) -> str:
    """How urgent a clock is: overdue, soon (within an hour) or later."""
    left = due_ms - now_ms
    return "overdue" if left < 0 else "soon" if left < HOUR_MS else "later"
