"""Who is told: a log, a webhook (Slack's JSON), e-mail by SMTP, Alertmanager. Each takes all it is given, or raises."""

import json
import smtplib
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from readership.errors import DeliveryError
from readership.monitoring.alerts import Alert, Notice
from readership.monitoring.words import headline, sentence
from readership.posting import Post, Remedies

ANSWER_SECONDS = 30.0
AGAIN = "it is told at the next `readership monitor`"
STANDS_FOR = timedelta(hours=48)
"""How long Alertmanager takes an alert to stand unless it hears of it again; the monitor runs at least daily."""

Sink = Callable[[Sequence[Notice]], None]
"""Takes notices, or raises DeliveryError, after which none of them counts as told."""


class Mail(NamedTuple):
    """A mail server and whose mail it carries; `server` as smtp://user:password@host:587 (STARTTLS) or smtps://…"""

    server: str
    sender: str
    to: tuple[str, ...]


def to_log(path: Path) -> Sink:
    """Append one JSON object a notice."""

    def sink(notices: Sequence[Notice]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(told(notice), ensure_ascii=False) + "\n" for notice in notices)

    return sink


def to_webhook(address: str) -> Sink:
    """One POST for all notices: `text` as Slack, Mattermost and Teams show it, and `alerts` for programs."""
    remedies = Remedies("check READERSHIP_ALERT_WEBHOOK", AGAIN)

    def sink(notices: Sequence[Notice]) -> None:
        text = "\n".join(f"*{headline(n)}*\n{sentence(n.alert)}{_runbook(n.alert)}" for n in notices)
        body = {"text": text, "alerts": [told(notice) for notice in notices]}
        with Post(address, None, remedies) as post:
            post.send(json.dumps(body, ensure_ascii=False).encode())

    return sink


def to_email(mail: Mail) -> Sink:
    """One message for all notices."""

    def sink(notices: Sequence[Notice]) -> None:
        message = EmailMessage()
        more = f" and {len(notices) - 1} more" if len(notices) > 1 else ""
        message["Subject"] = f"Readership: {headline(notices[0])}{more}"
        message["From"], message["To"] = mail.sender, ", ".join(mail.to)
        message.set_content("\n\n".join(f"{headline(n)}\n{sentence(n.alert)}{_runbook(n.alert)}" for n in notices))
        try:
            _post_mail(mail, message)
        except (OSError, smtplib.SMTPException) as error:
            host = urlsplit(mail.server).hostname
            raise DeliveryError(
                f"the mail server {host} did not take the message: {error}; check READERSHIP_ALERT_SMTP; {AGAIN}"
            ) from error

    return sink


def to_alertmanager(address: str, alerts: Sequence[Alert], now: datetime) -> Sink:
    """All alerts that stand, and the end of those given, by its API v2; it tells repeats and routes by itself."""
    remedies = Remedies("check READERSHIP_ALERTMANAGER", AGAIN)

    def sink(notices: Sequence[Notice]) -> None:
        over = [notice.alert for notice in notices if notice.alert.ended_at is not None]
        body = [_posted(alert, now) for alert in [*(a for a in alerts if a.ended_at is None), *over]]
        if body:
            with Post(f"{address.rstrip('/')}/api/v2/alerts", None, remedies) as post:
                post.send(json.dumps(body, ensure_ascii=False).encode())

    return sink


def told(notice: Notice) -> dict[str, Any]:
    """A notice for programs."""
    alert = notice.alert
    return {
        "what": notice.what,
        "rule": alert.rule.name,
        "severity": alert.severity,
        "task": alert.task,
        "parts": list(alert.parts),
        "since": alert.since.isoformat(),
        "fires_at": alert.fires_at.isoformat(),
        "ended_at": alert.ended_at.isoformat() if alert.ended_at else None,
        "says": sentence(alert),
        "runbook": alert.rule.runbook,
    }


def _posted(alert: Alert, now: datetime) -> dict[str, Any]:
    labels = {"alertname": alert.rule.name, "severity": alert.severity, "service": "readership"}
    return {
        "labels": labels | ({"task": alert.task} if alert.task else {}),
        "annotations": {"summary": sentence(alert), "runbook_url": alert.rule.runbook},
        "startsAt": alert.fires_at.isoformat(),
        "endsAt": (now if alert.ended_at else datetime.now(UTC) + STANDS_FOR).isoformat(),
    }


def _post_mail(mail: Mail, message: EmailMessage) -> None:
    parts = urlsplit(mail.server)
    secure = ssl.create_default_context()
    host = parts.hostname or ""
    if parts.scheme == "smtps":
        line: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=ANSWER_SECONDS, context=secure)
    else:
        line = smtplib.SMTP(host, parts.port or 587, timeout=ANSWER_SECONDS)
    with line:
        line.ehlo()
        if parts.scheme != "smtps" and (line.has_extn("starttls") or parts.username):
            line.starttls(context=secure)
        if parts.username:
            line.login(unquote(parts.username), unquote(parts.password or ""))
        line.send_message(message)


def _runbook(alert: Alert) -> str:
    return f" What to do: {alert.rule.runbook}" if alert.rule.runbook else ""
