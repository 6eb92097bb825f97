"""The house keeps its own rules: what is packaged, what is documented, what may be named."""
from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from tzc_stack import paths, testing

ROOT = Path(__file__).resolve().parents[2]


def _tracked() -> list[Path]:
    """The project's files, as git knows them; all but what is made, where there is no git."""
    if shutil.which("git") and (ROOT / ".git").exists():
        done = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
        return [ROOT / name for name in done.stdout.split("\0") if name]
    made = {".git", ".venv", "var", "__pycache__", "build", "dist"}
    return [file for file in sorted(ROOT.rglob("*")) if file.is_file() and not made & set(file.relative_to(ROOT).parts) and not file.match("*.egg-info/*")]


TRACKED = _tracked()
DOCS = "\n".join(file.read_text(encoding="utf-8") for file in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of the tree so that nothing is written into it."""
    copy = tmp_path_factory.mktemp("tree")
    for file in TRACKED:
        if file.is_file():
            target = copy / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    done = subprocess.run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(copy / "out"), str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return zipfile.ZipFile(next((copy / "out").glob("*.whl")))


SOURCES = {"ckanext-tzc/tzc/": "tzc/", "ckanext-tzc/tzc_stack/": "tzc_stack/", "ckanext-tzc/ckanext/tzc/": "ckanext/tzc/", "harvesters/": "ckanext/tzc/harvesters/", "schemas/": "ckanext/tzc/schemas/"}


def test_the_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    missing = []
    for file in TRACKED:
        rel = file.relative_to(ROOT).as_posix()
        for folder, package in SOURCES.items():
            if rel.startswith(folder) and file.suffix not in {".md", ".sh"} and package + rel.removeprefix(folder) not in inside:
                missing.append(rel)
    assert not missing


def test_the_wheel_leaves_the_namespace_alone(wheel: zipfile.ZipFile) -> None:
    assert "ckanext/__init__.py" not in wheel.namelist()
    assert not [name for name in wheel.namelist() if name.startswith(("harvesters/", "schemas/", "tests/"))]


def test_every_room_is_a_plugin(wheel: zipfile.ZipFile) -> None:
    points = wheel.read(next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))).decode()
    for plugin in (ROOT / "ckanext-tzc/ckanext/tzc").glob("*/plugin.py"):
        assert f"tzc_{plugin.parent.name} = " in points


def test_plugin_files_are_short() -> None:
    long = {file.parent.name: lines for file in (ROOT / "ckanext-tzc/ckanext/tzc").glob("*/plugin.py") if (lines := len(file.read_text().splitlines())) > 60}
    assert not long


def test_every_setting_is_documented() -> None:
    from tzc_stack.settings import FOLDERS, SETTINGS

    assert not [name for name in {**SETTINGS, **FOLDERS} if f"`{name}`" not in DOCS]


def test_every_declared_ckan_option_is_documented() -> None:
    keys = []
    for file in (ROOT / "ckanext-tzc/ckanext/tzc").glob("*/config_declaration.yaml"):
        keys += [option["key"] for group in yaml.safe_load(file.read_text())["groups"] for option in group["options"]]
    assert not [key for key in keys if f"`{key}`" not in DOCS]


def test_every_command_is_documented() -> None:
    from tzc_stack.cli import COMMANDS

    usage = (ROOT / "ckanext-tzc/tzc_stack/usage.txt").read_text()
    assert not [name for name in COMMANDS if f"./portal {name}" not in DOCS or f"\n  {name} " not in usage]


def test_every_decision_has_a_number_and_a_status() -> None:
    files = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    assert not [file.name for file in files if "Status" not in file.read_text(encoding="utf-8")]


def test_the_territory_is_named_in_its_file_only() -> None:
    allowed = ("config/", "docs/", "tests/", "README", "CHANGELOG", "changes/", "LICENSE")
    named = [file for file in TRACKED if file.is_file() and file.suffix in {".py", ".html", ".yaml", ".css", ".js", ".j2", ".po", ".pot"} and "Rochelle" in file.read_text(encoding="utf-8")]
    assert not [file for file in named if not file.relative_to(ROOT).as_posix().startswith(allowed)]


def test_suppressions_carry_their_reason() -> None:
    bare = re.compile(r"#\s*(noqa|type: ignore)(?!.* -- \w)")
    found = []
    for file in TRACKED:
        if file.suffix == ".py" and file.is_file() and file != Path(__file__):
            found += [f"{file.relative_to(ROOT)}:{number}" for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if bare.search(line)]
    assert not found


def test_no_words_are_hidden_from_translators() -> None:
    """What reads texts out of the code does not look into f-strings: words that stand nowhere else stay English for ever."""
    known = (ROOT / "ckanext-tzc/ckanext/tzc/i18n/ckanext-tzc.pot").read_text(encoding="utf-8")
    asking, hidden = {"_", "ngettext", "ungettext"}, []
    for file in (file for file in TRACKED if file.is_file() and file.suffix == ".py" and "ckanext" in file.relative_to(ROOT).parts):
        made = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.JoinedStr)]
        calls = [node for one in made for node in ast.walk(one) if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in asking]
        texts = [(call.lineno, text.value) for call in calls for text in call.args[:1] if isinstance(text, ast.Constant)]
        hidden += [f"{file.relative_to(ROOT)}:{line}: {text}" for line, text in texts if f'msgid "{text}"' not in known]
    assert not hidden


def test_every_test_is_run_once() -> None:
    """By `./portal test`, whose groups run at once."""
    waiting = testing._groups(paths.here())
    groups = [waiting.get_nowait()[1] for _ in range(waiting.qsize())]
    files = [file.relative_to(ROOT).as_posix() for file in TRACKED if (ROOT / "tests") in file.parents and file.match("test_*.py")]
    assert len(files) > 200

    def holds(group: list[str], file: str) -> bool:
        left_out = [word.removeprefix("--ignore=") for word in group if word.startswith("--ignore=")]
        named = [word for word in group if not word.startswith("-")] or ["tests"]
        return any(file == name or file.startswith(f"{name}/") for name in named) and not any(file.startswith(f"{name}/") for name in left_out)

    assert {file: count for file in files if (count := sum(holds(group, file) for group in groups)) != 1} == {}


def test_readme_begins_with_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    up = next(index for index, line in enumerate(lines) if "./portal up" in line)
    test = next(index for index, line in enumerate(lines) if "./portal test" in line)
    assert max(up, test) < len(lines) / 3
