"""What a source of observations is made of, checked. The kinds are a table: who brings another kind adds a row (`KINDS[…] = Kind(…)`).

    DefinitionError   holds `{field: code}`; the upper floor says the codes
"""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..hosts import host_of
from . import mapping

LONGEST = {"address": 1000, "credential": 100, "signature": 100, "format": 20, "topics": 4000, "ca": 20_000}
FORMATS = ("json", "ttn", "chirpstack")
MOST_TOPICS = 50

Check = Callable[[Mapping[str, Any]], Mapping[str, str]]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of source.

    `needs`, `takes`: fields that must and that may be given (of `FIELDS`, or of `more`, each with its check). `keys`: programs send with keys. `format`: the decoder of what comes
    (`protocols.DECODERS`), where it is always the same. `schemes`: of its address. `credentials`: kinds that serve it. `closed`: an administrator allows each. `scheduled`: it is
    fetched by the clock. `check`: what else must hold.
    """

    code: str
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    keys: bool = False
    format: str = ""
    schemes: tuple[str, ...] = ()
    credentials: frozenset[str] = frozenset()
    closed: bool = False
    scheduled: bool = False
    check: Check | None = None
    more: Mapping[str, Callable[[Any], Any]] = dataclasses.field(default_factory=dict)


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("push", takes=("mapping",), keys=True),
        Kind("ttn", takes=("mapping", "signature"), keys=True, format="ttn"),
        Kind("chirpstack", needs=("mapping",), takes=("signature",), keys=True, format="chirpstack"),
        Kind("mqtt", needs=("address", "topics", "format"), takes=("mapping", "credential", "ca"), schemes=("mqtts", "mqtt"), credentials=frozenset({"basic"})),
    )
}
"""By code."""


class DefinitionError(ValueError):
    """What is wrong, by field; `detail` where in it."""

    def __init__(self, faults: Mapping[str, str], detail: str = "") -> None:
        self.faults, self.detail = dict(faults), detail
        super().__init__(", ".join(f"{field}: {code}" for field, code in faults.items()))


@dataclasses.dataclass(frozen=True)
class Definition:
    """A source as its partner wants it; `fields` are kept as JSON."""

    kind: str
    name: str
    fields: Mapping[str, Any]

    @property
    def host(self) -> str:
        """The server that is asked, with its port; empty where none is."""
        return host_of(str(self.fields.get("address", "")))


def read(data: Mapping[str, Any]) -> Definition:
    """A definition of what a form or program sent. Raises DefinitionError."""
    kind = KINDS.get(data["kind"]) if isinstance(data.get("kind"), str) else None
    if kind is None:
        raise DefinitionError({"kind": "kind"})
    faults: dict[str, str] = {}
    fields: dict[str, Any] = {}
    detail = ""
    name = data.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 200 or "\0" in name:
        faults["name"] = "needed" if not name else "text"
    for field in (*kind.needs, *kind.takes):
        value = data.get(field)
        if value in (None, "", [], {}):
            if field in kind.needs:
                faults[field] = "needed"
            continue
        try:
            fields[field] = (kind.more.get(field) or FIELDS[field])(value)
        except ValueError as error:
            faults[field], detail = field if field in WORDS else "text", str(error) if field == "mapping" else detail
    faults.update(_of_kind(kind, fields))
    if kind.check is not None and not faults:
        faults.update(kind.check(fields))
    if faults:
        raise DefinitionError(faults, detail)
    return Definition(kind.code, str(name).strip(), fields)


WORDS = ("mapping", "address", "topics", "format", "ca")
"""Fields that have words of their own for what is wrong with them."""


def _of_kind(kind: Kind, fields: Mapping[str, Any]) -> dict[str, str]:
    address = fields.get("address")
    if address is not None and kind.schemes and not is_address(address, kind.schemes):
        return {"address": "address"}
    if kind.code == "mqtt" and fields.get("format") in ("json", "chirpstack") and not fields.get("mapping"):
        return {"mapping": "needed"}
    return {}


def is_address(address: str, schemes: tuple[str, ...]) -> bool:
    """Whether it leads somewhere, without a password in it."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc and not any(sign.isspace() or ord(sign) < 32 for sign in address)


def _text(field: str) -> Callable[[Any], Any]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > LONGEST[field] or "\0" in value:
            raise ValueError(field)
        return value.strip()

    return check


def _format(value: Any) -> str:
    if value not in FORMATS:
        raise ValueError("format")
    return str(value)


def _topics(value: Any) -> list[str]:
    """Topics, as a list or one a line; wildcards as MQTT has them."""
    found = [line.strip() for line in value.splitlines() if line.strip()] if isinstance(value, str) else value
    if not isinstance(found, list) or not 0 < len(found) <= MOST_TOPICS or not all(isinstance(topic, str) and is_topic(topic) for topic in found):
        raise ValueError("topics")
    return found


def is_topic(topic: str) -> bool:
    """Whether something can be subscribed to by this: `+` stands for one level, `#` for all that follow."""
    levels = topic.split("/")
    plain = 0 < len(topic) <= 500 and not re.search(r"[\x00-\x1f]", topic) and not topic.startswith("$share/")
    return plain and all(level == "+" or "+" not in level for level in levels) and all(level == "#" or "#" not in level for level in levels) and "#" not in levels[:-1]


def _mapping(value: Any) -> Any:
    mapping.read(value)
    return dict(value)


def _ca(value: Any) -> str:
    found = str(_text("ca")(value))
    if not found.startswith("-----BEGIN CERTIFICATE-----"):
        raise ValueError("ca")
    return found


FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "mapping": _mapping, "address": _text("address"), "credential": _text("credential"), "signature": _text("signature"), "format": _format, "topics": _topics, "ca": _ca,
}  # fmt: skip
"""What each field holds: a function that gives it as it is kept, or raises ValueError."""
