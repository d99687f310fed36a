"""Experiments behind the OpenFeature API: a flag is an experiment's key, its value the variant of the context's reader.

```python
api.set_provider(ExperimentProvider(Path("experiments"), on_exposure=write_it_down))
client = api.get_client()
client.get_string_value("home-hybrid", "control", EvaluationContext("reader-1", {"brand": "kurier"}))
```
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readership.errors import MissingExtra
from readership.experiments.assignment import Assignment, assign, check_unchanged, read_experiments
from readership.experiments.definition import Experiment

try:
    from openfeature.evaluation_context import EvaluationContext
    from openfeature.exception import ErrorCode
    from openfeature.flag_evaluation import FlagResolutionDetails, Reason
    from openfeature.provider import AbstractProvider, Metadata
except ImportError as error:
    raise MissingExtra(
        "experiments behind OpenFeature need its SDK; `pip install 'readership[openfeature]'`"
    ) from error

Exposed = Callable[[Experiment, str, Assignment], None]


class ExperimentProvider(AbstractProvider):
    """Answers from the definitions of a folder, read once.

    String: the variant. Boolean: whether it is another than the control. Object: variant and propensity. A context
    without a targeting key, of another audience or share, and an experiment that is not running get the default value.
    `on_exposure` is called with experiment, unit and assignment whenever a variant is given out.
    """

    def __init__(
        self,
        folder: Path,
        on_exposure: Exposed | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._experiments = read_experiments(folder)
        check_unchanged(folder, self._experiments)
        self._on_exposure = on_exposure
        self._now = now

    def get_metadata(self) -> Metadata:
        """The provider's name."""
        return Metadata("readership")

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """The variant."""
        return self._resolve(flag_key, default_value, evaluation_context, lambda _, found: found.variant)

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Whether it is another than the control."""
        return self._resolve(
            flag_key, default_value, evaluation_context, lambda asked, found: found.variant != asked.control
        )

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[Any] | Mapping[str, Any],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Any]:
        """Variant and propensity."""
        return self._resolve(flag_key, default_value, evaluation_context, lambda _, found: found._asdict())

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """A variant is no number."""
        return _no_number(flag_key, default_value)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """A variant is no number."""
        return _no_number(flag_key, default_value)

    def _resolve(
        self,
        key: str,
        default: Any,
        context: EvaluationContext | None,
        told: Callable[[Experiment, Assignment], Any],
    ) -> FlagResolutionDetails[Any]:
        experiment = self._experiments.get(key)
        if experiment is None:
            return FlagResolutionDetails(
                default,
                reason=Reason.ERROR,
                error_code=ErrorCode.FLAG_NOT_FOUND,
                error_message=f"there is no experiment {key!r}; there are: {', '.join(self._experiments) or 'none'}",
            )
        unit = context.targeting_key if context else None
        if not unit:
            return FlagResolutionDetails(
                default,
                reason=Reason.ERROR,
                error_code=ErrorCode.TARGETING_KEY_MISSING,
                error_message=f"experiment {key!r} assigns a {experiment.unit}; give its id as the targeting key",
            )
        if not experiment.running(self._now()):
            return FlagResolutionDetails(default, reason=Reason.DISABLED)
        attributes = {name: str(value) for name, value in (context.attributes if context else {}).items()}
        found = assign(experiment, unit, attributes)
        if found is None:
            return FlagResolutionDetails(default, reason=Reason.DEFAULT)
        if self._on_exposure:
            self._on_exposure(experiment, unit, found)
        return FlagResolutionDetails(told(experiment, found), variant=found.variant, reason=Reason.SPLIT)


def _no_number(key: str, default: Any) -> FlagResolutionDetails[Any]:
    return FlagResolutionDetails(
        default,
        reason=Reason.ERROR,
        error_code=ErrorCode.TYPE_MISMATCH,
        error_message=f"experiment {key!r} has variants, not numbers; ask for a string",
    )
