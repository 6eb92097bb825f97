"""CKAN's configuration file, made from the settings and the territory."""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jinja2
import yaml

from .console import StackError
from .paths import Paths
from .settings import Settings, write_private


def territory_file(paths: Paths, settings: Settings) -> Path:
    """The territory of this portal."""
    given = settings.given.get("TZC_TERRITORY")
    file = Path(given) if given else paths.root / "config" / "territory.yaml"
    if not file.is_file():
        raise StackError(f"There is no territory file {file}.", "give TZC_TERRITORY the path of one; config/territory.yaml is an example.")
    return file.absolute()


def territory_words(file: Path) -> dict[str, Any]:
    """What CKAN's own settings take from the territory, in its first language; the rest is read by the portal room."""
    from tzc.catalogue.territory import TerritoryError, read_territory

    try:
        territory = read_territory(file.read_text(encoding="utf-8"), source=str(file))
    except (TerritoryError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise StackError(f"The territory file cannot be used: {error}", "mend that line, then run ./portal up again.") from error
    first = territory.languages[0]
    return {"name": territory.name[first], "tagline": territory.tagline[first], "languages": territory.languages, "timezone": territory.timezone}


def write(paths: Paths, settings: Settings) -> bool:
    """Write `var/portal.ini`, readable by its owner only; return whether it changed."""
    text = render(paths, settings)
    (paths.var / "licences.json").write_text(json.dumps(licences(paths), ensure_ascii=False, indent=1), encoding="utf-8")
    if paths.ini.exists() and paths.ini.read_text(encoding="utf-8") == text:
        return False
    write_private(paths.ini, text)
    return True


def licences(paths: Paths) -> list[dict[str, Any]]:
    """Our licence vocabulary as CKAN's licence register wants it."""
    entries = yaml.safe_load((paths.root / "schemas" / "vocabularies" / "licence.yaml").read_text(encoding="utf-8"))["entries"]
    return [
        {
            "id": entry["code"], "title": entry["label"]["fr"], "url": entry["uri"], "family": entry["family"], "status": "active",
            "domain_content": True, "domain_data": True, "domain_software": False, "is_generic": not entry["uri"], "maintainer": "",
            "od_conformance": "approved" if entry["family"] == "open" else "not reviewed", "osd_conformance": "not reviewed",
        }
        for entry in entries
    ]  # fmt: skip


def render(paths: Paths, settings: Settings) -> str:
    """The configuration's text."""
    territory = territory_file(paths, settings)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, finalize=_one_line)  # noqa: S701 -- an ini file, not HTML
    template = environment.from_string((paths.root / "config" / "portal.ini.j2").read_text(encoding="utf-8"))
    return template.render(
        s=settings,
        paths={"territory": territory, "demo": paths.root / "config" / "demo", "uploads": paths.uploads, "webassets": paths.var / "webassets"},
        territory=territory_words(territory),
        licences=f"file://{paths.var / 'licences.json'}",
        secure=str(settings.site_url.startswith("https:")).lower(),
        smtp=_smtp(settings),
    )


def _one_line(value: object) -> object:
    """Values in an ini file: % doubled, and no line end that would begin another setting."""
    return re.sub(r"\s*[\r\n]+\s*", " ", str(value)).replace("%", "%%")


def _smtp(settings: Settings) -> dict[str, Any] | None:
    url = settings.given.get("TZC_SMTP_URL")
    if not url:
        return None
    parts = urlsplit(url)
    return {
        "server": f"{parts.hostname}:{parts.port or (465 if parts.scheme == 'smtps' else 25)}",
        "starttls": str("starttls" in parts.query).lower(),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "mail_from": settings.given.get("TZC_MAIL_FROM") or f"portail@{parts.hostname}",
    }
