"""Ids in paths are any text, a line break too, at which Starlette's own `path` stops."""

from starlette.convertors import Convertor, register_url_convertor


class AnyText(Convertor[str]):
    """Whatever stands there, slashes and line breaks included."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        """As it is."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        return value


def know_any_text() -> None:
    """From here on a route may be written `/articles/{article_id:any}`."""
    register_url_convertor("any", AnyText())
