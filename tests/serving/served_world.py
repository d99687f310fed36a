"""A small world to serve: three readers, models whose probability can be worked out by hand, and a real server."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import uvicorn
from onnx import TensorProto, helper, numpy_helper

from readership.contracts import Manifest, ModelSpec
from readership.events.identity import reader_key
from readership.features.online import OnlineWriter, ReasonsWriter
from readership.registry.bundles import write_bundle
from readership.registry.live import write_live
from readership.serving.app import create_app
from readership.settings import Settings

AS_OF = datetime(2026, 10, 1, 6, tzinfo=UTC)
NUMBERS = ("registered", "days_since_last_session", "sessions_7d")
WORDS = ("country",)
READERS = {
    "42": ((1, 2, 3), ("DE",)),
    "-7": ((1, 70, np.nan), (None,)),
    "anna/müller": ((0, 1, 1), ("ZZ",)),
}


def linear(weights: tuple[float, ...], constant: float) -> bytes:
    """ONNX of constant + weights · features, a missing feature counting as 0."""
    nodes = [
        helper.make_node("IsNaN", ["features"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "features"], ["known"]),
        helper.make_node("MatMul", ["known", "weights"], ["product"]),
        helper.make_node("Add", ["product", "constant"], ["margin"]),
    ]
    constants = {
        "zero": np.zeros(1, np.float32),
        "weights": np.array(weights, np.float32)[:, None],
        "constant": np.array([constant], np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(weights)])],
        [helper.make_tensor_value_info("margin", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def calibrator(**arrays: np.ndarray) -> bytes:
    """The arrays as `calibrator.npz`."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def manifest(version: str, **changes: object) -> Manifest:
    """The manifest of a churn model of sessions and country, with some fields changed."""
    fields: dict[str, object] = {
        "task": "churn",
        "version": version,
        "model": ModelSpec("logistic_regression", {"C": 0.5}),
        "features": ("sessions_7d", "country"),
        "categories": {"country": ("AT", "DE")},
        "calibration": "shift",
        "horizon_days": 28,
        "lookback_days": 56,
        "population": "registered",
        "dataset_hash": "d0",
        "sql_hashes": {"activity": "a1"},
        "data_from": "2026-01-01T00:00:00Z",
        "data_to": "2026-10-01T00:00:00Z",
        "trained_until": "2026-08-01T00:00:00Z",
        "created_at": "2026-10-01T00:00:00Z",
        "libraries": {"numpy": np.__version__},
        "metrics": {"roc_auc": {"value": 0.8, "ci95": [0.75, 0.85]}},
        "operating_points": {},
        "files": {},
    }
    return Manifest(**{**fields, **changes})  # type: ignore[arg-type]


@dataclass
class World:
    """A project folder that can be served, and ways to change it under a running server."""

    settings: Settings

    @property
    def models(self) -> Path:
        """Folder of bundles."""
        return self.settings.artifacts_dir / "models"

    def features(
        self,
        names: tuple[str, ...] = NUMBERS,
        as_of: datetime = AS_OF,
        words: tuple[str, ...] = WORDS,
        told: tuple[str | None, ...] | None = None,
    ) -> None:
        """Publish a version of the features; columns other than NUMBERS are 0. `told` are everybody's words."""
        rows = [
            [dict(zip(NUMBERS, known, strict=True)).get(name, 0) for name in names] for known, _ in READERS.values()
        ]
        keys = np.array([reader_key(reader) for reader in READERS], dtype=np.uint64)
        with OnlineWriter(self.settings.online, names, words, as_of=as_of) as writer:
            writer.put(keys, np.array(rows, dtype=np.float32), [told or own for _, own in READERS.values()])

    def reasons(self, version: str, as_of: datetime = AS_OF) -> None:
        """Publish reasons of reader 42 by a model version."""
        with ReasonsWriter(self.settings.online, "churn", model_version=version, as_of=as_of) as writer:
            writer.put(np.array([42], dtype=np.uint64), [("no visit for 19 days",)])

    def bundle(self, version: str, constant: float = 0.0, **changes: object) -> Path:
        """Write a bundle whose margin is constant + 1 · sessions_7d + 0.5 · country's code, shifted by -1."""
        files = {"model.onnx": linear((1.0, 0.5), constant), "calibrator.npz": calibrator(shift=np.array([-1.0]))}
        return write_bundle(self.models, manifest(version, **changes), files)

    def champion(self, version: str | None, task: str = "churn") -> None:
        """Make a version live."""
        write_live(self.models, task, champion=version, challenger=None, by="a test", why="to see")


class Caller(httpx.Client):
    """Asks one running application; `look` has it take up changes now rather than within a second."""

    def __init__(self, port: int, followed: Any) -> None:
        super().__init__(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10)
        self.look, self.ads = followed.look, followed.ads


@contextmanager
def serving(settings: Settings) -> Iterator[Caller]:
    """The application behind a real server, on a free port."""
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with Caller(port, app.state.followed) as caller:
            yield caller
    finally:
        server.should_exit = True
        thread.join(20)
