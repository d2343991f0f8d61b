"""What customers write: a few hundred combinations in German and English, and now and then something hostile.

Hostile means what reaches every feedback form sooner or later: mark-up that would ping a Slack channel, a cell that
a spreadsheet would run, a script tag, a phone number. The demo has them so that everything downstream is seen to
treat a customer's words as data. Numbers are of the ranges that regulators keep for fiction.
"""

from __future__ import annotations

from random import Random

# reason -> (English, German)
BAD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "search": (
        ("The search finds nothing I type in", "I could not find what I was looking for", "Filters reset all the time"),
        ("Die Suche findet nichts", "Ich finde das Produkt einfach nicht", "Die Filter springen ständig zurück"),
    ),
    "price": (
        ("Too expensive for what it is", "The price changed in the cart", "Shipping costs came as a surprise"),
        (
            "Zu teuer für das, was es ist",
            "Im Warenkorb war es plötzlich teurer",
            "Versandkosten sieht man erst am Ende",
        ),
    ),
    "payment_failed": (
        (
            "Payment failed and nobody says why",
            "My card was refused although it works elsewhere",
            "Checkout hangs at pay",
        ),
        ("Zahlung schlägt fehl, ohne Grund", "Meine Karte wurde abgelehnt", "Beim Bezahlen bleibt die Seite hängen"),
    ),
    "late_delivery": (
        ("The parcel is late again", "Tracking has not moved since yesterday", "I waited at home all day for nothing"),
        (
            "Das Paket kommt wieder zu spät",
            "Die Sendung bewegt sich seit gestern nicht",
            "Den ganzen Tag umsonst gewartet",
        ),
    ),
    "damaged": (
        ("The box arrived crushed", "One part was broken on arrival", "Wrong item in the parcel"),
        ("Der Karton kam zerdrückt an", "Ein Teil war schon kaputt", "Falscher Artikel im Paket"),
    ),
    "quality": (
        ("It stopped working after one day", "The app crashes on start", "Hard to set up, poor instructions"),
        ("Nach einem Tag defekt", "Die App stürzt beim Start ab", "Schwer einzurichten, schlechte Anleitung"),
    ),
    "long_wait": (
        ("Half an hour on hold", "Nobody answers the phone", "I waited three days for a reply"),
        ("Eine halbe Stunde in der Warteschleife", "Es geht niemand ans Telefon", "Drei Tage auf Antwort gewartet"),
    ),
    "not_solved": (
        ("I explained it four times and it is still not solved", "They only sent me a link", "I was passed on twice"),
        ("Viermal erklärt und immer noch nicht gelöst", "Man schickt nur einen Link", "Zweimal weiterverbunden"),
    ),
    "refund_slow": (
        ("Still waiting for my money", "The return label does not print", "They say the parcel never came back"),
        ("Ich warte noch auf mein Geld", "Das Retourenetikett lässt sich nicht drucken", "Angeblich kam nichts zurück"),
    ),
}
GOOD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "found_it": (("Found it in seconds", "Clear pictures and sizes"), ("Sofort gefunden", "Klare Bilder und Größen")),
    "easy_checkout": (("Paid in two clicks", "Smooth checkout"), ("In zwei Klicks bezahlt", "Bezahlen ging glatt")),
    "fast_delivery": (
        ("Here before I expected it", "The driver was friendly", "On the dot"),
        ("Früher da als gedacht", "Freundlicher Fahrer", "Auf die Minute pünktlich"),
    ),
    "good_quality": (("Works as promised", "Better than I thought"), ("Hält, was es verspricht", "Besser als gedacht")),
    "quick_help": (
        ("Solved in one call", "Friendly and quick help", "They called back as promised"),
        ("In einem Anruf gelöst", "Schnelle, freundliche Hilfe", "Rückruf kam wie versprochen"),
    ),
    "easy_return": (("Return was easy", "Money back the same day"), ("Rückgabe ganz einfach", "Geld am selben Tag")),
}
_BAD_TAILS = (
    (
        ".",
        "!",
        ". I will not order again.",
        ". Please call me back.",
        ", and it is not the first time.",
        ". Very sad :(",
    ),
    (".", "!", ". Nie wieder.", ". Bitte um Rückruf.", ", und das nicht zum ersten Mal.", ". Schade, war mal besser."),
)
_GOOD_TAILS = (
    (".", "!", ". Thank you!", ", as always.", ". Will come back."),
    (".", "!", ". Danke!", ", wie immer.", ". Gerne wieder."),
)
HOSTILE = (
    "<!channel> look at this",
    "<!everyone> worst shop ever <@U012AB3CD>",
    "=1+1",
    '=HYPERLINK("http://example.invalid/x","refund")',
    "+49 30 23125 042 call me NOW",
    "Bitte anrufen: 0171 39200 17, danke",
    "@here -- '; DROP TABLE customers; --",
    "<script>alert('cx')</script>",
    "<http://example.invalid|your refund is here>",
    "🙃🙃🙃 \u202enever again",
    "zero {{ 7*7 }} %s ${HOME} \\x00 stars",
    "write to jo@example.invalid or IBAN DE00 0000 0000 0000 0000 00",
)
_HOSTILE_SHARE = 0.006  # of comments
_SPAM = (
    "Cheap parcels refund NOW at http://refund-{n}.example.invalid limited offer",
    "cheap parcel refund now!! http://refund-{n}.example.invalid limited offer",
    "Cheap parcels refund NOW -> http://refund-{n}.example.invalid (limited offer)",
)


def comment(rng: Random, language: str, reason: str) -> str:
    """A customer's words about a reason, in their language."""
    if rng.random() < _HOSTILE_SHARE:
        return rng.choice(HOSTILE)
    column = 1 if language == "de" else 0
    bad = reason in BAD
    cores = (BAD if bad else GOOD)[reason][column]
    tails = (_BAD_TAILS if bad else _GOOD_TAILS)[column]
    return rng.choice(cores) + rng.choice(tails)


def spam(rng: Random) -> str:
    """One of a wave of near-duplicates with a link."""
    return rng.choice(_SPAM).format(n=rng.randrange(4))
