"""The commands that exist, read from the Typer application itself."""

import shlex
from typing import Any

import typer

from readership.cli import app


def commands() -> dict[str, set[str]]:
    """Options of every command, `--help` apart, by its full name ("features build")."""
    return {" ".join(path): options for path, options in _walk(typer.main.get_command(app), ())}


def _walk(node: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], set[str]]]:
    if hasattr(node, "commands"):
        return [found for name, child in node.commands.items() for found in _walk(child, (*path, name))]
    options = {word for parameter in node.params for word in parameter.opts if word.startswith("--")}
    return [(path, options - {"--help"})]


def problem(line: str) -> str | None:
    """What is wrong with a `readership …` line of a document; None when the command and its options exist."""
    words = shlex.split(line, comments=True)[1:]
    known = commands()
    named = [word for word in words if not word.startswith("-")]
    name = next((" ".join(named[:n]) for n in (2, 1) if " ".join(named[:n]) in known), None)
    if name is None:
        return f"no such command: {line}"
    unknown = {word.split("=")[0] for word in words if word.startswith("--")} - known[name] - {"--help"}
    return f"no such option: {sorted(unknown)} in {line}" if unknown else None
