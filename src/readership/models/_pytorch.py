"""PyTorch, where it is installed: needed to fit a network, never to answer with one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from readership.errors import MissingExtra


def pytorch_for(what: str) -> Any:
    """The module, for fitting `what`; MissingExtra with the command that installs it where it is missing."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtra(f"fitting {what} needs PyTorch; `pip install 'readership[deep]'`") from error
    return torch


@contextmanager
def one_thread(torch: Any) -> Iterator[None]:
    """PyTorch on one thread, so that the same seed gives the same weights; as it was afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
