"""Who is told, over the wire: a webhook, a mail server, Alertmanager, and the log."""

import email
import json
import smtplib
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path

import pytest
from mail_server import Mailbox
from receiver import Receiver

from readership.errors import DeliveryError
from readership.monitoring.alerts import Alert, Notice
from readership.monitoring.measure import Measure
from readership.monitoring.rules import Rule
from readership.monitoring.sinks import Mail, to_alertmanager, to_email, to_log, to_webhook

AT = datetime(2026, 3, 1, tzinfo=UTC)
NOW = AT + timedelta(days=9)


def alert(ended_at: datetime | None = None) -> Alert:
    rule = Rule(
        "field-emptied", "data", "empty", state="red", runbook="https://news.example/runbook", says="a field is empty"
    )
    worst = Measure(AT, "data", "empty", "red", part="brand", value=0.61, usual_low=0.0, usual_high=0.41)
    return Alert(rule, "churn", AT, AT + timedelta(days=1), NOW, ended_at, ("brand", "city"), worst, False)


def test_a_webhook_gets_words_for_people_and_fields_for_programs() -> None:
    with Receiver("/hook") as receiver:
        to_webhook(receiver.address)([Notice("fires", alert()), Notice("is over", alert(NOW))])
    (body,) = receiver.taken
    assert body["text"].splitlines() == [
        "*[warning] field-emptied (churn)*",
        "A field is empty: brand, city. 61.0% on 2026-03-01, usually 0.0% to 41.0%. Since 2026-03-01. "
        "What to do: https://news.example/runbook",
        "*[warning] field-emptied (churn) – is over*",
        "A field is empty: brand, city. 61.0% on 2026-03-01, usually 0.0% to 41.0%. Since 2026-03-01, "
        "until 2026-03-10. What to do: https://news.example/runbook",
    ]
    assert [told["ended_at"] for told in body["alerts"]] == [None, NOW.isoformat()]
    assert body["alerts"][0]["parts"] == ["brand", "city"]


def test_a_webhook_that_refuses_is_named_without_its_secret() -> None:
    with Receiver("/services/T0/SECRET?token=SECRET") as receiver:
        receiver.answers = [(404, {}, "no such hook")]
        with pytest.raises(DeliveryError, match="404 no such hook; check the address") as refused:
            to_webhook(receiver.address)([Notice("fires", alert())])
    assert "token" not in str(refused.value)


def test_mail_arrives_whole() -> None:
    with Mailbox() as mailbox:
        to_email(Mail(mailbox.address, "readership@news.example", ("a@news.example", "b@news.example")))(
            [Notice("fires", alert()), Notice("fires", alert())]
        )
    message = email.message_from_string(mailbox.messages[0], policy=policy.default)
    assert message["Subject"] == "Readership: [warning] field-emptied (churn) and 1 more"
    assert mailbox.to == ["a@news.example", "b@news.example"]
    assert message.get_content().count("A field is empty: brand, city.") == 2


def test_a_mail_server_that_refuses_or_is_away_is_an_error() -> None:
    with Mailbox(refuse=True) as mailbox, pytest.raises(DeliveryError, match=r"127.0.0.1 did not take the message"):
        to_email(Mail(mailbox.address, "a@b.example", ("c@d.example",)))([Notice("fires", alert())])
    with pytest.raises(DeliveryError, match="check READERSHIP_ALERT_SMTP"):
        to_email(Mail(mailbox.address, "a@b.example", ("c@d.example",)))([Notice("fires", alert())])


def test_a_password_is_never_sent_in_the_clear() -> None:
    with Mailbox() as mailbox:
        server = mailbox.address.replace("smtp://", "smtp://user:secret@")
        with pytest.raises(DeliveryError, match="STARTTLS"):
            to_email(Mail(server, "a@b.example", ("c@d.example",)))([Notice("fires", alert())])
    assert mailbox.messages == []
    assert issubclass(smtplib.SMTPNotSupportedError, smtplib.SMTPException)


def test_alertmanager_hears_of_all_that_stands_and_of_what_ended() -> None:
    with Receiver("") as receiver:
        standing, over = alert(), alert(NOW)
        to_alertmanager(f"{receiver.address}/", [standing, over], NOW)([Notice("is over", over)])
    (body,) = receiver.taken
    assert [entry["labels"] for entry in body] == [
        {"alertname": "field-emptied", "severity": "warning", "service": "readership", "task": "churn"}
    ] * 2
    assert body[0]["startsAt"] == "2026-03-02T00:00:00+00:00"
    assert datetime.fromisoformat(body[0]["endsAt"]) > datetime.now(UTC) + timedelta(hours=24)
    assert body[1]["endsAt"] == NOW.isoformat()
    assert body[0]["annotations"]["runbook_url"] == "https://news.example/runbook"


def test_alertmanager_is_left_alone_when_nothing_stands() -> None:
    with Receiver("") as receiver:
        to_alertmanager(receiver.address, [alert(NOW)], NOW)([])
    assert receiver.calls == 0


def test_the_log_is_appended_to(tmp_path: Path) -> None:
    file = tmp_path / "monitoring" / "alerts.jsonl"
    for what in ("fires", "is over"):
        to_log(file)([Notice(what, alert())])
    assert [json.loads(line)["what"] for line in file.read_text().splitlines()] == ["fires", "is over"]
