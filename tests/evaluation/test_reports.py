"""Pages: they stand alone, every plot is there twice, and the words say what the numbers say."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from readership.evaluation.reports import summarise, write_index, write_report
from readership.evaluation.reports.charts import plots
from readership.evaluation.reports.words import editors_sentence, euros, euros_sentence, task_word, with_interval

PLOTS = {
    "reliability", "scores", "lift", "precision_recall", "roc", "candidates", "cutoffs_roc_auc", "cutoffs_ece",
    "drivers", "slices",
}  # fmt: skip
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def pages(evaluation: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report and an index."""
    folder = tmp_path_factory.mktemp("reports")
    write_report(evaluation, folder)
    write_index([evaluation], folder)
    return folder


def test_every_plot_is_a_picture_too(pages: Path, evaluation: dict[str, Any]) -> None:
    assert {plot.name for plot in plots(evaluation)} == PLOTS
    assert {path.stem for path in (pages / "churn").iterdir()} == PLOTS
    for path in (pages / "churn").iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 5_000
    html = (pages / "churn.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'<a href="(churn/\w+\.png)"', html))
    assert linked == {f"churn/{name}.png" for name in PLOTS}


def test_every_plot_names_its_axes(evaluation: dict[str, Any]) -> None:
    for plot in plots(evaluation):
        text = json.dumps(plot.spec())
        assert plot.title
        assert plot.reading.endswith(".")
        titles = set(re.findall(r'"title": "([^"]+)"', text))
        assert titles, plot.name
        assert plot.spec()["width"] == "container"


@pytest.mark.parametrize("page", ["churn.html", "index.html"])
def test_a_page_asks_nothing_of_the_network(pages: Path, page: str) -> None:
    """No element loads anything from elsewhere, and the policy forbids it; there is one copy of the library."""
    html = (pages / page).read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//", html)
    assert not re.search(r"url\(|@import", html.split("</style>")[0])
    assert not re.search(r"<a [^>]*href=\"(?!\w+\.html|\w+/\w+\.png)", html)
    outside_library = "".join(text for text in re.split(r"<script>.*?</script>", html, flags=re.S))
    assert not re.search(r"https?://", outside_library)
    assert html.count("window.vegaEmbed") == (page == "churn.html")
    assert len(html) < 1_500_000


def opened(page: Path, profile: Path) -> str:
    """The page's elements after a browser without a network has run it."""
    if CHROMIUM is None:
        pytest.skip("no chromium to open the pages with")
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=8000", "--dump-dom", f"file://{page}",
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_a_browser_draws_every_plot(pages: Path, tmp_path: Path) -> None:
    dom = opened(pages / "churn.html", tmp_path)
    assert dom.count('<svg xmlns="http://www.w3.org/2000/svg"') == len(PLOTS)


def test_the_index_computes_euros_as_the_evaluation_does(
    pages: Path, tmp_path: Path, evaluation: dict[str, Any]
) -> None:
    dom = opened(pages / "index.html", tmp_path)
    point = evaluation["operating_points"]["expected_cost"]
    said = re.search(r"<output>(.*?)</output>", dom)
    assert said is not None
    everyone = point["contact_everyone_eur_per_1000_readers"]["value"]
    assert f"probability is {point['threshold']:.2f} or more" in said[1]
    assert f"that brings {euros(point['gain_eur_per_1000_readers']['value'])} [" in said[1]
    assert said[1].endswith(f"Contacting everyone brings {euros(everyone)}.")


def test_the_editors_sentence(evaluation: dict[str, Any]) -> None:
    point = {"precision": {"value": 0.72, "ci95": [0.69, 0.75]}, "at_random": {"value": 0.36, "ci95": [0.35, 0.37]}}
    made_up = {"operating_points": {"top_k": point}, "label": {"outcome": "leave"}}
    expected = "Of 1,000 readers we flag, 720 [690–750] will leave; of 1,000 picked at random, 360."
    assert editors_sentence(made_up) == expected
    assert summarise(evaluation).sentence == editors_sentence(evaluation)


def test_words_for_numbers() -> None:
    assert with_interval({"value": 0.78, "ci95": [0.766, 0.791]}) == "0.780 [0.766,\u00a00.791]"
    assert with_interval({"value": 0.78, "ci95": [None, None]}) == "0.780"
    assert with_interval({"value": None, "ci95": [None, None]}) == "unknown"
    assert (euros(1234.4), euros(-0.2), euros(-249.0)) == ("€1,234", "€0", "−\u2060€249")
    assert task_word("churn_subscribers") == "Churn of subscribers"


def test_contacting_nobody_is_said(evaluation: dict[str, Any]) -> None:
    point = {**evaluation["operating_points"]["expected_cost"], "threshold": None}
    points = {**evaluation["operating_points"], "expected_cost": point}
    assert euros_sentence({**evaluation, "operating_points": points}).startswith("Contacting nobody is best")


def test_index_says_what_an_editor_needs(pages: Path, evaluation: dict[str, Any]) -> None:
    html = (pages / "index.html").read_text(encoding="utf-8")
    said = summarise(evaluation)
    for words in (said.sentence, said.trust, "Against the roadmap", "In euros", "churn.html"):
        assert words in html
    assert "exploration.html" not in html


def test_index_links_the_exploration_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "exploration.html").write_text("", encoding="utf-8")
    html = write_index([], tmp_path).read_text(encoding="utf-8")
    assert 'href="exploration.html"' in html
    assert "No model has been evaluated yet" in html


def test_text_from_data_cannot_become_markup(make_evaluation, make_facts, tmp_path: Path) -> None:
    """Names come from a publisher's log; they are shown, never run."""
    hostile = "</script><script>alert(1)</script>"
    drivers = [{"name": "x", "meaning": hostile, "strength": 1.0, "direction": "rises with it"}]
    facts = make_facts(question=hostile, definition=hostile, drivers=drivers)
    evaluation = make_evaluation(facts=facts, replicates=20)
    for page in (write_report(evaluation, tmp_path), write_index([evaluation], tmp_path)):
        assert hostile not in page.read_text(encoding="utf-8")


def test_a_report_without_oracle_audit_or_drivers(make_evaluation, make_facts, tmp_path: Path) -> None:
    evaluation = make_evaluation(oracle=False, facts=make_facts(leakage={}, drivers=()), replicates=20)
    html = write_report(evaluation, tmp_path).read_text(encoding="utf-8")
    assert "Use with care" in html
    assert "<code>readership audit leakage</code>" in html
    assert "This world is simulated" not in html
    assert not (tmp_path / "churn" / "drivers.png").exists()
