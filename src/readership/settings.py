"""Settings: environment variables with the prefix READERSHIP_, or a `.env` file at the project's root.

Relative paths are resolved from that root (the nearest folder upwards with a `pyproject.toml` or
`.env`), or from `READERSHIP_HOME`; never from the folder a command happens to run in.
"""

import hashlib
import os
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from readership.errors import SettingsError

Purpose = Literal["analytics", "personalisation", "advertising", "marketing"]

TextBy = Literal["words", "embedding"]

BRANDS = "brands"
"""Folder, inside that of artifacts and of the online store, of the brands' own folders."""


def project_root(start: Path | None = None) -> Path:
    """Folder that relative settings are resolved from."""
    if home := os.environ.get("READERSHIP_HOME"):
        return Path(home).resolve()
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").is_file() or (folder / ".env").is_file():
            return folder
    return here


@dataclass(frozen=True)
class RedisPlace:
    """The keys of a Redis or Valkey server that begin with `prefix`; `/` names those below, as in a folder."""

    address: str = field(repr=False)
    prefix: str = "readership"

    def __truediv__(self, part: str) -> "RedisPlace":
        return replace(self, prefix=f"{self.prefix}:{part}")

    def __str__(self) -> str:
        return f"{redact(self.address.partition('?')[0])} {self.prefix}"


Online = Path | RedisPlace
"""Where the online store lies: a folder of LMDB files, or keys of a server."""


