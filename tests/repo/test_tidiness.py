"""What must not be in the repository: pickles, addresses that a page loads from elsewhere, names of other places."""

import ast
import re
from pathlib import Path

import pytest
from repository import ROOT, tracked

PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
PICKLING_CALLS = {"read_pickle", "to_pickle", "log_model", "save_model_pickle"}
CDN = re.compile(r"\bcdn\.|jsdelivr|unpkg\.com|cdnjs|googleapis\.com|gstatic\.com|bootstrapcdn|code\.jquery")
LOADS = re.compile(r"""(?:src=|href=|@import\s+|url\(|import\s*\(?)["']?\s*(?:https?:)?//[\w.]+""")
ELSEWHERE = re.compile(
    "|".join(("/" + "work/", r"\.\./" + "shared", r"\bC" + r"EO\b", "DEVELOP" + "ERS", "COMP" + "ASS"))
)
VENDORED = "swagger-ui"
TEXT = {".py", ".md", ".toml", ".sql", ".yml", ".yaml", ".html", ".css", ".js", ".txt", ".lock", ".json", ".sh", ""}


def texts(*suffixes: str) -> list[Path]:
    wanted = set(suffixes) or TEXT
    return [path for path in tracked() if path.suffix in wanted and VENDORED not in path.parts]


def pickling(tree: ast.AST) -> list[str]:
    """Imports and calls that read or write pickles."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in PICKLES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PICKLES:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            allowed = [word for word in node.keywords if word.arg == "allow_pickle"]
            found += [name] if name in PICKLING_CALLS else []
            found += ["allow_pickle" for word in allowed if getattr(word.value, "value", None) is not False]
    return found


def test_nothing_reads_or_writes_a_pickle():
    assert {str(path): found for path in texts(".py") if (found := pickling(ast.parse(path.read_text())))} == {}


@pytest.mark.parametrize(
    "line", ["import joblib", "from pickle import loads", "np.load(f, allow_pickle=True)", "frame.to_pickle('x')"]
)
def test_a_pickle_would_be_found(line):
    assert pickling(ast.parse(line))


def test_no_page_loads_anything_from_elsewhere():
    pages = [path for path in texts(".html", ".css", ".js", ".py") if "tests" not in path.parts]
    assert pages
    found = {str(path): LOADS.findall(text) + CDN.findall(text) for path in pages if (text := path.read_text())}
    assert {path: addresses for path, addresses in found.items() if addresses} == {}


@pytest.mark.parametrize(
    "line", ['<script src="https://x.org/a.js">', "@import '//x.org/a.css'", "url(https://x.org/f.woff)", "unpkg.com/a"]
)
def test_an_address_elsewhere_would_be_found(line):
    assert LOADS.search(line) or CDN.search(line)


def test_nothing_speaks_of_places_outside_the_project():
    found = {str(path): ELSEWHERE.findall(path.read_text(encoding="utf-8")) for path in texts()}
    assert {path: words for path, words in found.items() if words} == {}


def test_no_feature_or_label_reads_the_simulator_s_truth():
    sql = [path for path in texts(".sql") if {"features", "datasets"} & set(path.relative_to(ROOT).parts)]
    assert len(sql) > 10
    assert [str(path) for path in sql if re.search(r"\btruth\b", path.read_text())] == []


def test_the_lock_names_versions_and_nothing_else():
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 100
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[0-9][0-9a-z.]*", line)] == []
    assert not {"torch", "readership"} & {line.split("==")[0] for line in lines}
