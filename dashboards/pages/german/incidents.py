"""German words of the list of incidents and one incident."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "This incident does not exist": "Diesen Vorfall gibt es nicht",
    "There is no incident #{number} here. It may have been erased with old data, or the link is wrong.": (
        "Einen Vorfall #{number} gibt es hier nicht. Vielleicht wurde er mit alten Daten gelöscht, oder der Link ist "
        "falsch."
    ),
    "All incidents": "Alle Vorfälle",
    "Reopen": "Wieder öffnen",
    "Resolve": "Erledigt",
    "Snooze 1 h": "1 h ruhen",
    "Possible spam": "Vermutlich Spam",
    "Not spam": "Kein Spam",
    "Share of bad answers": "Anteil schlechter Antworten",
    "last 60 min at each moment, with its 95 % interval": "jeweils letzte 60 min, mit 95-%-Intervall",
    "now {bad} of {n}": "jetzt {bad} von {n}",
    "Share of bad answers of {place}, usual as a grey band, coloured since {time}": (
        "Anteil schlechter Antworten von {place}, das Übliche als graues Band, farbig seit {time}"
    ),
    "usual": "üblich",
    "began about {time}": "Beginn etwa {time}",
    "answers: bad below, others above": "Antworten: schlechte unten, andere oben",
    "bad of all": "schlecht von allen",
    "share": "Anteil",
    "Reasons most named": "Am häufigsten genannt",
    "of {n} bad answers": "von {n} schlechten Antworten",
    "Affected customers": "Betroffene",
    "those with a case": "die mit einem Fall",
    "Open these cases in the queue": "Diese Fälle in der Liste öffnen",
    "No case belongs to it yet.": "Noch gehört kein Fall dazu.",
    "share of bad": "Anteil schlechter",
    "number of bad": "Zahl schlechter",
    "fixed rule": "feste Regel",
    "slow drift": "langsame Veränderung",
    "times": "Zeiten",
    "contacts": "Kontakte",
    "silence": "Stille",
    "just noticed": "gerade bemerkt",
    "possible spam": "vermutlich Spam",
    "possible spam, not paged": "vermutlich Spam, nicht gemeldet",
    "resolved": "erledigt",
    "Resolved": "Erledigt",
    "critical": "kritisch",
    "taken": "übernommen",
    "resolved by itself": "von selbst erledigt",
    "nobody yet": "noch niemand",
    "since {time}": "seit {time}",
    "All": "Alle",
    "Open now": "Offen",
    "Nothing is open.": "Nichts ist offen.",
    "Every place is within its usual, or too quiet to tell.": (
        "Jeder Ort ist wie üblich, oder zu still für ein Urteil."
    ),
    "all taken": "alle übernommen",
    "Incidents, those nobody has taken first": "Vorfälle, nicht übernommene zuerst",
    "Number": "Nummer",
    "Why": "Warum",
    "Taken by": "Übernommen von",
    "Age or length": "Alter oder Dauer",
    "Open, nobody has taken it": "Offen, von niemandem übernommen",
    "Open, taken": "Offen, übernommen",
    "Not paged": "Nicht gemeldet",
    "Resolved in the last {n} days": "In den letzten {n} Tagen erledigt",
    "No incident to show here.": "Hier ist kein Vorfall zu zeigen.",
    "A place is a channel and a stage. One incident is one Slack thread.": (
        "Ein Ort ist ein Kanal und eine Phase. Ein Vorfall ist ein Slack-Thread."
    ),
    "back to usual": "wieder wie üblich",
    "more bad than usual": "mehr Schlechtes als üblich",
    "lasted": "dauerte",
    "open for": "offen seit",
    "Where it was seen": "Wo es zu sehen war",
    "What they say": "Was sie sagen",
    "newest bad answers with words; contact data is masked": (
        "neueste schlechte Antworten mit Worten; Kontaktdaten sind entfernt"
    ),
    "Why we believe it": "Warum wir es glauben",
    "Usual": "Üblich",
    "Began about": "Beginn etwa",
    "Noticed after": "Bemerkt nach",
    "Seen before": "Schon gesehen",
    "History": "Verlauf",
}
