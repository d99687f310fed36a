"""What the API logs is free of keys, passwords and tokens, and of reader ids."""

import logging
import re

from readership.settings import redact

_KEY = re.compile(r"\brdr_[\w-]{8,}")
_CALLER = re.compile(r"(?i)\b(authorization|x-api-key)(['\":=\s,]+)(bearer\s+)?[^\s'\",)]+")
_READER = re.compile(
    r"(/v1/readers/)[^\s'\"?]+?(?=/(?:churn|conversion|engagement|segment|recommendations)\b|[\s'\"?]|$)"
)
_ASKED = re.compile(r"(?i)\b(reader_id|user_id|device_id)(['\"]?\s*[=:]\s*)['\"]?[^&\s'\",)}]+")


def redacted(text: str) -> str:
    """A line of the log without what it should not hold.

    >>> redacted("GET /v1/readers/42/churn by rdr_abcdefgh1234, reader_id=anna")
    'GET /v1/readers/***/churn by rdr_***, reader_id=***'
    """
    text = _KEY.sub("rdr_***", redact(text))
    text = _CALLER.sub(r"\1\2***", text)
    return _ASKED.sub(r"\1\2***", _READER.sub(r"\1***", text))


class Redaction(logging.Filter):
    """Redacts every record that passes a handler, what was raised included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always passes."""
        record.msg, record.args = redacted(record.getMessage()), ()
        if record.exc_info:
            raised = record.exc_text or logging.Formatter().formatException(record.exc_info)
            record.exc_text = redacted(raised)
        return True
