"""German words of the bar, the banner, and numbers with a name."""

from __future__ import annotations

from collections.abc import Mapping

DATES: Mapping[str, str] = {
    **{"Mon": "Mo", "Tue": "Di", "Wed": "Mi", "Thu": "Do", "Fri": "Fr", "Sat": "Sa", "Sun": "So"},
    **{"Jan": "Jan.", "Feb": "Feb.", "Mar": "März", "Apr": "Apr.", "May": "Mai", "Jun": "Juni", "Jul": "Juli"},
    **{"Aug": "Aug.", "Sep": "Sept.", "Oct": "Okt.", "Nov": "Nov.", "Dec": "Dez."},
}

WORDS: Mapping[str, str] = {
    # the bar and the banner
    "Skip to the numbers": "Zu den Zahlen",
    "Pages": "Seiten",
    "Overview": "Übersicht",
    "Incidents": "Vorfälle",
    "Queue": "Liste",
    "Journey": "Kundenreise",
    "Wall": "Wand",
    "Settings": "Einstellungen",
    "Slack preview": "Slack-Vorschau",
    "Sign out": "Abmelden",
    "Live": "Live",
    "Stale": "Veraltet",
    "newest event {age} ago": "neuestes Ereignis vor {age}",
    "no event for {age}": "kein Ereignis seit {age}",
    "waiting for the first event": "wartet auf das erste Ereignis",
    "Nothing below is newer than {time}.": "Nichts hier ist neuer als {time}.",
    "Usual gap between events: {gap}.": "Üblicher Abstand der Ereignisse: {gap}.",
    "Detection is paused: no alert does not mean that all is well.": (
        "Die Erkennung pausiert: Kein Alarm heißt nicht, dass alles gut ist."
    ),
    "Check the source.": "Quelle prüfen.",
    "{n} events wait in the log, and nobody measures them.": "{n} Ereignisse warten im Log, und niemand misst sie.",
    "Check the process that measures.": "Den messenden Prozess prüfen.",
    "not measured for": "nicht gemessen seit",
    "Detection paused": "Erkennung pausiert",
    "Numbers are live, but nobody decides: no alert can come.": (
        "Die Zahlen sind aktuell, aber niemand entscheidet: Es kann kein Alarm kommen."
    ),
    "Start a process that decides; `cxwatch doctor` says more.": (
        "Einen Prozess starten, der entscheidet; `cxwatch doctor` sagt mehr."
    ),
    "Messages do not get through: {place}": "Nachrichten kommen nicht an: {place}",
    "They wait, nothing is lost.": "Sie warten, nichts geht verloren.",
    "no data for": "keine Daten seit",
    "Back at {at}, gap {since}..{at}": "Wieder da um {at}, Lücke {since}..{at}",
    "as of": "Stand",
    "Look:": "Aussehen:",
    "as the system": "wie das System",
    "light": "hell",
    "dark": "dunkel",
    # numbers and names
    "overdue {length}": "{length} überfällig",
    "{length} left": "noch {length}",
    "{n} days": "{n} Tagen",
    "{n} weeks": "{n} Wochen",
    "{n} years": "{n} Jahren",
    "Effort ok": "Aufwand ok",
    "Effort ok (CES 1)": "Aufwand ok (CES 1)",
    "Stars": "Sterne",
    "Thumbs up": "Daumen hoch",
}
