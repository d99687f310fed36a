"""Speed and quality, each measured by one file against a named peer, in a temporary warehouse of its own."""

import inspect
from importlib import import_module
from typing import Any

from readership.errors import InputError


def run(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Run the benchmark `name` with those of the options it takes.

    Raises InputError where it needs an option that is not there.
    """
    module = import_module(f"readership.benchmarks.{name.replace('-', '_')}")
    parameters = inspect.signature(module.run).parameters
    missing = [key for key, value in parameters.items() if value.default is value.empty and key not in options]
    if missing:
        raise InputError(f"benchmark {name} needs --{missing[0]}, or its setting; see `readership bench --help`")
    result: dict[str, Any] = module.run(**{key: value for key, value in options.items() if key in parameters})
    return result
