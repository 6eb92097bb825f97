"""CKAN is loaded quickly, and is the same afterwards."""
from __future__ import annotations

import configparser
import json
import subprocess
import sys
from typing import Any

import pytest
from tzc_stack.paths import ROOT

pytestmark = pytest.mark.stack

LOADED = """
import gc, json, os
from tzc_stack import ckan_percent, ckan_start
ckan_start.hasten()
ckan_start.settle_commands()
ckan_percent.mend()
import ckan.cli
import ckan.cli.cli
off = not gc.isenabled()
ckan.cli.cli.make_app(ckan.cli.load_config(os.environ["CKAN_INI"]))
import ckan.plugins
print(json.dumps({"off": off, "on": gc.isenabled(), "left_out": gc.get_freeze_count(), "plugins": sorted(ckan.plugins.core._PLUGINS)}))
"""


def test_memory_is_looked_through_once_all_is_loaded(own: Any) -> None:
    environment = own.environment(CKAN_INI=str(own.paths.ini), PYTHONWARNINGS="ignore")
    done = subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["off"] and told["on"] and told["left_out"] > 100_000
    ini = configparser.RawConfigParser()
    ini.read(own.paths.ini, encoding="utf-8")
    assert told["plugins"] == sorted(ini["app:main"]["ckan.plugins"].split())


def test_modules_are_compiled_once(own: Any) -> None:
    modules = [path for path in (ROOT / "ckanext-tzc" / "tzc").rglob("*.py") if path.stat().st_size]
    assert modules and all(list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")) for path in modules)
