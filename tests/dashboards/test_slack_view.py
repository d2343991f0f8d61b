from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.slack_view import Span, mrkdwn, shown


def test_slack_mark_up_becomes_spans() -> None:
    assert mrkdwn("*7 of 9 bad* since 14:05 &amp; _late_ <https://x.test/1|#2047>") == (
        Span("bold", "7 of 9 bad"),
        Span("plain", " since 14:05 & "),
        Span("italic", "late"),
        Span("plain", " "),
        Span("link", "#2047", "https://x.test/1"),
    )


def test_a_mention_stays_the_text_it_is() -> None:
    assert mrkdwn("<!channel> hello") == (Span("plain", "<!channel> hello"),)


def test_only_web_addresses_become_links() -> None:
    assert all(span.url is None for span in mrkdwn("<javascript:alert(1)|click> and <data:text/html,x|y>"))
    bad = {"type": "actions", "elements": [{"type": "button", "text": {"text": "x"}, "url": "javascript:alert(1)"}]}
    assert shown([bad])[0].texts == ((Span("plain", "x"),),)


def test_in_a_quote_nothing_is_mark_up() -> None:
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": "*not bold* <https://x.test|no link>"}]}
    (block,) = shown([{"type": "rich_text", "elements": [quote]}])
    assert (block.kind, block.texts) == ("quote", ((Span("plain", "*not bold* <https://x.test|no link>"),),))


@given(st.text(alphabet=st.characters(exclude_characters="<*_`&"), max_size=200))
def test_text_without_marks_comes_through_unchanged(text: str) -> None:
    assert "".join(span.text for span in mrkdwn(text)) == text


@given(st.text(max_size=300))
def test_any_text_can_be_shown(text: str) -> None:
    assert all(span.url is None or span.url.startswith("http") for span in mrkdwn(text))
