"""Which version is live: register, promote by the rule, roll back, retire, and put registry and `live.json` in step.

A change goes to MLflow's alias first, then to `live.json` (which serving watches), then into the history; whatever
interrupts it, `sync` completes it.
"""

import getpass
import json
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from readership.contracts import Evaluation, Metric
from readership.datasets.rules import trained_by
from readership.errors import BundleError, PromotionRefused
from readership.registry import history
from readership.registry.bundles import MANIFEST, Bundle, read_manifest, versions
from readership.registry.held_out import losses
from readership.registry.history import Promotion
from readership.registry.live import Live, read_live, tasks_on_disk, write_live
from readership.registry.mlflow_registry import MlflowRegistry
from readership.registry.rule import Decision, beats_floors, compare, newest
from readership.settings import Settings

EVALUATIONS = "evaluations"
WITHOUT_ROWS = ("segment", "uplift", "rank", "policy")
"""Answers whose versions are not compared row by row: no reader's outcome proves a segment or an effect right, a
ranker is judged within a replay of the log, and a policy by the chances logged, not on stored rows."""


def register(settings: Settings, bundle_folder: Path, evaluation: Evaluation) -> str:
    """Record a bundle with its evaluation as the task's challenger; returns its version."""
    manifest = read_manifest(bundle_folder)
    kept = _evaluation_path(bundle_folder)
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps(evaluation, ensure_ascii=False) + "\n", encoding="utf-8")
    registry = MlflowRegistry.open(settings)
    registry.add(bundle_folder, evaluation)
    registry.set_alias(manifest.task, "challenger", manifest.version)
    live = read_live(_models(settings), manifest.task)
    write_live(
        _models(settings),
        manifest.task,
        champion=live.champion,
        challenger=manifest.version,
        by=live.by,
        why=live.why,
    )
    return manifest.version


def promote(
    settings: Settings,
    task: str,
    version: str | None = None,
    *,
    force: bool = False,
    why: str | None = None,
    by: str | None = None,
    proof: Decision | None = None,
) -> Promotion:
    """Make a version (by default the challenger) the champion, if the rule allows it or `force` with `why`.

    `proof` is what an experiment among readers showed, and stands in place of the rule. Raises PromotionRefused with
    the measured difference; nothing has changed then.
    """
    if force and not why:
        raise PromotionRefused(f"{task}: a forced promotion needs a reason (--why); nothing changed")
    models = _models(settings)
    live = read_live(models, task)
    version = version or live.challenger
    if version is None:
        raise PromotionRefused(
            f"{task} has no challenger; `{trained_by(task)}` makes one, `readership models list` names the "
            "versions there are; nothing changed"
        )
    if version == live.champion:
        raise PromotionRefused(f"{task} {version} is the champion already; nothing changed")
    bundle = Bundle.load(models / task / version)
    decision = proof or _decide(settings, live, bundle, tolerant=force)
    if not decision.allowed and not force:
        raise PromotionRefused(
            f"{task} {version} is not promoted: {decision.reason}; nothing changed; "
            f"`readership promote {task} --version {version} --force --why …` overrides"
        )
    reason = decision.reason if decision.allowed else f"forced, though {decision.reason}"
    return _switch(settings, live, "promote", bundle, reason, decision.difference, not decision.allowed, why, by)


def rollback(settings: Settings, task: str, *, why: str | None = None, by: str | None = None) -> Promotion:
    """Make the champion before this one live again; PromotionRefused when there was none."""
    models = _models(settings)
    live = read_live(models, task)
    previous = history.before(history.read(models / task))
    if live.champion is None or previous is None:
        raise PromotionRefused(f"{task} has had no champion before {live.champion or 'any'}; nothing changed")
    bundle = Bundle.load(models / task / previous)
    return _switch(settings, live, "rollback", bundle, f"rolled back from {live.champion}", None, False, why, by)


def retire(settings: Settings, *, why: str, by: str | None = None) -> list[str]:
    """Leave every task without champion and challenger; versions stay. Returns the tasks that had a champion."""
    models = _models(settings)
    retired = []
    for task in tasks_on_disk(models):
        live = read_live(models, task)
        if live.champion is None and live.challenger is None:
            continue
        registry = MlflowRegistry.open(settings)
        for alias in ("champion", "challenger"):
            registry.set_alias(task, alias, None)
        written = write_live(models, task, champion=None, challenger=None, by=by or _user(), why=why)
        if live.champion:
            retired.append(task)
            history.append(
                models / task, Promotion(task, "retire", "", live.champion, False, "", why, written.by, written.at)
            )
    return retired


def sync(settings: Settings) -> dict[str, Any]:
    """Make registry, `live.json` and history agree; an alias outranks `live.json`, which outranks an empty registry.

    Bundles missing on disk come back from MLflow's artifacts; bundles MLflow does not know are registered.
    """
    registry = MlflowRegistry.open(settings)
    models = _models(settings)
    tasks = sorted({*tasks_on_disk(models), *registry.tasks()})
    repaired = [line for task in tasks for line in _sync_task(registry, models, task)]
    return {"tasks": tasks, "repaired": repaired}


