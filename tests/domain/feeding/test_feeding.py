"""Schedules, columns, old files, sealed credentials and definitions, without a server."""
from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tzc import schedule
from tzc.feeding import columns, definition, keys, sealing, versions
from tzc.feeding.columns import Column
from tzc.feeding.faults import CODES, DETAIL, FeedError
from tzc.hosts import host_of

PARIS = ZoneInfo("Europe/Paris")
FIVE = dt.timedelta(minutes=5)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.timezone.utc)


@pytest.mark.parametrize("text", ["", "* * * *", "* * * * * *", "@daily", "H 6 * * *", "R 6 * * *", "61 6 * * *", "0 6 31 feb fri#2", "0 6 * * l5", "0 0 30 2 *", "0 0 31 4,6 *", "0 6 * * *\0", "0 6 * * " + "1," * 80 + "1"])
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(schedule.ScheduleError) as caught:
        schedule.checked(text, FIVE)
    assert caught.value.code == "cron"


def test_a_schedule_is_not_too_often() -> None:
    assert schedule.checked(" */5  *  * * mon-fri ".replace("mon-fri", "1-5"), FIVE) == "*/5 * * * 1-5"
    for often in ("* * * * *", "*/4 * * * *", "0,1 6 * * *"):
        with pytest.raises(schedule.ScheduleError) as caught:
            schedule.checked(often, FIVE)
        assert caught.value.code == "often"


def test_due_by_the_territorys_clock_and_a_little_later_for_each() -> None:
    assert schedule.due("15 6 * * *", at("2026-01-10T00:00"), PARIS, "a", 0) == at("2026-01-10T05:15")
    assert schedule.due("15 6 * * *", at("2026-07-10T00:00"), PARIS, "a", 0) == at("2026-07-10T04:15"), "by the clock, in summer too"
    late = {feed: schedule.due("15 6 * * *", at("2026-01-10T00:00"), PARIS, feed, 120) - at("2026-01-10T05:15") for feed in "abcdefgh"}
    assert all(dt.timedelta() <= one <= dt.timedelta(seconds=120) for one in late.values()) and len(set(late.values())) > 4
    first = schedule.due("*/5 * * * *", at("2026-01-10T00:00"), PARIS, "b", 3600)
    second = schedule.due("*/5 * * * *", first, PARIS, "b", 3600)
    assert second - first == FIVE, "the delay is the same each time, so none is left out and none comes twice"


EXPECTED = [Column("id", "integer"), Column("jour", "date"), Column("note", "text", filled=False)]


@pytest.mark.parametrize(
    ("found", "difference", "refused"),
    [
        (EXPECTED, columns.Difference(), ()),
        ([Column("id", "numeric"), Column("jour", "timestamp"), Column("note", "integer")], columns.Difference(), ()),
        ([Column("id", "text", filled=False), Column("jour", "text", filled=False), Column("note", "text")], columns.Difference(), ()),
        ([*EXPECTED, Column("x", "text")], columns.Difference(new=("x",)), ("refuse",)),
        (EXPECTED[1:], columns.Difference(missing=("id",)), ("refuse", "add")),
        ([Column("id", "text"), *EXPECTED[1:]], columns.Difference(changed=(("id", "integer", "text"),)), ("refuse", "add")),
    ],
)
def test_columns(found: list[Column], difference: columns.Difference, refused: tuple[str, ...]) -> None:
    assert columns.compare(EXPECTED, found) == difference
    assert tuple(rule for rule in columns.CHANGES if columns.refused(difference, rule)) == refused


def test_a_column_keeps_its_kind_while_it_holds_nothing() -> None:
    assert columns.expected_next(EXPECTED, [Column("id", "text", filled=False)]) == [Column("id", "integer")]


def test_old_files() -> None:
    there = [(f"v{day}", at(f"2026-01-{day:02}T00:00")) for day in (3, 1, 2)]
    assert versions.superfluous({"last": 2}, there, at("2026-01-10T00:00")) == ["v1"]
    assert versions.superfluous({"last": 0}, there, at("2026-01-10T00:00")) == ["v3", "v2", "v1"]
    assert versions.superfluous({"days": 8}, there, at("2026-01-10T12:00")) == ["v2", "v1"]
    assert versions.is_rule({"days": 30}) and not any(versions.is_rule(one) for one in ({}, {"last": -1}, {"last": True}, {"last": 1, "days": 1}, {"weeks": 1}, [1], {"last": 10**6}))


