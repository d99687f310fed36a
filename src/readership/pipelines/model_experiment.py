"""What an experiment between versions of a model says of one of them: the proof `promote --experiment` asks for."""

import json
from typing import Any

from readership.errors import InputError, PromotionRefused
from readership.experiments.definition import Experiment
from readership.experiments.reading import FOLDER, read_experiments
from readership.pipelines.experiments import named
from readership.registry.live import read_live
from readership.registry.rule import Decision
from readership.settings import Settings


def shown_by(settings: Settings, key: str, task: str, version: str | None = None) -> tuple[str, Decision]:
    """The version an experiment speaks of (needed where it tries several), and what was found by the last analysis.

    Allowed is a version that is better than the control on the first metric, every guard-rail being safe. Raises
    InputError where the experiment is about something else, PromotionRefused where it is not analysed as it is now, or
    compared with a version that is no longer the champion.
    """
    experiment = named(read_experiments(settings.root / FOLDER), key, settings)
    variant, tried = _variant(experiment, task, version)
    assert experiment.models is not None
    control, champion = experiment.models.versions[experiment.control], read_live(_models(settings), task).champion
    if control != champion:
        raise PromotionRefused(
            f"experiment {key!r} compared {task} {tried} with {control}, but the champion is {champion or 'none'}: it "
            "tells nothing of the two; nothing changed; compare them in a new one"
        )
    return tried, _decision(experiment, variant, _analysis(settings, experiment))


def _variant(experiment: Experiment, task: str, version: str | None) -> tuple[str, str]:
    models = experiment.models
    if models is None or models.task != task:
        about = f"is about {models.task}" if models else "compares no models ([models] is missing)"
        raise InputError(f"experiment {experiment.key!r} {about}, not {task}; nothing changed")
    tried = {variant: models.versions[variant] for variant in experiment.variants[1:]}
    found = [(variant, its) for variant, its in tried.items() if version in (None, its)]
    if len(found) != 1:
        raise InputError(
            f"experiment {experiment.key!r} tries {', '.join(tried.values())}, "
            f"{f'not {version}' if version else 'several'}; name one of them with --version; nothing changed"
        )
    return found[0]


def _analysis(settings: Settings, experiment: Experiment) -> dict[str, Any]:
    path = settings.artifacts_dir / "experiments" / f"{experiment.key}.json"
    analyze = f"`readership experiment analyze {experiment.key}`"
    if not path.is_file():
        raise PromotionRefused(f"experiment {experiment.key!r} was not analysed; {analyze} first; nothing changed")
    measured: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if measured["definition_sha256"] != experiment.content_hash():
        raise PromotionRefused(
            f"{path} is of another definition of experiment {experiment.key!r}; {analyze} again; nothing changed"
        )
    return measured


def _decision(experiment: Experiment, variant: str, measured: dict[str, Any]) -> Decision:
    own = [found for found in measured["findings"] if found["variant"] == variant]
    first, *others = own
    rails = [found for found in others if found["guardrail"]]
    verdict = measured["verdicts"][variant]
    told = "; ".join(_told(found, measured["complete"]) for found in (first, *rails))
    units = f"{first['units_control']:,} and {first['units_treatment']:,} readers as of {measured['as_of'][:10]}"
    reason = f"experiment {experiment.key!r} ({units}): {told}"
    if measured["split"]["broken"]:
        return Decision(False, f"{reason}; its arms are not as drawn (p = {measured['split']['p']:.2g})")
    unsafe = [found["metric"] for found in rails if found["verdict"] != "safe"]
    if verdict != "adopt" or unsafe:
        lacks = f"guard-rail {', '.join(unsafe)} is not shown to be safe" if unsafe else f"its verdict is {verdict!r}"
        return Decision(False, f"{reason}; {lacks}")
    low, high = _interval(first, measured["complete"])
    return Decision(True, reason, {"value": first["difference"], "ci95": [low, high]})


def _told(found: dict[str, Any], complete: bool) -> str:
    if found["unknown"]:
        return f"{found['metric']} is not known ({found['unknown']})"
    low, high = _interval(found, complete)
    if low is None or high is None:
        return f"{found['metric']} {found['difference']:+.4g}, too few readers for an interval"
    kind = "" if complete else ", always valid"
    return f"{found['metric']} {found['difference']:+.4g} [{low:+.4g}, {high:+.4g}{kind}], {found['verdict']}"


def _interval(found: dict[str, Any], complete: bool) -> tuple[float | None, float | None]:
    low, high = ("low", "high") if complete else ("always_low", "always_high")
    return found[low], found[high]


def _models(settings: Settings) -> Any:
    return settings.artifacts_dir / "models"
