"""What a feature may be, worked out the slow way."""

Value = float | str | None
