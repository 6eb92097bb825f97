"""The territory's logo: what is a picture, and what only says so."""
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.catalogue.picture import LARGEST, PictureError, read

TERRITORIES = Path(__file__).resolve().parents[2] / "territories"


def svg(inside: str = "", attributes: str = "") -> bytes:
    return f'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"{attributes}>{inside}</svg>'.encode()


@pytest.mark.parametrize(
    ("name", "content", "media"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n...", "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0...", "image/jpeg"),
        ("a.JPEG", b"\xff\xd8\xff\xe0...", "image/jpeg"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ("a.svg", svg('<path d="M0 0h9v9z" fill="url( \'#a\' )"/>'), "image/svg+xml"),
        ("a.svg", (TERRITORIES / "overseas.svg").read_bytes(), "image/svg+xml"),
    ],
)
def test_pictures_are_taken(name: str, content: bytes, media: str) -> None:
    assert read(name, content).media == media


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.png", b"#!/bin/sh\nrm -rf /\n", "no picture"),
        ("a.png", b"<script>alert(1)</script>", "no picture"),
        ("a.jpg", b"MZ\x90\0", "no picture"),
        ("a.svg", b"<html><script>alert(1)</script></html>", "no picture"),
        ("a.png", svg(), "image/svg+xml"),
        ("a.svg", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"0" * LARGEST, "bytes"),
        ("a.png", b"", "no picture"),
        ("a.svg", b"<svg", "not well-formed"),
        ("a.svg", b"<svg/>", "no SVG"),
        ("a.svg", svg("<script>alert(1)</script>"), "<script>"),
        ("a.svg", svg('<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>'), "<script>"),
        ("a.svg", svg("<foreignObject/>"), "<foreignObject>"),
        ("a.svg", svg('<animate attributeName="href" to="javascript:alert(1)"/>'), "<animate>"),
        ("a.svg", svg('<image href="https://example.org/a.png"/>'), "<image>"),
        ("a.svg", svg(attributes=' onload="alert(1)"'), "onload"),
        ("a.svg", svg('<a href="javascript:alert(1)"><path d="M0 0"/></a>'), "<a>"),
        ("a.svg", svg('<use xlink:href="https://example.org/a.svg#x"/>'), "href"),
        ("a.svg", svg('<use href="data:image/svg+xml,x"/>'), "href"),
        ("a.svg", svg('<path style="fill:url(https://example.org/a.svg#x)"/>'), "style"),
        ("a.svg", svg("<style>@import 'https://example.org/a.css'</style>"), "styles that fetch"),
        ("a.svg", svg("<style>path { fill: u\\72l(https://example.org) }</style>"), "styles that fetch"),
        ("a.svg", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>', "DOCTYPE"),
        ("a.svg", b'<?xml version="1.0"?><?xml-stylesheet href="https://example.org/a.css"?><svg xmlns="http://www.w3.org/2000/svg"/>', "stylesheet"),
    ],
)
def test_what_is_no_picture_or_more_than_one_is_refused_in_words(name: str, content: bytes, words: str) -> None:
    with pytest.raises(PictureError) as caught:
        read(name, content)
    assert name in str(caught.value)
    assert words in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    for start in (b"", b"<svg ", b"<?xml "):
        with pytest.raises(PictureError):
            read("a.svg", start + content)
