"""Kafka as the settings describe it: the client, and how it reaches the brokers."""

from types import ModuleType

from readership.errors import MissingExtra, SettingsError
from readership.settings import Settings

BROKER_SECONDS = 10.0
"""How long brokers are waited for before a command says that they do not answer."""


def kafka_client() -> ModuleType:
    """The package `confluent_kafka`. Raises MissingExtra where it is not installed."""
    try:
        import confluent_kafka
    except ModuleNotFoundError as error:
        raise MissingExtra(f"Kafka needs {error.name}; `pip install 'readership[kafka]'`") from error
    return confluent_kafka


def connection(settings: Settings) -> dict[str, str | int]:
    """Options of librdkafka by which any client of ours connects; with secrets, so never shown.

    Raises SettingsError where the settings do not say enough.
    """
    if not settings.kafka_servers:
        raise SettingsError("READERSHIP_KAFKA_SERVERS is not set; set it to host:port of your Kafka")
    options: dict[str, str | int] = {
        "bootstrap.servers": settings.kafka_servers,
        "client.id": "readership",
        "security.protocol": settings.kafka_security,
        "log_level": 0,
    }
    if settings.kafka_ca_file:
        options["ssl.ca.location"] = str(settings.path(settings.kafka_ca_file))
    if settings.kafka_security.startswith("sasl"):
        if not settings.kafka_sasl_user or not settings.kafka_sasl_password:
            raise SettingsError(
                f"READERSHIP_KAFKA_SECURITY is {settings.kafka_security!r}, which needs READERSHIP_KAFKA_SASL_USER and "
                "READERSHIP_KAFKA_SASL_PASSWORD"
            )
        options["sasl.mechanism"] = settings.kafka_sasl_mechanism
        options["sasl.username"] = settings.kafka_sasl_user
        options["sasl.password"] = settings.kafka_sasl_password.get_secret_value()
    return options
