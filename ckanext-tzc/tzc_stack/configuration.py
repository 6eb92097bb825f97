"""CKAN's configuration file, made from the settings and the territory."""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jinja2
import yaml

from .console import StackError
from .paths import Paths
from .settings import Settings, write_private

if TYPE_CHECKING:
    from tzc.catalogue.territory import Territory


def territory_file(paths: Paths, settings: Settings) -> Path:
    """The territory of this portal."""
    given = settings.given.get("TZC_TERRITORY")
    file = Path(given) if given else paths.root / "config" / "territory.yaml"
    if not file.is_file():
        raise StackError(f"There is no territory file {file}.", "give TZC_TERRITORY the path of one; config/territory.yaml is an example.")
    return file.absolute()


def territory(paths: Paths, settings: Settings) -> Territory:
    """What that file says; a file with a mistake is refused, and so are outlines beside it that are not of its communes."""
    from tzc.catalogue import outlines
    from tzc.catalogue.territory import TerritoryError, read_file

    file = territory_file(paths, settings)
    try:
        read = read_file(file, [entry["code"] for entry in _licence_entries(paths)])
    except (TerritoryError, OSError) as error:
        raise StackError(f"The territory file cannot be used: {error}", "mend that line, then run ./portal up again.") from error
    try:
        outlines.read_file(file.parent / outlines.NAME, read.commune_names)
    except (outlines.OutlinesError, OSError) as error:
        raise StackError(f"The communes' outlines cannot be used: {error}", f"give {outlines.NAME} of this territory, or take it away: the portal works without.") from error
    return read


def territory_sources(paths: Paths, settings: Settings) -> list[Path]:
    """The territory file and the logo beside it."""
    file, logo = territory_file(paths, settings), territory(paths, settings).logo
    return [file, file.parent / logo.name] if logo else [file]


def demonstration_fits(paths: Paths, settings: Settings) -> bool:
    """Whether the demonstration catalogue is about this territory: it has its axes and communes."""
    about = yaml.load((paths.root / "config" / "demo" / "catalogue.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["territory"]
    return bool(about == territory(paths, settings).id)


def write(paths: Paths, settings: Settings) -> bool:
    """Write `var/portal.ini`, readable by its owner only; return whether it changed."""
    text = render(paths, settings)
    (paths.var / "licences.json").write_text(json.dumps(licences(paths, settings), ensure_ascii=False, indent=1), encoding="utf-8")
    if paths.ini.exists() and paths.ini.read_text(encoding="utf-8") == text:
        return False
    write_private(paths.ini, text)
    return True


def _licence_entries(paths: Paths) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load((paths.root / "schemas" / "vocabularies" / "licence.yaml").read_text(encoding="utf-8"))["entries"]
    return entries


def licences(paths: Paths, settings: Settings) -> list[dict[str, Any]]:
    """Our licence vocabulary as CKAN's licence register wants it, in the territory's first language where it has words for it."""
    first = territory(paths, settings).languages[0]
    return [
        {
            "id": entry["code"], "title": entry["label"].get(first) or entry["label"]["en"], "url": entry["uri"], "family": entry["family"], "status": "active",
            "domain_content": True, "domain_data": True, "domain_software": False, "is_generic": not entry["uri"], "maintainer": "",
            "od_conformance": "approved" if entry["family"] == "open" else "not reviewed", "osd_conformance": "not reviewed",
        }
        for entry in _licence_entries(paths)
    ]  # fmt: skip


def render(paths: Paths, settings: Settings) -> str:
    """The configuration's text. CKAN's own settings take the territory's first language; the rest is read by the rooms."""
    place = territory(paths, settings)
    first = place.languages[0]
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, finalize=_one_line)  # noqa: S701 -- an ini file, not HTML
    template = environment.from_string((paths.root / "config" / "portal.ini.j2").read_text(encoding="utf-8"))
    return template.render(
        s=settings,
        paths={
            "territory": territory_file(paths, settings), "demo": paths.root / "config" / "demo", "uploads": paths.uploads, "webassets": paths.var / "webassets",
            "sparql": paths.sparql, "lake": settings.given.get("TZC_LAKE") or paths.lake,
        },
        territory={"name": place.name[first], "tagline": place.tagline[first], "languages": place.languages, "timezone": place.timezone},
        licences=f"file://{paths.var / 'licences.json'}",
        secure=str(settings.site_url.startswith("https:")).lower(),
        mail_from=_mail_from(settings),
        bucket=bucket(settings),
    )


def _one_line(value: object) -> object:
    """Values in an ini file: % doubled, and no line end that would begin another setting."""
    return re.sub(r"\s*[\r\n]+\s*", " ", str(value)).replace("%", "%%")


def bucket(settings: Settings) -> dict[str, str] | None:
    """Options of CKAN's storage `default`, from which it makes those of datasets' files and of pictures."""
    url = settings.given.get("TZC_UPLOADS_URL")
    if not url:
        return None
    parts = urlsplit(url)
    bucket, _, folder = parts.path.strip("/").partition("/")
    key, secret = unquote(parts.username or ""), unquote(parts.password or "")
    if not (bucket and key and secret):
        raise StackError("TZC_UPLOADS_URL lacks a key, a secret or the name of a bucket.", "give it as s3://key:secret@host/bucket, or s3://key:secret@host/bucket/folder?region=….")
    return {
        "endpoint": f"{'http' if parts.scheme == 's3+http' else 'https'}://{parts.netloc.rpartition('@')[2]}",
        "bucket": bucket, "path": folder, "key": key, "secret": secret, "region": dict(parse_qsl(parts.query)).get("region", "us-east-1"),
    }  # fmt: skip


def _mail_from(settings: Settings) -> str:
    server = urlsplit(settings.given.get("TZC_SMTP_URL", "")).hostname
    return settings.given.get("TZC_MAIL_FROM") or f"portail@{server}"
