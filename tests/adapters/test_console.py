"""The console sender: one calm line per message, nothing in it that could be dialled or acted upon."""

import io
import threading
from itertools import product

import pytest

from xixi_workflow.adapters.console import ConsoleSender, in_one_line, masked
from xixi_workflow.adapters.port import Outgoing, Receipt, Sender, Undeliverable


def outgoing(text: str = "【西溪街道】您的诉求已受理。", phone: str = "19900001234", name: str = "甲") -> Outgoing:
    return Outgoing("202606010001/3/0", "citizen_received", name, phone, text, "202606010001")


def test_a_message_is_one_line_with_the_reader_and_the_masked_number() -> None:
    stream = io.StringIO()
    sender: Sender = ConsoleSender(stream)
    receipt = sender.send(outgoing())
    assert receipt == Receipt(receipt.provider_id, "console")
    assert receipt.provider_id
    assert stream.getvalue() == "✉ 甲 199****1234  【西溪街道】您的诉求已受理。\n"


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("19900001234", "199****1234"),
        ("+8619900001234", "+86199****1234"),
        ("057100000000", "0571****0000"),
        ("0571000000", "05****0000"),
        ("110", "****10"),
        ("", "-"),
    ],
)
def test_a_number_is_masked_whatever_its_length(phone: str, shown: str) -> None:
    assert masked(phone) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("第一行\r\n第二行", "第一行 第二行"),
        ("\x1b[31m红\x1b[0m", " [31m红 [0m"),
        ("请联系19900001234。", "请联系199****1234。"),
        ("单号2026060100011234不是电话", "单号2026060100011234不是电话"),
        ("tab\there\u2028end", "tab here end"),
    ],
)
def test_a_text_stays_in_its_line_and_gives_no_number_away(text: str, shown: str) -> None:
    assert in_one_line(text) == shown


def test_a_name_cannot_begin_a_line_of_its_own() -> None:
    stream = io.StringIO()
    ConsoleSender(stream).send(outgoing(name="甲\n✉ 乙"))
    assert stream.getvalue().count("\n") == 1


def test_lines_of_many_threads_do_not_mix() -> None:
    class Choppy(io.StringIO):
        """Writes a character at a time, so that unguarded lines would mix."""

        def write(self, text: str, /) -> int:
            return sum(super(Choppy, self).write(c) for c in text)

    stream = Choppy()
    sender = ConsoleSender(stream)

    def send(worker: int) -> None:
        for n in range(20):
            sender.send(outgoing(f"{worker}-{n}"))

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = sorted(line.split("  ")[1] for line in stream.getvalue().splitlines())
    assert texts == sorted(f"{worker}-{n}" for worker, n in product(range(8), range(20)))


def test_a_closed_stream_is_a_passing_failure_without_personal_data() -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(Undeliverable) as caught:
        ConsoleSender(stream).send(outgoing())
    assert (caught.value.permanent, caught.value.reason) == (False, "the console cannot be written: ValueError")


def test_after_a_lost_answer_the_console_asks_to_print_again() -> None:
    sender: Sender = ConsoleSender(io.StringIO())
    assert sender.find(outgoing()) is None


def test_a_terminal_without_chinese_shows_question_marks_and_stops_nothing() -> None:
    inside = io.BytesIO()
    terminal = io.TextIOWrapper(inside, encoding="ascii")
    ConsoleSender(terminal).send(outgoing("[Xixi] 已受理 012345"))
    assert inside.getvalue().endswith(b"199****1234  [Xixi] ??? 012345\n")
