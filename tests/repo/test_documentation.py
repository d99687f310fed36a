"""Documents against the code: every command, option and setting is described, every example and link is real."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import commands, problem
from repository import ROOT, tracked

from readership.settings import Settings

DOCUMENTS = sorted(path for path in tracked() if path.suffix == ".md")
SETTING_ROW = re.compile(r"^\| `(READERSHIP_\w+)` \| (?:`(.*?)`|not set) \| (.+) \|$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CALL = re.compile(r"`(readership [a-z][^`…]*)`")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, language: str) -> list[str]:
    """Fenced code blocks of a document in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_every_setting_is_described_with_its_default(monkeypatch):
    for name in Settings().shown():
        monkeypatch.delenv(name, raising=False)
    rows = SETTING_ROW.findall((ROOT / "docs" / "settings.md").read_text(encoding="utf-8"))
    assert {name: default or None for name, default, _ in rows} == Settings().shown()
    assert len(rows) == len(Settings.model_fields)


def test_every_command_and_every_option_is_described():
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `readership ([a-z -]+)`\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    described = {name: set(re.findall(r"`(--[a-z-]+)`", section)) for name, section in sections.items()}
    assert described == commands()


def test_every_package_stands_in_the_architecture():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = [path.parent.name for path in (ROOT / "src" / "readership").glob("*/__init__.py")]
    assert [name for name in packages if f"`{name}/`" not in text] == []


def test_every_decision_stands_in_the_index():
    folder = ROOT / "docs" / "decisions"
    notes = {path.name for path in folder.glob("0*.md")}
    assert notes == set(re.findall(r"\((0\d+-[a-z-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8")))
    for name in notes:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {name[:4]} ")
        assert all(part in text for part in ("**Context.**", "**Choice.**", "**Cost.**")), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_inside_the_repository_lead_somewhere(document):
    targets = [link.split("#")[0] for link in LINK.findall(document.read_text(encoding="utf-8")) if ":" not in link]
    assert [target for target in targets if target and not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_command_named_exists_with_its_options(document):
    lines = [line.strip() for block in blocks(document, "bash") for line in block.splitlines()]
    calls = [line.removesuffix("&") for line in lines if line.startswith("readership ")]
    calls += CALL.findall(" ".join(document.read_text(encoding="utf-8").split()))
    assert [wrong for call in calls if (wrong := problem(call))] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_make_target_and_script_named_exists(document):
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = "\n".join(blocks(document, "bash"))
    assert set(re.findall(r"`make ([a-z]+)", text) + re.findall(r"^make ([a-z]+)", shown, re.MULTILINE)) <= targets
    scripts = re.findall(r"^python (\S+\.py)", shown, re.MULTILINE)
    assert [script for script in scripts if not ((ROOT / script).exists() or (ROOT / "ml" / script).exists())] == []


ASKS_A_SERVER = "api.md"
"""Run by tests/serving/test_api_document.py, which has one."""


@pytest.mark.parametrize(
    "document", [path for path in DOCUMENTS if blocks(path, "python") and path.name != ASKS_A_SERVER], ids=named
)
def test_python_examples_run(document, tmp_path, monkeypatch):
    monkeypatch.setenv("READERSHIP_HOME", str(tmp_path))
    script = "\n".join(blocks(document, "python"))
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_readme_s_query_is_the_loader_s():
    loader = (ROOT / "ml" / "utils" / "data_loader.py").read_text(encoding="utf-8")
    (query,) = re.findall(r'USER_FEATURES = """(.*?)"""', loader, re.DOTALL)
    assert query in "\n".join(blocks(ROOT / "README.md", "python"))


def test_the_licence_is_apache_2():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
