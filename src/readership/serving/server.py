"""`readership serve`: the application behind uvicorn, in one process or several."""

import copy
import os
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from readership.errors import InputError, SettingsError
from readership.events.kafka import connection, kafka_client
from readership.serving import keys
from readership.serving.app import create_app
from readership.serving.arrival import NotingProtocol
from readership.settings import Settings

_GRACE_SECONDS = 10


def serve(settings: Settings, *, host: str, port: int, workers: int = 1) -> None:
    """Answer on `host`:`port` until told to stop (SIGTERM, Ctrl-C); requests under way are answered first.

    With more workers, each is a fresh process (never a fork) that reads its settings from the environment, into
    which those given here are written.
    """
    settings = settings.model_copy(update={"api_host": host, "api_port": port})
    if keys.accepted(settings) == {}:
        raise SettingsError(
            f"READERSHIP_API_HOST is {host!r}, which others can reach, and there are no keys in "
            f"{keys.keys_path(settings)}: make one with `readership keys create NAME`, or listen on 127.0.0.1"
        )
    if settings.kafka_servers:
        connection(settings)
        kafka_client()
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "access_log": False,
        "server_header": False,
        "http": NotingProtocol,
        "timeout_graceful_shutdown": _GRACE_SECONDS,
        "log_config": _logging(),
    }
    try:
        if workers == 1:
            uvicorn.run(create_app(settings), **options)
            return
        os.environ.update(_environment(settings))
        uvicorn.run("readership.serving.app:from_environment", factory=True, workers=workers, **options)
    except SystemExit as stop:
        if stop.code:
            why = "the lines above say why; where the address is in use, choose another --port"
            raise InputError(f"the API could not start on {host}:{port}: {why}") from stop


def _environment(settings: Settings) -> dict[str, str]:
    """The settings that the application reads, as the environment of a worker."""
    return {
        "READERSHIP_HOME": str(settings.root),
        "READERSHIP_ARTIFACTS": str(settings.artifacts_dir),
        "READERSHIP_BRAND": "",
        "READERSHIP_ONLINE_STORE": settings.online_address,
        "READERSHIP_API_HOST": settings.api_host,
    }


def _logging() -> dict[str, object]:
    """uvicorn's own logging, with ours beside it on standard error; neither holds keys or reader ids."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["filters"] = {"redaction": {"()": "readership.serving.redaction.Redaction"}}
    for handler in config["handlers"].values():
        handler["filters"] = ["redaction"]
    config["loggers"]["readership"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config
