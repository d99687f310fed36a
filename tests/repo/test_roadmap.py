"""docs/roadmap.md: all of the roadmap has a line; what is `here` exists, what is `made` names its maker."""

import re

import pytest
from command_line import problem
from repository import ROOT

TEXT = (ROOT / "docs" / "roadmap.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| (.+?) \| (here|made|planned) \|$", TEXT, re.MULTILINE)
ROADMAP = [
    *("run_ml.py", "run_all_ml_models.py", "requirements_ml.txt", "utils/__init__.py", "utils/data_loader.py"),
    *("01_data_exploration.py", "02_feature_engineering.py", "03_baseline_models.py", "04_churn_prediction.py"),
    *("05_user_segmentation.py", "06_recommendation_system.py", "07_conversion_prediction.py"),
    *("08_click_prediction.py", "09_engagement_prediction.py", "10_ad_optimization.py"),
    *("user_features_sample.csv", "user_features_ml_ready.csv", "models/", "evaluation/", "api/", "ab_testing/"),
    *("optimization/", "deployment/", "monitoring/", "docs/", "runbooks/", "docs/architecture.md"),
    *("docs/data-model.md", "docs/ml-models.md", "docs/api-reference.md", "clickhouse_driver"),
    *("--skip-exploration", "--skip-features", "--models-only", "--skip-prerequisites"),
    *("AUC > 0.85", "Precision > 0.80", "Recall > 0.75", "Churn Reduction > 10%", "Conversion Rate +15%"),
    *("Engagement +20%", "Latency < 100ms", "Throughput > 1000 req/s", "Uptime > 99.9%"),
    *("XGBoost", "K-Means", "LightGBM", "Thompson Sampling", "Random Forest", "Logistic Regression"),
]


def test_every_row_of_every_table_was_read():
    lines = [line for line in TEXT.splitlines() if line.startswith("| ")]
    assert len(ROWS) == len([line for line in lines if not line.startswith(("| the roadmap's", "| ---"))])


@pytest.mark.parametrize("item", ROADMAP)
def test_everything_the_roadmap_names_has_a_line(item):
    assert [row for row in ROWS if item in row[0]]


@pytest.mark.parametrize(("item", "place", "state"), ROWS, ids=lambda value: value[:40])
def test_what_is_said_to_be_there_is_there(item, place, state):
    named = re.findall(r"`([^`]+)`", place)
    calls = [name for name in named if name.startswith("readership ")]
    paths = [name for name in named if "/" in name or "." in name]
    assert [wrong for call in calls if (wrong := problem(call))] == []
    assert named
    if state == "here":
        made = ("artifacts/", "/openapi.json", "/docs")
        assert [path for path in paths if not path.startswith(made) and not (ROOT / path).exists()] == []
    elif state == "made":
        assert calls, f"{item}: which command makes it?"
    else:
        assert [path for path in paths if (ROOT / path).exists()] == [], f"{item} is no longer planned"
