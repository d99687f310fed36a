"""A bundle is written whole, never changed, and never believed before its files are checked."""

import io
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from readership.contracts import Manifest, ModelSpec
from readership.errors import BundleError
from readership.registry.bundles import Bundle, manifest_json, read_manifest, versions, write_bundle

ROWS = np.array([[0.0, 1.0], [2.0, -1.0]], dtype=np.float32)


def doubled_sum(width: int = 2, output: str = "margin") -> bytes:
    """ONNX of twice the sum of the features."""
    weights = numpy_helper.from_array(np.full((width, 1), 2.0, np.float32), "weights")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["features", "weights"], [output])],
        "doubled_sum",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [None, 1])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def npz(**arrays: NDArray[np.float64]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def files(**changes: bytes) -> dict[str, bytes]:
    return {"model.onnx": doubled_sum(), "calibrator.npz": npz(slope=np.array([0.5]), shift=np.array([1.0])), **changes}


def manifest(**changes: object) -> Manifest:
    fields: dict[str, object] = {
        "task": "churn",
        "version": "20261001T000000-linear",
        "model": ModelSpec("logistic_regression", {"C": np.float64(0.5)}, seed=7),
        "features": ("sessions_7d", "sessions_28d"),
        "categories": {},
        "calibration": "platt",
        "horizon_days": 28,
        "lookback_days": 56,
        "population": "registered",
        "dataset_hash": "d0",
        "sql_hashes": {"activity": "a1"},
        "data_from": "2026-01-01T00:00:00Z",
        "data_to": "2026-10-01T00:00:00Z",
        "trained_until": "2026-08-01T00:00:00Z",
        "created_at": "2026-10-01T00:00:00Z",
        "libraries": {"numpy": "2"},
        "metrics": {"roc_auc": {"value": 0.8, "ci95": [float("nan"), 0.85]}},
        "operating_points": {},
        "files": {},
    }
    return Manifest(**{**fields, **changes})  # type: ignore[arg-type]


def test_scores_are_calibrator_of_margin_by_hand(tmp_path: Path) -> None:
    bundle = Bundle.load(write_bundle(tmp_path, manifest(), files()))
    assert bundle.margin(ROWS).tolist() == [2.0, 2.0]
    # Platt: 0.5 * 2 + 1 = 2; 1 / (1 + e^-2)
    expected = 1 / (1 + np.exp(-2.0))
    assert bundle.score(ROWS) == pytest.approx([expected, expected], abs=1e-12)
    assert bundle.score(ROWS).dtype == np.float64


def test_manifest_comes_back_as_it_went(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, manifest(), files(**{"coefficients.json": b"{}"}))
    assert folder == tmp_path / "churn" / "20261001T000000-linear"
    read = read_manifest(folder)
    assert sorted(read.files) == ["calibrator.npz", "coefficients.json", "model.onnx"]
    assert read.model == ModelSpec("logistic_regression", {"C": 0.5}, seed=7)
    assert read.metrics == {"roc_auc": {"value": 0.8, "ci95": [None, 0.85]}}  # not a number has no JSON
    assert read.features == ("sessions_7d", "sessions_28d")
    assert manifest_json(read) == (folder / "manifest.json").read_bytes()
    assert {**asdict(read), "files": {}, "model": {}, "metrics": {}} == {
        **asdict(manifest()),
        "files": {},
        "model": {},
        "metrics": {},
    }


def test_a_version_is_never_written_again(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, manifest(), files())
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(BundleError, match="exists already and versions never change"):
        write_bundle(tmp_path, manifest(population="subscribers"), files())
    assert (folder / "manifest.json").read_bytes() == before


def test_what_cannot_be_finished_leaves_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BundleError, match="No space left on device; no version was added"):
        write_bundle(tmp_path, manifest(), files())
    assert versions(tmp_path, "churn") == []
    assert list((tmp_path / "churn").iterdir()) == []


def test_versions_lists_whole_bundles_only(tmp_path: Path) -> None:
    for version in ("v2", "v1"):
        write_bundle(tmp_path, manifest(version=version), files())
    (tmp_path / "churn" / ".v3.1.partial").mkdir()
    (tmp_path / "churn" / "v4").mkdir()
    assert versions(tmp_path, "churn") == ["v1", "v2"]
    assert versions(tmp_path, "clicks") == []


@pytest.mark.parametrize("name", ["model.onnx", "calibrator.npz", "coefficients.json"])
def test_altered_or_missing_files_are_named(tmp_path: Path, name: str) -> None:
    folder = write_bundle(tmp_path, manifest(), files(**{"coefficients.json": b"{}"}))
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BundleError, match=rf"{name} was altered after training \(its sha256 differs\)"):
        Bundle.load(folder)
    (folder / name).unlink()
    with pytest.raises(BundleError, match=rf"{name} cannot be read"):
        Bundle.load(folder)