def evaluation_of(bundle_folder: Path) -> Evaluation:
    """The evaluation a bundle was registered with; {} when it never was."""
    path = _evaluation_path(bundle_folder)
    if not path.is_file():
        return {}
    try:
        found: Evaluation = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BundleError(f"{path} cannot be read: {error}; train again, or restore the file") from error
    return found


def _decide(settings: Settings, live: Live, bundle: Bundle, *, tolerant: bool) -> Decision:
    """What the rule says; with `tolerant`, versions that cannot be compared are a refusal in words, not an error."""
    task, answer = bundle.manifest.task, bundle.manifest.answer
    own_merit = beats_floors(evaluation_of(_models(settings) / task / bundle.manifest.version))
    if live.champion is None:
        return own_merit
    try:
        champion = Bundle.load(_models(settings) / task / live.champion)
        if answer in WITHOUT_ROWS:
            ours, theirs = bundle.manifest, champion.manifest
            answers = answer != "rank" or ours.features == theirs.features  # the engine makes its own features alone
            return newest(own_merit, ours.trained_until, theirs.trained_until, answers=answers)
        rows = losses(champion, bundle, settings.artifacts_dir / "datasets")
    except (PromotionRefused, BundleError) as error:
        if not tolerant:
            raise
        return Decision(False, str(error))
    newer = bundle.manifest.trained_until > champion.manifest.trained_until
    return compare(rows.champion, rows.challenger, rows.reader, rows.weight, newer=newer, answer=answer)


def _switch(
    settings: Settings,
    live: Live,
    action: str,
    bundle: Bundle,
    reason: str,
    difference: Metric | None,
    forced: bool,
    why: str | None,
    by: str | None,
) -> Promotion:
    """Alias, `live.json`, history; in this order."""
    models, task, version = _models(settings), bundle.manifest.task, bundle.manifest.version
    challenger = live.challenger if live.challenger != version else None
    by = by or _user()
    registry = MlflowRegistry.open(settings)
    registry.add(models / task / version, evaluation_of(models / task / version))
    registry.set_alias(task, "champion", version)
    registry.set_alias(task, "challenger", challenger)
    written = write_live(models, task, champion=version, challenger=challenger, by=by, why=why or reason)
    done = Promotion(
        task, action, version, live.champion, forced, reason, why or "", by, written.at, difference=difference
    )
    history.append(models / task, done)
    tags = {"action": action, "reason": reason, "why": why or "", "by": by, "at": written.at}
    registry.tag(task, version, {f"live.{name}": value for name, value in tags.items()})
    return done


def _sync_task(registry: MlflowRegistry, models: Path, task: str) -> Iterable[str]:
    known = registry.versions(task)
    for version in versions(models, task):
        if version not in known:
            registry.add(models / task / version, evaluation_of(models / task / version))
            yield f"{task} {version}: registered"
    live = _readable(models, task)
    champion = yield from _settled(registry, models, task, "champion", live.champion)
    challenger = live.challenger if live.challenger != champion else None
    challenger = yield from _settled(registry, models, task, "challenger", challenger)
    if (live.champion, live.challenger) != (champion, challenger):
        why = "live.json put in step with the registry"
        live = write_live(models, task, champion=champion, challenger=challenger, by=_user(), why=why)
        yield f"{task} {champion}: live.json written"
    if added := _complete_history(models / task, task, live):
        yield added


def _settled(
    registry: MlflowRegistry, models: Path, task: str, alias: str, in_live: str | None
) -> Generator[str, None, str | None]:
    """The version that carries an alias, its bundle on disk; None when neither side knows one that still exists."""
    version = registry.alias(task, alias)
    if version is None and in_live in registry.versions(task):
        registry.set_alias(task, alias, in_live)
        yield f"{task} {in_live}: alias {alias} set from live.json"
        version = in_live
    if version and not (models / task / version / MANIFEST).is_file():
        registry.fetch(task, version, models / task / version)
        yield f"{task} {version}: brought back from the registry"
    return version


def _complete_history(folder: Path, task: str, live: Live) -> str | None:
    changes = history.read(folder)
    last = changes[-1].version if changes else None
    if live.champion is None or live.champion == last:
        return None
    action = "rollback" if live.champion == history.before(changes) else "sync"
    history.append(folder, Promotion(task, action, live.champion, last, False, live.why, "", live.by, live.at))
    return f"{task} {live.champion}: written into the history"


def _readable(models: Path, task: str) -> Live:
    try:
        return read_live(models, task)
    except BundleError:
        return Live()


def _models(settings: Settings) -> Path:
    return settings.artifacts_dir / "models"


def _evaluation_path(bundle_folder: Path) -> Path:
    return bundle_folder.parent / EVALUATIONS / f"{bundle_folder.name}.json"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"
