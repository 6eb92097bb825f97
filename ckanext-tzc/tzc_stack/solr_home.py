"""Solr's home folder: CKAN's schema as installed, with the portal's changes, and one or more cores that share it."""
from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

CONFIG_SET = "tzc"


def merged_schema(additions: Path) -> str:
    """CKAN's schema with the types of `additions` in place of its own, and the fields and copies added."""
    # only trusted files of ours and of CKAN's package are parsed here
    tree = ET.ElementTree(ET.fromstring((files("ckan") / "config" / "solr" / "schema.xml").read_text(encoding="utf-8")))  # noqa: S314 -- CKAN's own file
    schema = tree.getroot()
    ours = ET.fromstring(additions.read_text(encoding="utf-8"))  # noqa: S314 -- our own file
    types, fields = schema.find("types"), schema.find("fields")
    assert types is not None and fields is not None, "CKAN's schema has types and fields"
    for wanted in ours.iterfind("types/*"):
        for old in [known for known in types if known.get("name") == wanted.get("name")]:
            types.remove(old)
        types.append(wanted)
    known = {field.get("name") for field in fields}
    fields.extend(field for field in ours.iterfind("fields/field") if field.get("name") not in known)
    schema.extend(ours.iterfind("copies/copyField"))
    return ET.tostring(schema, encoding="unicode", xml_declaration=True)


def build(source: Path, home: Path, cores: Sequence[str]) -> bool:
    """Write the home folder from `source`; return whether the way words are indexed changed (the index must be rebuilt)."""
    configuration = home / "configsets" / CONFIG_SET / "conf"
    configuration.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "solr.xml", home / "solr.xml")
    shutil.copyfile(source / "log4j2.xml", home / "log4j2.xml")
    for file in sorted((source / "conf").iterdir()):
        shutil.copyfile(file, configuration / file.name)
    schema = configuration / "schema.xml"
    wanted = merged_schema(source / "schema-additions.xml")
    changed = not schema.exists() or schema.read_text(encoding="utf-8") != wanted
    schema.write_text(wanted, encoding="utf-8")
    for core in cores:
        folder = home / core
        folder.mkdir(exist_ok=True)
        (folder / "core.properties").write_text(f"name={core}\nconfigSet={CONFIG_SET}\n", encoding="utf-8")
    return changed
