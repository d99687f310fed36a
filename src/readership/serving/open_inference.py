"""The live models by the Open Inference Protocol v2: a tensor of features in, their answers out.

For clients that bring features of their own. The protocol has a description of its own, so OpenAPI does not repeat it:
https://github.com/kserve/open-inference-protocol
"""

import asyncio
from typing import Annotated, Any

import msgspec
import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from readership import __version__
from readership.serving.live_models import LiveModels
from readership.serving.scorer import Scorer

MOST_ROWS = 1_000
_encode = msgspec.json.Encoder().encode


class _Tensor(msgspec.Struct):
    """One input, its values flat in row order or one list a row; null is a missing value."""

    name: str
    shape: Annotated[list[int], msgspec.Meta(min_length=2, max_length=2)]
    datatype: str
    data: list[Any]


class _Wanted(msgspec.Struct):
    name: str


class _Question(msgspec.Struct):
    inputs: Annotated[list[_Tensor], msgspec.Meta(min_length=1, max_length=1)]
    id: str | None = None
    outputs: list[_Wanted] | None = None


_read = msgspec.json.Decoder(_Question).decode


class _Refused(Exception):
    """What is answered as the protocol's error object."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


def add_open_inference(app: FastAPI) -> None:
    """Add the routes under `/v2`."""
    models: LiveModels = app.state.models

    async def server(_request: Request) -> Response:
        """Server metadata."""
        return _json({"name": "readership", "version": __version__, "extensions": []})

    async def alive(_request: Request) -> Response:
        """Whether the process answers."""
        return _json({"live": True})

    async def ready(_request: Request) -> Response:
        """Whether every live model can answer."""
        return _json({"ready": models.now.ready}, 200 if models.now.ready else 503)

    async def metadata(request: Request) -> Response:
        """Name, version, and the tensors that go in and come out."""
        return _told(models, request, _metadata)

    async def model_ready(request: Request) -> Response:
        """Whether this model can answer."""
        return _told(models, request, lambda name, _: {"name": name, "ready": True})

    async def infer(request: Request) -> Response:
        """Answers to a tensor `features` FP32 [n, p] in the order of the metadata: [n] of the kind the model gives."""
        body = await request.body()
        try:
            name, scorer = _model(models, request)
            return _json(await asyncio.to_thread(_inferred, name, scorer, body))
        except _Refused as error:
            return _json({"error": str(error)}, error.status)

    for path, route in (("/v2", server), ("/v2/health/live", alive), ("/v2/health/ready", ready)):
        app.add_route(path, route, methods=["GET"])
    for model in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        for end, asked, method in (("", metadata, "GET"), ("/ready", model_ready, "GET"), ("/infer", infer, "POST")):
            app.add_route(model + end, asked, methods=[method])


def _told(models: LiveModels, request: Request, say: Any) -> Response:
    try:
        return _json(say(*_model(models, request)))
    except _Refused as error:
        return _json({"error": str(error)}, error.status)


def _model(models: LiveModels, request: Request) -> tuple[str, Scorer]:
    """The live model of the path, by its task."""
    name, version = request.path_params["model"], request.path_params.get("version")
    task = models.now.tasks.get(name)
    scorer = task.scorer if task else None
    if scorer is None:
        live = ", ".join(sorted(task for task, now in models.now.tasks.items() if now.scorer)) or "none"
        raise _Refused(404, f"no model {name!r} is live; live are: {live}")
    if version not in (None, scorer.bundle.manifest.version):
        raise _Refused(404, f"version {version!r} of {name} is not live; {scorer.bundle.manifest.version!r} is")
    return name, scorer


def _metadata(name: str, scorer: Scorer) -> dict[str, Any]:
    manifest = scorer.bundle.manifest
    features = {"name": "features", "datatype": "FP32", "shape": [-1, len(manifest.features)]}
    return {
        "name": name,
        "versions": [manifest.version],
        "platform": "onnx",
        "inputs": [{**features, "parameters": {"names": manifest.features}}],
        "outputs": [{"name": manifest.answer, "datatype": "FP64", "shape": [-1]}],
    }


def _inferred(name: str, scorer: Scorer, body: bytes) -> dict[str, Any]:
    manifest = scorer.bundle.manifest
    try:
        question = _read(body)
    except msgspec.DecodeError as error:
        raise _Refused(400, f"the body cannot be read: {error}") from error
    for wanted in question.outputs or ():
        if wanted.name != manifest.answer:
            raise _Refused(400, f"there is no output {wanted.name!r}; {name} gives {manifest.answer!r}")
    answers = scorer.bundle.score(_matrix(question.inputs[0], len(manifest.features))).tolist()
    output = {"name": manifest.answer, "datatype": "FP64", "shape": [len(answers)], "data": answers}
    told = {"id": question.id} if question.id is not None else {}
    return {"model_name": name, "model_version": manifest.version, **told, "outputs": [output]}


def _matrix(tensor: _Tensor, columns: int) -> NDArray[np.float32]:
    """The values [n, columns] of an input. Raises _Refused 400 where they are not so many, or no numbers."""
    rows, width = tensor.shape
    if (tensor.name, tensor.datatype, width) != ("features", "FP32", columns) or not 1 <= rows <= MOST_ROWS:
        found = f"{tensor.name!r} {tensor.datatype} {tensor.shape}"
        raise _Refused(400, f"the input is {found}; expected 'features' FP32 [1 to {MOST_ROWS:,}, {columns}]")
    try:
        values = np.array(tensor.data, dtype=np.float32).ravel()
    except (TypeError, ValueError, OverflowError) as error:
        raise _Refused(400, f"the data of the input are not all numbers or null: {error}") from error
    if len(values) != rows * columns:
        raise _Refused(400, f"the input has {len(values):,} values; its shape {tensor.shape} needs {rows * columns:,}")
    return values.reshape(rows, columns)


def _json(answer: dict[str, Any], status: int = 200) -> Response:
    return Response(_encode(answer), status, media_type="application/json")
