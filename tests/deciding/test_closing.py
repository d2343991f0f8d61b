"""Which minutes can be closed, as a table."""

from __future__ import annotations

import pytest

from cxwatch.decide.closing import closeable_to
from streams.clock import HOUR_MS, MINUTE_MS, minute_of
from streams.store.progress import Progress
from tests.deciding.rig import T0

NOW = T0 + 10 * HOUR_MS
DONE = minute_of(NOW) - 1  # everything but the lateness


def at(partition: int, offset: int, greatest_ms: int | None = NOW, append_ms: int | None = NOW) -> Progress:
    return Progress(partition, offset, 1, greatest_ms, append_ms)


EARLIER = NOW - HOUR_MS


@pytest.mark.parametrize(
    ("progress", "ends", "expected"),
    [
        pytest.param([], {0: 0, 1: 0}, DONE, id="an empty log holds nobody back"),
        pytest.param([at(0, 5)], {0: 5}, DONE, id="read to its end"),
        pytest.param([at(0, 5, EARLIER, EARLIER)], {0: 5}, DONE, id="read to its end, and long silent"),
        pytest.param([at(0, 5, None, None)], {0: 5}, DONE, id="only refused records, read to the end"),
        pytest.param([at(0, 9)], {0: 5}, DONE, id="measured further than the ends that were asked before"),
        pytest.param([at(0, 4, EARLIER)], {0: 5}, minute_of(EARLIER) - 1, id="behind: its greatest event"),
        pytest.param([at(0, 4, NOW, EARLIER)], {0: 5}, minute_of(EARLIER) - 1, id="behind: its last append"),
        pytest.param([at(0, 4, NOW + HOUR_MS, NOW + HOUR_MS)], {0: 5}, DONE, id="never ahead of now"),
        pytest.param([at(0, 4, None, None)], {0: 5}, None, id="behind, and nothing can be said"),
        pytest.param([at(0, 4, None)], {0: 5}, None, id="behind with refused records only"),
        pytest.param([], {0: 1}, None, id="never claimed, with records"),
        pytest.param([at(0, 5)], {0: 5, 1: 2}, None, id="one never claimed with records stops all"),
        pytest.param([at(0, 5)], {0: 5, 1: 0}, DONE, id="one never claimed without records stops nobody"),
        pytest.param(
            [at(0, 4, EARLIER), at(1, 5), at(2, 1, NOW - MINUTE_MS)],
            {0: 5, 1: 5, 2: 9},
            minute_of(EARLIER) - 1,
            id="the slowest one decides",
        ),
    ],
)
def test_closeable_to(progress: list[Progress], ends: dict[int, int], expected: int | None) -> None:
    assert closeable_to(progress, ends, NOW, 60) == expected


@pytest.mark.parametrize(("lateness_s", "open_minute"), [(0, 0), (1, -1), (60, -1), (61, -2), (3_600, -60)])
def test_lateness_is_taken_off_whole_minutes_that_are_over(lateness_s: int, open_minute: int) -> None:
    assert closeable_to([], {}, NOW, lateness_s) == minute_of(NOW) + open_minute
