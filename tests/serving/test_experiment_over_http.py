"""An experiment from its definition to the verdict, over HTTP: `examples/experiment.py` with few readers."""

import importlib.util
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from served_world import World, serving

from readership.experiments.assignment import assign_many, read_experiments
from readership.pipelines.experiments import analyze_experiment
from readership.pipelines.segments import ingest_segments
from readership.warehouse import Warehouse

REPOSITORY = Path(__file__).parents[2]
READERS = range(120)


@pytest.fixture
def example() -> ModuleType:
    told = importlib.util.spec_from_file_location("experiment_example", REPOSITORY / "examples" / "experiment.py")
    assert told is not None
    assert told.loader is not None
    module = importlib.util.module_from_spec(told)
    told.loader.exec_module(module)
    return module


def test_an_experiment_run_over_http_is_analysed_as_it_was_assigned(
    bare: World, warehouse: Warehouse, example: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    example.define()
    assert "serve with READERSHIP_NOW=" in capsys.readouterr().out
    start = example.begun()
    settings = bare.settings.model_copy(update={"now": start + timedelta(hours=9)})
    with serving(settings) as client:
        example.history(str(client.base_url), READERS)
        told = example.run(str(client.base_url), READERS)
        example.run(str(client.base_url), READERS)  # all of it sent again: counted once
    done = ingest_segments(warehouse, settings)
    assert done["exposures"] == len(READERS)
    assert ingest_segments(warehouse, settings)["exposures"] == 0
    experiment = read_experiments(settings.root / "experiments")[example.KEY]
    expected = np.bincount(assign_many(experiment, [f"reader-{n}" for n in READERS]), minlength=2).tolist()
    measured, report = analyze_experiment(warehouse, settings, start + timedelta(days=9), example.KEY)
    assert measured["variants"] == {"control": expected[0], "hybrid": expected[1]}
    assert f"{{'control': {expected[0]}, 'hybrid': {expected[1]}}}" in told
    assert (measured["complete"], measured["split"]["broken"], measured["moved"]) == (True, False, 0)
    first = measured["findings"][0]
    assert first["metric"] == "articles"
    assert first["relative_low"] < example.EFFECT < first["relative_high"]
    assert first["variance_cut"] > 0.3  # the eight weeks before tell much of it
    assert report.is_file()
