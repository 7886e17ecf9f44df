"""SMS segments: the arithmetic that a bill is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xixi_workflow.core.sms import segments

GSM = "a"
DOUBLE = "€"  # two septets
HAN = "字"
EMOJI = "😀"  # two UCS-2 units


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        (GSM * 160, 1),
        (GSM * 161, 2),
        (GSM * 306, 2),
        (GSM * 307, 3),
        (DOUBLE * 80, 1),
        (DOUBLE * 81, 2),
        # 153 is odd: the last septet of a segment stays empty rather than hold half a euro sign.
        (DOUBLE * 152, 2),
        (DOUBLE * 153, 3),
        (GSM + DOUBLE * 152, 2),
        (HAN * 70, 1),
        (HAN * 71, 2),
        (HAN * 134, 2),
        (HAN * 135, 3),
        (HAN * 201, 3),
        (EMOJI * 35, 1),
        (EMOJI * 36, 2),
        (EMOJI * 66, 2),
        (EMOJI * 67, 3),
        (GSM * 69 + HAN, 1),  # one character outside the alphabet makes the whole text UCS-2
        (GSM * 70 + HAN, 2),
        ("[Xixi] {}" + GSM * 147, 1),  # 9 characters, 4 of them double: 13 septets
        ("[Xixi] {}" + GSM * 148, 2),
        ("`", 1),  # the grave accent is not in the alphabet
        ("`" * 71, 2),
        ("\n" * 160, 1),
    ],
)
def test_a_text_costs_what_the_standard_says(text: str, count: int) -> None:
    assert segments(text) == count


TEXTS = st.text(st.sampled_from([GSM, DOUBLE, HAN, EMOJI, "1", "。"]), max_size=400)


@given(TEXTS, st.sampled_from([GSM, DOUBLE, HAN, EMOJI]))
def test_a_longer_text_never_costs_less(text: str, more: str) -> None:
    assert segments(text) <= segments(text + more)


@given(TEXTS)
def test_no_segment_holds_more_than_it_can(text: str) -> None:
    units = len(text.encode("utf-16-be")) // 2
    wide = any(c in (HAN, EMOJI, "。") for c in text)
    if wide:
        assert units <= (70 if segments(text) == 1 else 67 * segments(text))
    else:
        septets = len(text) + text.count(DOUBLE)
        assert septets <= (160 if segments(text) == 1 else 153 * segments(text))
