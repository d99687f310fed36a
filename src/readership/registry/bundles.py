"""A bundle: one model version as a folder that can be verified, read and scored with, without running any of its code.

`<models>/<task>/<version>/` holds `manifest.json` (names, vocabularies, origin and the sha256 of every other
file), `model.onnx` (the raw margin), `calibrator.npz` (a few float64 numbers) and the library's own text form. A policy
that chooses what to show has no margin: its files are `market.json` and `learned.npz`. Nothing in it is a pickle.
Training writes bundles, serving and batch scoring load them; neither needs MLflow.
"""

import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from readership.contracts import ANSWERS, Manifest
from readership.errors import BundleError, MissingExtra
from readership.models._calibration import Calibrator
from readership.models.ads.opening import LEARNED, MARKET

MANIFEST = "manifest.json"
ONNX = "model.onnx"
CALIBRATOR = "calibrator.npz"
POLICY_FILES = (MARKET, LEARNED)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def write_bundle(models_dir: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Path:
    """Write one version to `models_dir/<task>/<version>` and return that folder.

    `files` must hold `model.onnx` and `calibrator.npz`, of a policy `market.json` and `learned.npz`; their sha256 are
    entered in the manifest here. The folder appears complete or not at all, and a version that exists is never written
    again.
    """
    for name in (manifest.task, manifest.version, *files):
        if not _PLAIN_NAME.fullmatch(name) or name == MANIFEST:
            raise BundleError(f"{name!r} cannot name a task, version or file of a bundle: use letters, digits, . _ -")
    if missing := _needed(manifest) - set(files):
        raise BundleError(f"a bundle needs {', '.join(sorted(missing))}; nothing was written")
    folder = models_dir / manifest.task / manifest.version
    if folder.exists():
        raise BundleError(f"{folder} exists already and versions never change; write a new version")
    complete = replace(manifest, files={name: _sha256(content) for name, content in sorted(files.items())})
    partial_folder = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        partial_folder.mkdir(parents=True)
        for name, content in files.items():
            _write_durably(partial_folder / name, content)
        _write_durably(partial_folder / MANIFEST, manifest_json(complete))
        partial_folder.rename(folder)
    except OSError as error:
        shutil.rmtree(partial_folder, ignore_errors=True)
        raise BundleError(
            f"{folder} cannot be written: {error}; no version was added, the others are as before"
        ) from error
    return folder


def manifest_json(manifest: Manifest) -> bytes:
    """`manifest.json` as people read it: sorted keys, indented; a number that is not finite becomes null."""
    return (json.dumps(_plain(asdict(manifest)), indent=2, sort_keys=True) + "\n").encode()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the bundle in `folder`, its files unread; BundleError when absent or not understood."""
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise BundleError(f"{path} does not exist; `readership models list` names the versions there are") from error
    except (OSError, msgspec.DecodeError) as error:
        raise BundleError(f"{path} cannot be read: {error}; train again or restore the folder") from error


def versions(models_dir: Path, task: str) -> list[str]:
    """Versions of `task` on disk, oldest first by name; folders half-written are not among them."""
    return sorted(path.parent.name for path in (models_dir / task).glob(f"[!.]*/{MANIFEST}"))


class Bundle:
    """One model version, verified and ready to score."""

    def __init__(self, folder: Path, manifest: Manifest, session: Any, calibrator: Calibrator) -> None:
        """session: of ONNX Runtime; None of a policy, which is opened from its files by `models/ads/opening.py`."""
        self.folder = folder
        self.manifest = manifest
        self._run = partial(session.run, ["margin"]) if session else self._without_margin
        self._finish = calibrator if manifest.answer == "probability" else partial(np.clip, **_bounds(manifest))

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """The bundle in `folder`; every file is compared with its sha256 before anything is made of it.

        Raises BundleError naming the file that is missing, altered or does not fit the manifest.
        """
        manifest = read_manifest(folder)
        if (manifest.task, manifest.version) != (folder.parent.name, folder.name):
            raise BundleError(
                f"{folder} holds {manifest.task} {manifest.version} by its {MANIFEST}; move it to a folder of that name"
            )
        if manifest.answer not in ANSWERS:
            raise BundleError(f"{folder} answers with {manifest.answer!r}, which this version does not know; update it")
        content = {name: _verified(folder, name, digest) for name, digest in manifest.files.items()}
        if missing := _needed(manifest) - set(content):
            raise BundleError(f"{folder} lists no {', '.join(sorted(missing))} in {MANIFEST}; train again")
        if manifest.answer == "policy":
            return cls(folder, manifest, None, Calibrator("none"))
        session = _session(folder, content[ONNX], len(manifest.features))
        return cls(folder, manifest, session, _calibrator(folder, manifest, content[CALIBRATOR]))

    def margin(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """What the model itself says [n] of features [n, p] in the manifest's order: log-odds, score, id or effect."""
        return self._run({"features": features})[0].reshape(-1).astype(np.float64)

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """The answer [n], of the kind `manifest.answer`, to features float32 [n, p] in its order; nan is missing."""
        return self._finish(self.margin(features))

    def read(self, name: str) -> bytes:
        """A further file of the bundle, compared with its sha256; BundleError when it is missing or altered."""
        if name not in self.manifest.files:
            raise BundleError(f"{self.folder} lists no {name} in {MANIFEST}; train again")
        return _verified(self.folder, name, self.manifest.files[name])

    def _without_margin(self, *_: object) -> Any:
        raise BundleError(f"{self.folder} holds a policy, which chooses but scores nobody; open it as a market")


def _needed(manifest: Manifest) -> set[str]:
    """The files no bundle of this answer does without."""
    return set(POLICY_FILES) if manifest.answer == "policy" else {ONNX, CALIBRATOR}


def _bounds(manifest: Manifest) -> dict[str, float]:
    least, most = ANSWERS[manifest.answer]
    return {"a_min": least, "a_max": most}


def _runtime() -> Any:
    """ONNX Runtime with its telemetry off: its builds send to Microsoft unless told not to before they are loaded."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra("scoring needs onnxruntime: pip install 'readership[serve]' (or [train])") from error
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _session(folder: Path, model: bytes, columns: int) -> Any:
    ort = _runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        raise BundleError(f"{folder / ONNX} is no model onnxruntime can run: {error}; train again") from error
    inputs = [(entry.name, entry.type) for entry in session.get_inputs()]
    outputs = [entry.name for entry in session.get_outputs()]
    if inputs != [("features", "tensor(float)")] or "margin" not in outputs:
        raise BundleError(f"{folder / ONNX} maps {inputs} to {outputs}; expected float `features` to `margin`")
    width = session.get_inputs()[0].shape[-1]
    if isinstance(width, int) and width != columns:
        raise BundleError(f"{folder / ONNX} takes {width} features but {MANIFEST} names {columns}; train again")
    return session


def _calibrator(folder: Path, manifest: Manifest, content: bytes) -> Calibrator:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return Calibrator.from_arrays(manifest.calibration, {name: arrays[name] for name in arrays.files})
    except (ValueError, OSError, BadZipFile) as error:
        raise BundleError(f"{folder / CALIBRATOR} holds no {manifest.calibration!r} calibrator: {error}") from error


def _verified(folder: Path, name: str, digest: str) -> bytes:
    if not _PLAIN_NAME.fullmatch(name):
        raise BundleError(f"{folder / MANIFEST} names the file {name!r}, which is not a plain file name")
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error}; restore the folder, or roll back") from error
    if _sha256(content) != digest:
        raise BundleError(f"{path} was altered after training (its sha256 differs); restore the folder, or roll back")
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _plain(value: Any) -> Any:
    """`value` in the types JSON has."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
