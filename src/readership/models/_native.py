"""A bundle's model read back from its own text form, which gives the contributions that ONNX cannot."""

from pathlib import Path
from typing import Any

from readership.contracts import Manifest, Model
from readership.errors import BundleError
from readership.models import click, uplift
from readership.models._tabular import EVERY


def restore(manifest: Manifest, folder: Path) -> Model:
    """The model of the bundle in `folder`, whose manifest this is; it gives the very margins it was saved with.

    The bundle's files have been verified by whoever loaded the manifest. Raises BundleError where the model's own
    file is missing or not understood.
    """
    kind: Any = (EVERY | uplift.LEARNERS | click.LEARNERS).get(manifest.model.name)
    if kind is None:
        raise BundleError(
            f"{folder} holds a model {manifest.model.name!r}, which this version does not know; train again"
        )
    path = folder / kind.FILE
    try:
        model: Model = kind.restore(manifest.model, manifest.features, manifest.categories, path.read_bytes())
    except Exception as error:  # xgboost and lightgbm raise classes of their own
        raise BundleError(f"{path} cannot be read back: {error}; train again or restore the folder") from error
    return model
