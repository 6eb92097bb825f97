"""A subject arrives as it was written, whoever reads it."""
from __future__ import annotations

from email import message_from_bytes, policy
from email.generator import BytesGenerator
from email.header import decode_header, make_header
from email.message import EmailMessage
from io import BytesIO

import pytest
from ckanext.tzc.accounts.headers import Policy
from ckanext.tzc.common import mailing
from hypothesis import example, given
from hypothesis import strategies as st


def written(subject: str) -> bytes:
    """A mail, as `smtplib` sends it."""
    message = EmailMessage(policy=Policy())
    message.set_content("x")
    message["Subject"] = mailing.subject(subject)
    kept = BytesIO()
    BytesGenerator(kept).flatten(message, linesep="\r\n")
    return kept.getvalue()


WORDS = st.text(st.characters(codec="utf-8"), max_size=300) | st.lists(st.text("aé, :=?_–€😀", min_size=1, max_size=12), max_size=30).map(" ".join)


@example("Enquête sur les ménages, réponses")
@example("Votre demande de données est à compléter : Enquête sur les déplacements des ménages, réponses détaillées par commune")
@example("=?utf-8?q?cod=C3=A9?= =?utf-8?b?w6k=?=")
@given(WORDS)
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    raw = written(subject)
    assert raw.isascii() and all(len(line) <= 78 for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n"))
    wanted = mailing.subject(subject)
    assert str(message_from_bytes(raw, policy=policy.default)["Subject"]) == wanted
    assert str(make_header(decode_header(message_from_bytes(raw, policy=policy.compat32)["Subject"]))) == wanted


@pytest.mark.parametrize(
    ("words", "most", "subject"),
    [
        ("Enquête sur les ménages", 50, "Enquête sur les ménages"), ("Enquête  sur\nles ménages", 50, "Enquête sur les ménages"), ("Enquête sur les ménages", 20, "Enquête sur les…"),
        ("Enquête, sur les ménages", 10, "Enquête…"), ("x" * 30, 10, "x" * 9 + "…"), ("", 10, ""),
    ],
)  # fmt: skip
def test_what_is_too_long_ends_after_a_word(words: str, most: int, subject: str) -> None:
    assert mailing.subject(words, most) == subject and len(subject) <= most