def test_sealed_for_one_owner() -> None:
    sealed = sealing.seal("s" * 32, 1, {"password": "mot de passe"}, "partner", "name")
    assert b"passe" not in sealed and sealed != sealing.seal("s" * 32, 1, {"password": "mot de passe"}, "partner", "name")
    assert sealing.unseal("s" * 32, 1, sealed, "partner", "name") == {"password": "mot de passe"}
    for secret, number, content, owner in (
        ("t" * 32, 1, sealed, ("partner", "name")), ("s" * 32, 2, sealed, ("partner", "name")), ("s" * 32, 1, sealed, ("other", "name")),
        ("s" * 32, 1, sealed[:-1] + bytes([sealed[-1] ^ 1]), ("partner", "name")),
    ):  # fmt: skip
        with pytest.raises(sealing.SealError):
            sealing.unseal(secret, number, content, *owner)


def test_keys() -> None:
    key = keys.new()
    assert key.startswith(keys.MARK) and key != keys.new() and keys.prefix(key) in key and len(keys.prefix(key)) < 12 and key not in keys.fingerprint(key)


def feed(**fields: Any) -> dict[str, Any]:
    return {"kind": "http", "file": "releves.csv", "address": "https://data.example.org/releves.csv", **fields}


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({}, {}),
        ({"kind": "ftp"}, {"kind": "kind"}),
        ({"file": "../x.csv"}, {"file": "file"}),
        ({"file": "x"}, {"file": "file"}),
        ({"address": "https://user:word@data.example.org/"}, {"address": "address"}),
        ({"address": "file:///etc/passwd"}, {"address": "address"}),
        ({"address": "https://[::1"}, {"address": "address"}),
        ({"address": "https://a:99999/"}, {"address": "address"}),
        ({"address": "https://a/b c"}, {"address": "address"}),
        ({"kind": "push", "address": ""}, {}),
        ({"kind": "sftp", "address": "sftp://a/b", "credential": "c", "host_key": "SHA256:" + "A" * 43}, {}),
        ({"kind": "sftp", "address": "sftp://a/b"}, {"credential": "needed", "host_key": "host_key"}),
        ({"kind": "sql", "address": "postgresql://a/b", "credential": "c", "query": "SELECT 1"}, {}),
        ({"kind": "sql", "address": "mysql://a/b", "credential": "c"}, {"address": "address", "query": "needed"}),
        ({"kind": "sql", "address": "postgresql://a/b?options=-c", "credential": "c", "query": "SELECT 1"}, {"address": "address"}),
        ({"kind": "s3", "address": "https://s3.example.org/bucket/a/b.csv"}, {}),
        ({"kind": "s3", "address": "https://s3.example.org/bucket"}, {"address": "address"}),
        ({"keys": ["a", 1]}, {"keys": "keys"}),
        ({"keep": {"last": 5, "days": 1}}, {"keep": "keep"}),
        ({"changes": "maybe", "empty": "maybe"}, {"changes": "choice", "empty": "choice"}),
        ({"title": "x" * 201}, {"title": "text"}),
        ({"query": 5}, {"query": "text"}),
    ],
)
def test_definitions(fields: dict[str, Any], faults: dict[str, str]) -> None:
    try:
        made = definition.read(feed(**fields))
    except definition.DefinitionError as error:
        assert error.faults == faults
    else:
        assert not faults and definition.Definition(**{**made.as_dict(), "keys": tuple(made.keys)}) == made


def test_credentials_are_for_one_host() -> None:
    assert host_of("https://data.example.org/x") == "data.example.org:443" == host_of("data.example.org:443")
    assert host_of("sftp://a/b") == "a:22" and host_of("data.example.org") == "" and host_of("https://[") == ""
    assert definition.credential("basic", {"user": "u", "password": "p", "token": "t"}) == {"user": "u", "password": "p"}
    for kind, values in (("basic", {"user": "u"}), ("header", {"header": "Host", "value": "x"}), ("bearer", {"token": "a\r\nb"}), ("bearer", {"token": "clé€"}), ("basic", {"user": "a:b", "password": "p"}), ("header", {"header": "X-Key", "value": "€"}), ("other", {}), (None, {})):
        with pytest.raises(definition.DefinitionError):
            definition.credential(kind, values)


def test_faults_have_words() -> None:
    assert str(FeedError("empty")) == CODES["empty"] and len(FeedError("kind", wanted="x", detail="y" * 1000).parameters["detail"]) == DETAIL  # type: ignore[arg-type] -- a text
    with pytest.raises(KeyError):
        FeedError("other")
