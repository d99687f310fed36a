"""The provider, asked through the OpenFeature SDK itself."""

from datetime import UTC, datetime

import pytest
from trial import TEXT, trial, write

from readership.errors import MissingExtra
from readership.experiments.assignment import assign

pytest.importorskip("openfeature")

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import Reason

from readership.experiments.openfeature import ExperimentProvider

DURING = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture
def client(tmp_path):
    """A client whose provider answers from the trial, and what was given out."""
    write(tmp_path, TEXT.replace("[metrics.active_days]", '[audience]\nbrand = ["k"]\n\n[metrics.active_days]'))
    seen = []
    provider = ExperimentProvider(tmp_path, lambda *given: seen.append(given), now=lambda: DURING)
    api.set_provider(provider)
    yield api.get_client(), seen
    api.clear_providers()


def at(reader: str | None, **attributes: str) -> EvaluationContext:
    return EvaluationContext(reader, attributes)


def test_a_reader_gets_the_variant_that_is_theirs_and_it_is_written_down(tmp_path, client) -> None:
    asked, seen = client
    experiment = trial(tmp_path)
    for reader in ("reader-1", "reader-2", "reader-3", "reader-4"):
        expected = assign(experiment, reader)
        found = asked.get_string_details("home-hybrid", "none", at(reader, brand="k"))
        assert (found.value, found.variant, found.reason) == (expected.variant, expected.variant, Reason.SPLIT)
        assert asked.get_boolean_value("home-hybrid", False, at(reader, brand="k")) == (expected.variant == "hybrid")
        assert asked.get_object_value("home-hybrid", {}, at(reader, brand="k")) == expected._asdict()
        assert [(one.key, unit, given) for one, unit, given in seen[-3:]] == [("home-hybrid", reader, expected)] * 3


@pytest.mark.parametrize(
    ("flag", "context", "reason", "why"),
    [
        ("home-hybrid", at("r", brand="other"), Reason.DEFAULT, None),
        ("home-hybrid", at(None, brand="k"), Reason.ERROR, "give its id as the targeting key"),
        ("elsewhere", at("r", brand="k"), Reason.ERROR, "there are: home-hybrid"),
    ],
)
def test_everybody_else_gets_the_default_with_its_reason(client, flag, context, reason, why) -> None:
    asked, seen = client
    found = asked.get_string_details(flag, "none", context)
    assert (found.value, found.reason, seen) == ("none", reason, [])
    assert why is None or why in found.error_message


def test_numbers_are_refused(client) -> None:
    asked, _ = client
    found = asked.get_integer_details("home-hybrid", 3, at("r", brand="k"))
    assert (found.value, found.reason) == (3, Reason.ERROR)
    assert asked.get_float_details("home-hybrid", 0.5, at("r", brand="k")).value == 0.5


def test_an_experiment_that_is_over_gives_nothing_out(tmp_path) -> None:
    write(tmp_path)
    api.set_provider(ExperimentProvider(tmp_path, now=lambda: datetime(2026, 3, 16, tzinfo=UTC)))
    found = api.get_client().get_string_details("home-hybrid", "none", at("r"))
    assert (found.value, found.reason) == ("none", Reason.DISABLED)
    api.clear_providers()


def test_without_the_sdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import sys

    monkeypatch.setitem(sys.modules, "openfeature.provider", None)
    monkeypatch.delitem(sys.modules, "readership.experiments.openfeature")
    with pytest.raises(MissingExtra, match=r"pip install 'readership\[openfeature\]'"):
        importlib.import_module("readership.experiments.openfeature")