class Settings(BaseSettings):
    """All settings, each with its meaning; `readership settings` prints them."""

    model_config = SettingsConfigDict(env_prefix="READERSHIP_", extra="ignore")

    warehouse: SecretStr = Field(
        SecretStr("chdb://var/warehouse"),
        description="chdb://relative/path or chdb:///absolute/path (embedded), or clickhouse://user:pass@host:8123/analytics",
    )
    source_password: SecretStr | None = Field(
        None, description="password for `--from` where its address states none; see docs/adopt.md"
    )
    artifacts: Path = Field(Path("artifacts"), description="folder of models, evaluations, reports and datasets")
    online_store: SecretStr = Field(
        SecretStr("lmdb://var/online"),
        description="what the API reads from: lmdb://path, or redis://user:pass@host:port/db, rediss:// with TLS; "
        "see docs/online-store.md",
    )
    segments: Path = Field(
        Path("var/segments"), description="folder of what came over HTTP and `readership ingest --segments` takes"
    )
    erasures: Path = Field(
        Path("var/erasures"), description="folder of who was erased, and of the receipts; see docs/privacy.md"
    )
    erasure_key: SecretStr | None = Field(
        None, description="key of the hashes of who was erased; by default one kept in READERSHIP_ERASURES"
    )
    retention_days: int = Field(
        0, ge=0, description="rows about readers that are older than this are deleted; 0 keeps them"
    )
    rules: Path = Field(Path("rules.toml"), description="the editors' rules of slates; see docs/recommendation.md")
    alerts: Path = Field(
        Path("alerts.toml"), description="your own rules of alerts and silences; see docs/monitoring.md"
    )
    prediction_log_share: float = Field(
        1.0,
        ge=0,
        le=1,
        description="share of the API's answers that go to the table predictions; draws by lot always do",
    )
    shadow: bool = Field(True, description="ask a task's challenger beside its champion, and only log what it answers")
    text_model: TextBy = Field(
        "words", description="how titles and texts are compared: words, or embedding (a sentence model, by meaning)"
    )
    registry: str = Field("sqlite:///var/mlflow.db", description="MLflow tracking URI")
    now: datetime | None = Field(None, description="pretend that it is this time (ISO 8601, UTC); see docs/time.md")
    churn_lookback_days: int = Field(
        56, ge=1, le=365, description="a reader counts as active with a session in this many days"
    )
    churn_horizon_days: int = Field(28, ge=1, le=365, description="churned: no session in this many days")
    conversion_horizon_days: int = Field(
        14, ge=1, le=365, description="converted: a subscription started within this many days"
    )
    default_consent: frozenset[Purpose] = Field(
        frozenset({"analytics"}),
        description="purposes a reader has agreed to when no event says, as a JSON list",
    )
    brand: str | None = Field(
        None, description="ask about, train, judge and export this brand alone, in folders of its own (--brand)"
    )
    query_memory_gib: float = Field(8.0, gt=0, description="memory one warehouse query may take")
    query_threads: int = Field(2, ge=1, description="threads one warehouse query may use")
    query_seconds: int = Field(3600, ge=1, description="time one warehouse query may take")
    api_host: str = Field(
        "127.0.0.1", description="address `readership serve` listens on; other than loopback needs a key"
    )
    api_port: int = Field(8000, ge=0, le=65535, description="port `readership serve` listens on")
    api_at_once: int = Field(64, ge=1, description="requests under way in one worker; more are answered 503 `busy`")
    api_wait_seconds: float = Field(
        1.0, gt=0, description="a request that waited longer before a worker could begin it is answered 503 `busy`"
    )
    api_answer_seconds: float = Field(10.0, gt=0, description="what takes longer is answered 503 `too_late`")
    api_rate: float = Field(
        0.0, ge=0, description="requests a second of one key in one worker, then 429 `rate_limited`; 0: no limit"
    )
    api_drain_seconds: float = Field(
        2.0, ge=0, description="from SIGTERM on `/readyz` is 503 and requests are answered for so long, then it ends"
    )
    api_key: SecretStr | None = Field(None, description="key that `readership simulate --stream` sends to an API")
    kafka_servers: str | None = Field(
        None,
        description="host:port, or several with commas; set: POST /v1/events writes to Kafka; see docs/events-in.md",
    )
    kafka_topic: str = Field("web_clicks", min_length=1, description="topic that POST /v1/events writes to")
    kafka_group: str = Field("readership", min_length=1, description="consumer group of `readership ingest --kafka`")
    kafka_dead_letters: str | None = Field(
        None, description="topic of messages that are no events; by default the topic's name and .dead"
    )
    kafka_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext", description="plaintext, ssl, sasl_plaintext or sasl_ssl"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, where the security is sasl_…"
    )
    kafka_sasl_user: str | None = Field(None, description="user of Kafka")
    kafka_sasl_password: SecretStr | None = Field(None, description="that user's password")
    kafka_ca_file: Path | None = Field(
        None, description="certificates (PEM) that Kafka's is checked against, by default the system's"
    )
    schema_registry: SecretStr | None = Field(
        None, description="http(s)://user:password@host:port of the registry that `readership ingest --avro` asks"
    )
    webhook_token: SecretStr | None = Field(
        None, description="token that `readership campaign build --webhook` sends as `Authorization: Bearer`"
    )
    alert_webhook: SecretStr | None = Field(None, description="address that alerts are posted to, as JSON Slack reads")
    alert_smtp: SecretStr | None = Field(
        None, description="mail server for alerts: smtp://user:password@host:587 (STARTTLS) or smtps://…:465"
    )
    alert_email_from: str | None = Field(None, description="whose mail alerts are")
    alert_email_to: str | None = Field(None, description="who gets mail of alerts, by commas")
    alertmanager: str | None = Field(None, description="address of Prometheus' Alertmanager: http://host:9093")
    bench_data: Path | None = Field(None, description="folder of the public data sets that benchmarks read")

    @field_validator("brand")
    @classmethod
    def _named(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("now")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    @property
    def root(self) -> Path:
        """Folder relative paths are resolved from."""
        return project_root()

    def path(self, value: Path | str) -> Path:
        """`value` as an absolute path."""
        return self.root / value

    def shown(self) -> dict[str, str | None]:
        """Every setting by the name of its variable, passwords hidden."""
        return {f"READERSHIP_{name.upper()}": _shown(getattr(self, name)) for name in type(self).model_fields}

    @property
    def warehouse_dsn(self) -> str:
        """The warehouse's DSN, secrets included, with an absolute path where it is embedded."""
        dsn = self.warehouse.get_secret_value()
        return f"chdb://{self.path(dsn.removeprefix('chdb://'))}" if dsn.startswith("chdb://") else dsn

    @property
    def artifacts_dir(self) -> Path:
        """Absolute folder of models, evaluations, reports and datasets; a brand has its own inside it."""
        return self._of_brand(self.path(self.artifacts))

    @property
    def exports_dir(self) -> Path:
        """Absolute folder of the files for other tools: the root, or the brand's artifacts."""
        return self.artifacts_dir if self.brand else self.root

    @property
    def online(self) -> Online:
        """The online store; a brand has its own inside it."""
        address = self.online_store.get_secret_value()
        if not address.startswith(("redis://", "rediss://")):
            return self.online_dir
        place = _redis_place(address)
        return place / BRANDS / folder_name(self.brand) if self.brand else place

    @property
    def online_address(self) -> str:
        """The same as a value of READERSHIP_ONLINE_STORE that needs no brand, secrets included."""
        place = self.online
        if isinstance(place, Path):
            return f"lmdb://{place}"
        joint = "&" if "?" in place.address else "?"
        return f"{place.address}{joint}prefix={quote(place.prefix, safe=':')}"

    @property
    def online_dir(self) -> Path:
        """Absolute folder of an online store in LMDB. Raises SettingsError where it is a server."""
        address = self.online_store.get_secret_value()
        if not address.startswith("lmdb://"):
            raise SettingsError(
                f"READERSHIP_ONLINE_STORE is {redact(address)!r}; it must begin with lmdb://, redis:// or rediss://"
            )
        return self._of_brand(self.path(address.removeprefix("lmdb://")))

    @property
    def erasures_dir(self) -> Path:
        """Absolute folder of who was erased, the same for every brand."""
        return self.path(self.erasures)

    @property
    def state_dir(self) -> Path:
        """Absolute folder of what this machine keeps since the last batch; it survives swaps of the features."""
        kept = self.online
        return (kept if isinstance(kept, Path) else self._of_brand(self.path("var/online"))) / "state"

    def _of_brand(self, folder: Path) -> Path:
        return folder / BRANDS / folder_name(self.brand) if self.brand else folder

    @property
    def registry_uri(self) -> str:
        """MLflow tracking URI with an absolute path where it is sqlite."""
        prefix = "sqlite:///"
        if self.registry.startswith(prefix):
            return prefix + str(self.path(self.registry.removeprefix(prefix)))
        return self.registry


def folder_name(brand: str) -> str:
    """A brand's name as the name of a folder, the same one on every machine and for no other brand.

    >>> folder_name("Kurier"), folder_name("Le Monde/Été")
    ('Kurier', 'Le-Monde-t-f2ff22')
    """
    if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", brand):
        return brand
    plain = re.sub(r"[^A-Za-z0-9]+", "-", brand).strip("-")[:40]
    return f"{plain}-{hashlib.sha256(brand.encode()).hexdigest()[:6]}".lstrip("-")


def _redis_place(address: str) -> RedisPlace:
    """The server, and the beginning of our keys: `?prefix=` where it is stated."""
    parts = urlsplit(address)
    told = dict(parse_qsl(parts.query))
    prefix = told.pop("prefix", RedisPlace.prefix)
    if not parts.hostname or not re.fullmatch(r"[A-Za-z0-9_.:-]{1,200}", prefix):
        raise SettingsError(
            f"READERSHIP_ONLINE_STORE is {redact(address)!r}; write redis://user:password@host:port/database, and "
            "where needed ?prefix= of letters, digits and _ . : -"
        )
    return RedisPlace(parts._replace(query=urlencode(told)).geturl(), prefix)


def load_settings() -> Settings:
    """Settings from the environment and the root's `.env`.

    Raises SettingsError naming the variable and the value that cannot be used.
    """
    try:
        return Settings(_env_file=project_root() / ".env")
    except ValidationError as error:
        first = error.errors()[0]
        name = "READERSHIP_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name} is {first.get('input')!r}: {first['msg']}; see `readership settings`") from error


def redact(text: str) -> str:
    """`text` with the password of every DSN in it replaced, and tokens and passwords given as options."""
    text = re.sub(r"(\w+://[^:/@\s]*:)\S*@", r"\1***@", text)
    text = re.sub(r"(?i)(%3A%2F%2F[^%&\s]*%3A)[^&\s]*(%40)", r"\1***\2", text)
    return re.sub(r"(?i)\b(password|access_token|token)=[^&\s]+", r"\1=***", text)


def _shown(value: object) -> str | None:
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        return redact(secret) if "://" in secret else "***"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return None if value is None else redact(str(value))
