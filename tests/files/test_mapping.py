from __future__ import annotations

import pytest

from streams.files.mapping import Mapping, MappingError


def test_columns_and_constants_are_read_from_the_command_lines_words() -> None:
    mapping = Mapping.parse(["reviewId=id", "a = b=comment", "ver=attributes.version"], ["source=shop"], "UTC", True)
    assert mapping.columns == {"reviewId": "id", "a = b": "comment", "ver": "attributes.version"}
    assert mapping.constants == {"source": "shop"}
    assert (mapping.timezone, mapping.date_only) == ("UTC", True)


@pytest.mark.parametrize(
    ("maps", "sets", "timezone", "says"),
    [
        (["stars"], [], None, "must be column=field"),
        (["=score"], [], None, "must be column=field"),
        (["stars=scroe"], [], None, "did you mean score"),
        (["stars=zzz"], [], None, "the fields are"),
        (["stars=attributes."], [], None, "not a field"),
        (["a=score", "a=comment"], [], None, "'a' a second time"),
        (["a=score", "b=score"], [], None, "a second column"),
        ([], ["source"], None, "must be field=value"),
        ([], ["sauce=shop"], None, "did you mean source"),
        ([], ["source=a", "source=b"], None, "sets source a second time"),
        ([], [], "Europe/Berln", "did you mean Europe/Berlin"),
        ([], [], "Europe", "must be a time zone"),
        ([], [], "../../etc/passwd", "must be a time zone"),
    ],
)
def test_an_option_that_cannot_be_used_says_which_and_why(
    maps: list[str], sets: list[str], timezone: str | None, says: str
) -> None:
    with pytest.raises(MappingError, match=says) as caught:
        Mapping.parse(maps, sets, timezone, False)
    assert repr(caught.value.text) in str(caught.value)


def test_the_order_of_options_does_not_make_another_import() -> None:
    one = Mapping.parse(["a=id", "b=comment"], ["type=feedback", "source=s"])
    other = Mapping.parse(["b=comment", "a=id"], ["source=s", "type=feedback"])
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != Mapping.parse(["a=id", "b=comment"], ["type=feedback", "source=t"]).fingerprint
