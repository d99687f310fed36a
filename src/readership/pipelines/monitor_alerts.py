"""Alerts of what was measured: who must be told now, by whom it was taken, and what is kept between runs."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from readership.errors import DeliveryError, InputError, SettingsError
from readership.monitoring.alerts import Alert, Notice, alerts_of, notices
from readership.monitoring.measure import Measure
from readership.monitoring.rules import Rulebook, reaches
from readership.monitoring.sinks import Mail, Sink, to_alertmanager, to_email, to_log, to_webhook
from readership.posting import is_web
from readership.settings import Settings


class Told(NamedTuple):
    """Alerts of the whole past, notices that were taken now, and receivers that did not take theirs."""

    alerts: list[Alert]
    notices: list[Notice]
    failed: dict[str, str]
    undelivered: int


def tell(measures: Sequence[Measure], book: Rulebook, settings: Settings, until: datetime) -> Told:
    """Work out the alerts and tell each receiver what it was not told yet.

    What was told is kept in `artifacts/monitoring/told.json`, receiver by receiver, so that one that is away hears of
    it at the next run. On the first run only alerts that stand are told.
    """
    alerts = alerts_of(book, measures)
    path = settings.artifacts_dir / "monitoring" / "told.json"
    kept = _read(path)
    since = datetime.fromisoformat(kept["until"]) if kept["until"] else until
    taken: dict[str, Notice] = {}
    failed: dict[str, str] = {}
    undelivered = 0
    for name, sink in receivers(settings, alerts, until).items():
        told = kept["told"].setdefault(name, {})
        due = [n for n in notices(alerts, book, told, since, until) if _heard(n, book, name)]
        try:
            if due or name == "alertmanager":
                sink(due)
        except DeliveryError as error:
            failed[name] = str(error)
            undelivered += len(due)
            continue
        told |= {notice.key: until.isoformat() for notice in due}
        taken |= {notice.key: notice for notice in due}
    _write(path, _pruned(kept["told"], alerts), until if not failed else since)
    return Told(alerts, list(taken.values()), failed, undelivered)


def receivers(settings: Settings, alerts: Sequence[Alert], now: datetime) -> dict[str, Sink]:
    """Everyone who is told, by the settings. SettingsError where an address cannot be used."""
    found = {"log": to_log(settings.artifacts_dir / "monitoring" / "alerts.jsonl")}
    if settings.alert_webhook:
        found["webhook"] = to_webhook(_web(settings.alert_webhook.get_secret_value(), "READERSHIP_ALERT_WEBHOOK"))
    if settings.alert_smtp:
        found["email"] = to_email(_mail(settings))
    if settings.alertmanager:
        found["alertmanager"] = to_alertmanager(_web(settings.alertmanager, "READERSHIP_ALERTMANAGER"), alerts, now)
    return found


def _heard(notice: Notice, book: Rulebook, receiver: str) -> bool:
    return reaches(notice.alert.severity, book.tell[receiver])


def _web(address: str, name: str) -> str:
    if not is_web(address):
        raise SettingsError(f"{name} is no address of the web; it begins with http:// or https://; nobody was told")
    return address


def _mail(settings: Settings) -> Mail:
    server = settings.alert_smtp.get_secret_value() if settings.alert_smtp else ""
    to = tuple(part.strip() for part in (settings.alert_email_to or "").split(",") if part.strip())
    if not server.startswith(("smtp://", "smtps://")) or not settings.alert_email_from or not to:
        raise SettingsError(
            "mail of alerts needs READERSHIP_ALERT_SMTP (smtp:// or smtps://), READERSHIP_ALERT_EMAIL_FROM and "
            "READERSHIP_ALERT_EMAIL_TO; nobody was told"
        )
    return Mail(server, settings.alert_email_from, to)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"until": found["until"], "told": found["told"]}
    except FileNotFoundError:
        return {"until": None, "told": {}}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} cannot be read: {error}; move it away, and standing alerts are told again; nobody was told"
        ) from error


def _pruned(told: Mapping[str, Mapping[str, str]], alerts: Sequence[Alert]) -> dict[str, dict[str, str]]:
    known = {alert.key for alert in alerts}
    return {
        name: {key: at for key, at in those.items() if key.rsplit("/", 1)[0] in known} for name, those in told.items()
    }


def _write(path: Path, told: Mapping[str, Mapping[str, str]], until: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    at = datetime.now(UTC).isoformat(timespec="seconds")
    draft.write_text(json.dumps({"until": until.isoformat(), "at": at, "told": told}, indent=1), encoding="utf-8")
    draft.replace(path)
