"""Packaging: where each package lies in the tree, and how CKAN finds the rooms."""
from __future__ import annotations

import os
import tempfile
from pathlib import Path

from setuptools import find_namespace_packages, find_packages, setup

HERE = Path(__file__).parent

FOLDERS = {
    "tzc": "ckanext-tzc/tzc",
    "tzc_stack": "ckanext-tzc/tzc_stack",
    "ckanext.tzc": "ckanext-tzc/ckanext/tzc",
    "ckanext.tzc.harvesters": "harvesters",
    "ckanext.tzc.schemas": "schemas",
}
ROOMS = ("portal", "catalogue", "tables", "harvesting", "accounts", "quality", "publishing", "rights", "workflow", "notices", "audit", "agreements", "feeding", "sensors")
HARVESTERS = {
    "tzc_ckan_harvester": "CkanHarvester",
    "tzc_csw_harvester": "CswHarvester",
    "tzc_dcat_harvester": "DcatHarvester",
    "tzc_udata_harvester": "UdataHarvester",
    "tzc_opendatasoft_harvester": "OpendatasoftHarvester",
    "tzc_datajson_harvester": "DataJsonHarvester",
    "tzc_table_harvester": "TableHarvester",
}
"""Kinds of harvest sources: each is a plugin of its own."""

DATA = ["*.yaml", "*.yml", "*.json", "*.txt", "*.html", "*.css", "*.js", "*.svg", "*.png", "*.ico", "*.po", "*.pot", "*.mo", "*.ini", "*.cfg", "*.mako", "*.ttl", "*.zdict"]


def packages() -> list[str]:
    """Every package below the mapped folders; folders of data and of migrations are packages too, so that their files are taken along."""
    found = []
    for name, folder in FOLDERS.items():
        found.append(name)
        found += [f"{name}.{below}" for below in find_packages(str(HERE / folder))]
        found += [f"{name}.{below}" for below in find_namespace_packages(str(HERE / folder)) if _holds_files(HERE / folder / below.replace(".", "/"))]
    return sorted(set(found))


def _holds_files(folder: Path) -> bool:
    return not folder.name.startswith("__") and any(file for pattern in ("*.py", *DATA) for file in folder.glob(pattern))


# an editable install must not write into the checkout
_scratch = tempfile.mkdtemp() if os.environ.get("TZC_VENV") or not os.access(HERE, os.W_OK) else None

setup(
    name="ckanext-tzc",
    version="0.1.0",
    description="An open data portal for a territory going carbon-neutral, on CKAN",
    long_description=(HERE / "README.md").read_text(encoding="utf-8") if (HERE / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    package_dir=FOLDERS,
    packages=packages(),
    package_data={"": DATA},
    include_package_data=False,
    install_requires=[
        "ckan>=2.12,<2.13", "ckanext-scheming", "ckanext-dcat", "ckanext-harvest", "duckdb", "python-calamine", "jsonschema", "xstatic-leaflet", "authlib", "joserfc",
        "cryptography", "limits", "owslib", "lxml", "pyoxigraph", "zstandard", "urllib3>=2.6", "certifi", "geomet", "python-dateutil", "text-unidecode", "pyshacl", "rdflib",
        "croniter", "paramiko", "boto3", "pglast", "prometheus-client", "numpy", "pyarrow", "ibis-framework", "pint", "paho-mqtt", "fsspec",
    ],
    entry_points={
        "ckan.plugins": [
            *(f"tzc_{room} = ckanext.tzc.{room}.plugin:{room.capitalize()}Plugin" for room in ROOMS),
            *(f"{name} = ckanext.tzc.harvesting.partners:{harvester}" for name, harvester in HARVESTERS.items()),
        ],
        "ckan.rdf.profiles": ["tzc_dcat_ap = ckanext.tzc.publishing.dcat_profile:TerritoryProfile"],
        "babel.extractors": ["ckan = ckan.lib.extract:extract_ckan"],
    },
    message_extractors={
        "ckanext-tzc/ckanext/tzc": [("**.py", "python", None), ("**.js", "javascript", None), ("**/templates/**.html", "ckan", None)],
        "schemas": [("**.py", "python", None)],
    },
    options={"egg_info": {"egg_base": _scratch}} if _scratch else {},
)
