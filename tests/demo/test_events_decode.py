"""Everything that the simulated shop tells is an event of the schema, hostile words and all."""

import msgspec

from streams.clock import HOUR_MS
from streams.decode import Decoder
from streams.events import Refused
from streams.settings import MeasureSettings, Survey

SURVEYS = {
    name: Survey() for name in ("page_helpful", "after_checkout", "after_delivery", "product_review", "after_contact")
} | {"after_return": Survey(), "relationship": Survey(kind="cold")}


def test_every_event_of_a_day_decodes_without_a_word_of_complaint(shop):
    complaints = []
    decoder = Decoder(MeasureSettings(surveys=SURVEYS), complaints.append)
    end = shop.live_ms + 13 * HOUR_MS
    told = list(shop.events(shop.live_ms, end)) + list(shop.history(shop.live_ms, 1, 3_000))
    for at_ms, event in told:
        decoded = decoder.decode(msgspec.json.encode(event), end)
        assert not isinstance(decoded, Refused), decoded
        assert decoded.time_ms == at_ms
        assert decoded.channel == event["channel"]
    assert complaints == []
