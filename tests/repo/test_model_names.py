"""Whatever a run names as a model can be given to the commands that are about models."""

import pytest
from typer.testing import CliRunner

from readership.cli import app
from readership.cli.options import Model, Population, Task
from readership.datasets.rules import label_rule
from readership.errors import InputError, ReadershipError
from readership.models import click, segmentation, uplift
from readership.models.ads import question as ads
from readership.models.recommendation import question as recommendation
from readership.settings import Settings


def test_every_task_of_every_population_is_a_model() -> None:
    names = {segmentation.TASK, recommendation.TASK, ads.TASK, *click.TASKS}  # have no label of a reader
    for task in set(Task) - names:
        for population in Population:
            try:
                names.add(label_rule(task, Settings(), population).name)
            except InputError:
                assert task in (Task.conversion, Task.engagement)
                assert population is Population.subscribers
    assert names | {f"{question}{uplift.SUFFIX}" for question in uplift.QUESTIONS} == set(Model)


@pytest.mark.parametrize("command", ["evaluate", "promote", "rollback"])
def test_churn_of_subscribers_is_a_name(command: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READERSHIP_HOME", str(tmp_path))
    answer = CliRunner().invoke(app, [command, "churn_subscribers"])
    assert isinstance(answer.exception, ReadershipError)
    assert "churn_subscribers" in str(answer.exception)
