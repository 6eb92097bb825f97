"""What catalogues write in words becomes values."""
from __future__ import annotations

import re

import pytest
from ckanext.tzc.harvesters import words
from ckanext.tzc.harvesters.formats import format_of
from ckanext.tzc.harvesters.licences import licence_of
from ckanext.tzc.harvesters.themes import themes
from hypothesis import given
from hypothesis import strategies as st

DATE = re.compile(r"(\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}:\d{2}([+-]\d{2}:\d{2})?)?)?)?)?")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2019-09-30 22:00:00", "2019-09-30T22:00:00"),
        ("2019-11-13T11:24:54.312", "2019-11-13T11:24:54"),
        ("2019-03-25T22:55:41.312+01:00", "2019-03-25T22:55:41+01:00"),
        ("2019-03-25T22:55:41Z", "2019-03-25T22:55:41+00:00"),
        ("2019-03-25T22:55:41+0100", "2019-03-25T22:55:41+01:00"),
        ("2019", "2019"),
        ("2019-5", "2019-05"),
        ("jeu, 19/12/2019 - 03:00", "2019-12-19T03:00:00"),
        ("Date changed  jeu, 19/12/2019 - 03:00", "2019-12-19T03:00:00"),
        ("mar, 10/12/2019 - 09:23", "2019-12-10T09:23:00"),
        ("Tue, 12/10/2019 - 09:23", "2019-12-10T09:23:00"),
        ("07/10/2017", "2017-10-07"),
        ("12 décembre 2019", "2019-12-12"),
        ("1er août 2020", "2020-08-01"),
        ("December 12, 2019", "2019-12-12"),
        ("juillet 2021", "2021-07"),
        ("1576720800", "2019-12-19T02:00:00+00:00"),
        ("12/19/2019 11:30 PM", "2019-12-19T23:30:00"),
        ("12/19/2019 12:05 a.m.", "2019-12-19T00:05:00"),
        ("3 february 2020 at 4:30 PM", "2020-02-03T16:30:00"),
        ("Mon, 03 Feb 2020 10:20:30 GMT", "2020-02-03T10:20:30+00:00"),
        ("2019-09-30 22:00:00 UTC", "2019-09-30T22:00:00+00:00"),
        ("19/12/2019 23:30:15 +0100", "2019-12-19T23:30:15+01:00"),
        ("19/12/2019 13:30 pm", "2019-12-19T13:30:00"),
        ("31/02/2019", ""),
        ("٢٠٢٠-٠١-٠١", ""),
        ("9999999-01-01", ""),
        ("2019-13-01", ""),
        ("hier", ""),
        ("", ""),
    ],
)
def test_dates(written: str, meant: str) -> None:
    assert words.date(written) == meant


@given(st.one_of(st.text(), st.from_regex(r"[a-z]{0,4},? ?\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}.{0,12}")))
def test_a_date_is_one_or_nothing(written: str) -> None:
    assert DATE.fullmatch(words.date(written))


@pytest.mark.parametrize(
    ("written", "meant"),
    [("42 octets", 42), ("1,5 Mo", 1572864), ("12.3 KB", 12595), (42, 42), ("7", 7), ("", None), ("gros", None), (True, None), (-1, None), (None, None), ("9999999999 To", None), ("12,345 bytes", 12345), ("12.345 octets", 12345), ("1 234 567", 1234567), ("1,234,567 KB", 1264196608), ("1\u00a0234 Ko", 1263616), ("1,234 KB", None), ("1.500", 1500)],
)
def test_sizes(written: object, meant: int | None) -> None:
    assert words.size(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("<p>Liste des antennes.</p>\n", "Liste des antennes."),
        ("<p>Un</p><ul><li>deux</li><li>trois</li></ul>", "Un\n\n- deux\n- trois"),
        ("<p>Un texte <b>que sa page \nbrise</b> à \n    sa façon.\n</p>\n\n<p>Deux.<br/>\nTrois.</p>", "Un texte que sa page brise à sa façon.\n\nDeux.\nTrois."),
        ("Un <b>premier</b> point :\n- deux\n- trois", "Un premier point :\n- deux\n- trois"),
        ('Voir <a href="https://example.org/a">ici</a>', "Voir [ici](https://example.org/a)"),
        ('<a href="javascript:alert(1)">ici</a>', "ici"),
        ("<p>a</p><script>alert(1)</script>", "a"),
        ("3 < 4 et 5 > 2", "3 < 4 et 5 > 2"),
        ("<p>3 < 4 et 5 > 2</p>", "3 < 4 et 5 > 2"),
        ("<p>a<!-- <b>nie</b> -->b</p><!-- c", "ab"),
        ("""<P CLASS="x > y">Voir <a target='_blank' href='https://example.org/?a=1&amp;b=2'>ici</a></P>""", "Voir [ici](https://example.org/?a=1&b=2)"),
        ("<p>a</p><style>p { color: red }</style><br>b<br/>c", "a\n\nb\nc"),
        ("a \r\n \u00a0b", "a\nb"),
        ("L&#039;été &amp; l&eacute;", "L'été & lé"),
        ("a\x00b\ud800", "ab"),
        ("\u202efdp.exe\u202c \u2067عام\u2069 שלום\u200f!", "fdp.exe عام שלום\u200f!"),
        ({"fr": "x"}, ""),
    ],
)
def test_texts(written: object, meant: str) -> None:
    assert words.text(written) == meant