def change_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_manifest_that_is_absent_or_not_understood(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist; `readership models list`"):
        Bundle.load(tmp_path / "churn" / "v9")
    folder = write_bundle(tmp_path, manifest(), files())
    change_manifest(folder, horizon_days="soon")
    with pytest.raises(BundleError, match=r"Expected `int`, got `str` - at `\$.horizon_days`"):
        Bundle.load(folder)


def test_manifest_that_points_outside_its_folder(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, manifest(), files())
    change_manifest(folder, files={**read_manifest(folder).files, "../live.json": "0"})
    with pytest.raises(BundleError, match=r"names the file '\.\./live\.json', which is not a plain file name"):
        Bundle.load(folder)


def test_manifest_without_its_model(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, manifest(), files())
    change_manifest(folder, files={})
    with pytest.raises(BundleError, match=r"lists no calibrator\.npz, model\.onnx"):
        Bundle.load(folder)


def test_bundle_in_a_folder_of_another_name(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, manifest(version="v1"), files())
    moved = folder.rename(folder.with_name("v2"))
    with pytest.raises(BundleError, match="holds churn v1 by its manifest"):
        Bundle.load(moved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model.onnx": b"not a model"}, "is no model onnxruntime can run"),
        ({"model.onnx": doubled_sum(width=3)}, "takes 3 features but manifest.json names 2"),
        ({"model.onnx": doubled_sum(output="label")}, "expected float `features` to `margin`"),
        ({"calibrator.npz": b"not an archive"}, "holds no 'platt' calibrator"),
        ({"calibrator.npz": npz(shift=np.array([1.0]))}, "holds no 'platt' calibrator"),
        ({"calibrator.npz": npz(slope=np.array([1.0]), shift=np.array([np.nan]))}, "not finite"),
    ],
)
def test_files_that_do_not_fit_the_manifest(tmp_path: Path, changes: dict[str, bytes], message: str) -> None:
    folder = write_bundle(tmp_path, manifest(), files(**changes))
    with pytest.raises(BundleError, match=message):
        Bundle.load(folder)


def test_pickled_arrays_are_not_read(tmp_path: Path) -> None:
    hostile = npz(slope=np.array([object()], dtype=object), shift=np.array([1.0]))  # type: ignore[arg-type]
    folder = write_bundle(tmp_path, manifest(), files(**{"calibrator.npz": hostile}))
    with pytest.raises(BundleError, match="allow_pickle=False"):
        Bundle.load(folder)


@pytest.mark.parametrize("name", ["../up", "", ".hidden", "a/b", "manifest.json"])
def test_names_that_could_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="cannot name a task, version or file of a bundle"):
        write_bundle(tmp_path, manifest(version=name), files())
    with pytest.raises(BundleError, match="cannot name a task, version or file of a bundle"):
        write_bundle(tmp_path, manifest(), files(**{name: b""}))


def test_a_bundle_needs_a_model_and_a_calibrator(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"a bundle needs calibrator\.npz; nothing was written"):
        write_bundle(tmp_path, manifest(), {"model.onnx": doubled_sum()})
    assert not list(tmp_path.iterdir())


def test_onnx_runtime_s_telemetry_is_off_before_it_is_loaded(tmp_path: Path) -> None:
    write_bundle(tmp_path, manifest(), files())
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from readership.registry.bundles import Bundle\n"
        "class Watch:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'onnxruntime':\n"
        "            print('telemetry off:', os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "sys.meta_path.insert(0, Watch())\n"
        "Bundle.load(next(Path(sys.argv[1]).glob('*/*')))\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "telemetry off: 1\n", done.stderr


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("score", [2.0, 100.0]), ("segment", [2.0, 300.0]), ("uplift", [1.0, 1.0])],
)
def test_an_answer_that_is_no_probability_is_the_margin_within_its_bounds(tmp_path, answer, expected):
    folder = write_bundle(tmp_path, manifest(answer=answer, calibration="none"), files(**{"calibrator.npz": npz()}))
    rows = np.array([[0.0, 1.0], [100.0, 50.0]], dtype=np.float32)
    assert Bundle.load(folder).score(rows).tolist() == expected


def test_an_answer_of_a_later_version_is_refused(tmp_path):
    folder = write_bundle(tmp_path, manifest(answer="a poem"), files())
    with pytest.raises(BundleError, match="answers with 'a poem', which this version does not know"):
        Bundle.load(folder)


def test_a_further_file_is_read_only_if_unaltered(tmp_path):
    folder = write_bundle(tmp_path, manifest(), files(**{"segments.json": b"[]"}))
    bundle = Bundle.load(folder)
    assert bundle.read("segments.json") == b"[]"
    with pytest.raises(BundleError, match=r"lists no reasons\.json"):
        bundle.read("reasons.json")
    (folder / "segments.json").write_bytes(b"[1]")
    with pytest.raises(BundleError, match="was altered after training"):
        bundle.read("segments.json")


def test_a_policy_needs_its_own_two_files_and_scores_nobody(tmp_path: Path) -> None:
    policy = manifest(task="ads", answer="policy", features=())
    with pytest.raises(BundleError, match=r"learned\.npz, market\.json; nothing was written"):
        write_bundle(tmp_path, policy, files())
    folder = write_bundle(tmp_path, policy, {"market.json": b"{}", "learned.npz": b"PK"})
    bundle = Bundle.load(folder)
    assert bundle.read("market.json") == b"{}"
    with pytest.raises(BundleError, match="chooses but scores nobody"):
        bundle.margin(ROWS)
