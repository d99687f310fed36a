"""What is told to Kafka's client, and that passwords go nowhere else."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from readership.errors import SettingsError
from readership.events.avro import SchemaRegistry
from readership.events.kafka import connection
from readership.settings import Settings


def test_plain_needs_only_an_address(settings: Settings) -> None:
    found = connection(settings.model_copy(update={"kafka_servers": "a:1,b:2"}))
    assert found == {
        "bootstrap.servers": "a:1,b:2",
        "client.id": "readership",
        "security.protocol": "plaintext",
        "log_level": 0,
    }


def test_passwords_and_certificates_reach_the_client_alone(settings: Settings, tmp_path: Path) -> None:
    told = {
        "kafka_servers": "a:1",
        "kafka_security": "sasl_ssl",
        "kafka_sasl_mechanism": "PLAIN",
        "kafka_sasl_user": "me",
        "kafka_sasl_password": SecretStr("secret"),
        "kafka_ca_file": Path("ca.pem"),
        "schema_registry": SecretStr("https://me:secret@registry:8081"),
    }
    current = settings.model_copy(update=told)
    found = connection(current)
    assert found["sasl.mechanism"] == "PLAIN"
    assert (found["sasl.username"], found["sasl.password"]) == ("me", "secret")
    assert found["ssl.ca.location"] == str(tmp_path / "ca.pem")
    assert "secret" not in str(current.shown()) + repr(current)


@pytest.mark.parametrize("address", ["registry:8081", "ftp://registry", "http://"])
def test_a_registry_has_a_web_address(address: str) -> None:
    with pytest.raises(SettingsError, match="READERSHIP_SCHEMA_REGISTRY is no http"):
        SchemaRegistry(address)