@pytest.mark.parametrize(
    ("written", "code"),
    [("fre", "FRA"), ("fra", "FRA"), ("fr", "FRA"), ("fr-FR", "FRA"), ("Français", "FRA"), ("http://publications.europa.eu/resource/authority/language/ENG", "ENG"), ("ger", "DEU"), ("??", "")],
)
def test_languages(written: str, code: str) -> None:
    assert words.language(written).rpartition("/")[2] == code


@pytest.mark.parametrize(("written", "code"), [("asNeeded", "AS_NEEDED"), ("annually", "ANNUAL"), ("Mensuelle", "MONTHLY"), ("R/P1W", "WEEKLY"), ("DAILY", "DAILY"), ("parfois", "")])
def test_frequencies(written: str, code: str) -> None:
    assert words.frequency(written).rpartition("/")[2] == code


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        (["http://www.etalab.gouv.fr/pages/Licence_ouverte_Open_licence-5899923.html"], "lov1"),
        (["Licence Ouverte 1.0 http://www.data.gouv.fr/Licence-Ouverte-Open-Licence."], "lov1"),
        (["fr-lo"], "lov1"),
        (["Licence Ouverte / Open Licence version 2.0"], "lov2"),
        (["etalab-2.0"], "lov2"),
        (["", "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"], "lov2"),
        (["Licence Ouverte v2.0 (Etalab)"], "lov2"),
        (["odc-odbl"], "odbl"),
        (["http://opendatacommons.org/licenses/odbl/summary/"], "odbl"),
        (["https://creativecommons.org/licenses/by/4.0/deed.fr"], "cc-by"),
        (["CC-BY-SA-4.0"], "cc-by-sa"),
        (["https://creativecommons.org/licenses/by-nc/4.0/"], "cc-by-nc"),
        (["cc-by-nc-4.0"], "cc-by-nc"),
        (["cc-nc"], "other-closed"),
        (["https://creativecommons.org/licenses/by-nc/2.0/"], "other-closed"),
        (["CC BY-NC-SA 4.0"], "cc-by-nc-sa"),
        (["http://creativecommons.org/licenses/by-nd/4.0/legalcode.fr"], "cc-by-nd"),
        (["Creative Commons Attribution-NonCommercial-NoDerivatives 4.0 International"], "cc-by-nc-nd"),
        (["odc-by"], "odc-by"),
        (["http://opendatacommons.org/licenses/by/1.0/"], "odc-by"),
        (["http://opendatacommons.org/licenses/pddl/1-0/"], "pddl"),
        (["Open Data Commons Public Domain Dedication and Licence (PDDL)"], "pddl"),
        (["http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"], "ogl-uk"),
        (["Open Government Licence v3.0"], "ogl-uk"),
        (["uk-ogl"], "other-closed"),
        (["http://www.nationalarchives.gov.uk/doc/open-government-licence/version/2/"], "other-closed"),
        (["https://creativecommons.org/licenses/by/2.0/fr/"], "other-closed"),
        (["cc-zero"], "cc-zero"),
        (["Usage réservé aux communes"], "other-closed"),
        (["Cette donnée n'est pas sous Licence Ouverte : usage interne"], "other-closed"),
        (["Licence Ouverte avec clause non commerciale"], "other-closed"),
        (["Soumis à autorisation. Contrairement aux données sous Licence Ouverte 2.0, ces données ne sont pas réutilisables."], "other-closed"),
        (["Licence fermée, non ODbL"], "other-closed"),
        (["not available under the Open Database License"], "other-closed"),
        (["CC0-NC"], "other-closed"),
        (["CC BY-NC (http://creativecommons.org/licenses/by/4.0/)"], "other-closed"),
        (["Licence Ouverte 2.0. Ne pas utiliser pour la navigation."], "lov2"),
        (["Données non nominatives, Licence Ouverte v2.0 (Etalab)"], "lov2"),
        (["Voir http://opendatacommons.org/licenses/odbl/1-0/ ; ce n'est pas une base de référence"], "odbl"),
        (["http://wiki.data.gouv.fr/wiki/Licence_Ouverte_/_Open_Licence"], "lov1"),
        (["notspecified", "Licence non spécifiée", "[]", ""], "notspecified"),
        ([], "notspecified"),
    ],
)
def test_licences(stated: list[str], code: str) -> None:
    assert licence_of(stated) == code


@pytest.mark.parametrize(
    ("stated", "media", "address", "name"),
    [
        ("xlsx", "xlsx", "https://example.org/a.xlsx", "XLSX"),
        ("", "", "https://example.org/a.geojson?x=1", "GeoJSON"),
        ("", "text/csv", "https://example.org/export", "CSV"),
        ("http://publications.europa.eu/resource/authority/file-type/CSV", "", "https://example.org/x", "CSV"),
        ("OGC:WFS-2.0.0-http-get-feature", "", "https://example.org/ows", "WFS"),
        ("", "", "https://example.org/ows?service=WMS&request=GetCapabilities", "WMS"),
        ("MapInfo TAB", "", "https://example.org/x", "MapInfo TAB"),
        ("", "", "https://example.org/", ""),
    ],
)
def test_formats(stated: str, media: str, address: str, name: str) -> None:
    assert format_of(stated, media, address).name == name


def test_themes() -> None:
    found = themes(["farming", "unknown"], ["Réseaux de transport", "http://inspire.ec.europa.eu/theme/er"], ["http://publications.europa.eu/resource/authority/data-theme/HEAL"])
    assert [iri.rpartition("/")[2] for iri in found] == ["ENER", "TRAN", "HEAL", "AGRI"]
