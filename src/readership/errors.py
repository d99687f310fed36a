"""Every failure a user can meet: a stable code, and a message that names the thing, the value and the next step."""


class ReadershipError(Exception):
    """Base of all errors shown to a user; `code` is stable, the message is for people."""

    code = "readership"


class SettingsError(ReadershipError):
    """A setting holds a value that cannot be used."""

    code = "settings"


class MissingExtra(ReadershipError):
    """A command needs packages of an extra that is not installed."""

    code = "missing_extra"


class InputError(ReadershipError):
    """A file, a mapping or a command's argument cannot be used as it is."""

    code = "input"


class WarehouseError(ReadershipError):
    """The warehouse refused a statement."""

    code = "warehouse"


class WarehouseLocked(WarehouseError):
    """Another process holds the embedded store."""

    code = "warehouse_locked"


class WarehouseUnreachable(WarehouseError):
    """The warehouse cannot be opened or does not answer."""

    code = "warehouse_unreachable"


class MigrationError(WarehouseError):
    """A migration was changed after it was applied, or would touch a table that is not ours."""

    code = "migration"


class NotEnoughData(ReadershipError):
    """The log is empty, too short, or holds too few readers for what was asked."""

    code = "not_enough_data"


class LeakageError(ReadershipError):
    """A feature or label saw what could not have been known."""

    code = "leakage"


class BundleError(ReadershipError):
    """A model bundle is incomplete, altered, or of another version."""

    code = "bundle"


class PromotionRefused(ReadershipError):
    """A challenger did not meet the rule for promotion; nothing changed."""

    code = "promotion_refused"


class StoreError(ReadershipError):
    """The online store cannot be opened, read or written."""

    code = "online_store"


class StoreUnreachable(StoreError):
    """The server of the online store does not answer; what was asked may be asked again."""

    code = "online_store_unreachable"


class RegistryError(ReadershipError):
    """MLflow does not answer or refused; bundles and live.json are unharmed."""

    code = "registry"


class DeliveryError(ReadershipError):
    """A receiver of events does not answer, or turned them down."""

    code = "delivery"
