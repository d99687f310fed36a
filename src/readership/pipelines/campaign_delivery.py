"""A campaign's contacts to a webhook, batch by batch, each once; how far it came is kept in the campaign's folder."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readership.errors import DeliveryError, InputError
from readership.pipelines.campaign_fields import Contact, Fields
from readership.pipelines.campaign_files import write_json
from readership.posting import Post, Remedies, is_web, shown

STATE = "delivery.json"
REMEDIES = Remedies(
    key="set READERSHIP_WEBHOOK_TOKEN to a token that it takes",
    again="run the same command again when it answers",
)


def check_address(address: str) -> None:
    """Raise InputError where this is no address of a webhook."""
    if not is_web(address) or "@" in address.split("/")[2]:
        raise InputError(
            f"--webhook {shown(address) if is_web(address) else address!r} is no address for contacts; give "
            "https://host/path (or http://), with the token in READERSHIP_WEBHOOK_TOKEN; nothing was written or sent"
        )


class Delivery:
    """The batches of one campaign: which were taken, and when.

    folder   of the campaign
    address  of the webhook; another one than before is refused
    """

    def __init__(self, folder: Path, address: str, contacts: Sequence[Contact], fields: Fields) -> None:
        self._path, self._address, self._contacts, self._fields = folder / STATE, address, contacts, fields
        self._campaign = folder.name
        state = read_state(folder)
        if state and state["address"] != shown(address):
            raise InputError(
                f"campaign {self._campaign} goes to {state['address']}; to send it to {shown(address)} too would "
                "contact its readers twice; nothing was sent"
            )
        self.delivered: dict[int, str] = {int(number): at for number, at in state.get("delivered", {}).items()}

    @property
    def batches(self) -> int:
        """How many there are."""
        return -(-len(self._contacts) // self._fields.batch)

    def send(self, token: str | None, said: Callable[[str], None]) -> None:
        """Send what was not taken yet, in order. Raises DeliveryError naming how far it came."""
        self._keep()
        with Post(self._address, token, REMEDIES) as line:
            for number, body in self._waiting():
                try:
                    line.send(body, {"Idempotency-Key": f"{self._campaign}-{number}"})
                except DeliveryError as error:
                    raise DeliveryError(
                        f"{error}; {len(self.delivered)} of {self.batches} batches of campaign {self._campaign} were "
                        "delivered, and will not be sent again"
                    ) from error
                self.delivered[number] = datetime.now(UTC).isoformat(timespec="seconds")
                self._keep()
                said(f"batch {number} of {self.batches} delivered")

    def taken(self) -> list[Contact]:
        """Contacts in delivered batches."""
        size = self._fields.batch
        return [c for number in sorted(self.delivered) for c in self._contacts[(number - 1) * size : number * size]]

    def _waiting(self) -> Iterator[tuple[int, bytes]]:
        size = self._fields.batch
        for number in range(1, self.batches + 1):
            if number not in self.delivered:
                some = self._contacts[(number - 1) * size : number * size]
                content = {self._fields.list: [self._fields.of(contact) for contact in some]}
                yield number, json.dumps(content, ensure_ascii=False).encode()

    def _keep(self) -> None:
        delivered = {str(number): at for number, at in sorted(self.delivered.items())}
        write_json(self._path, {"address": shown(self._address), "batches": self.batches, "delivered": delivered})


def read_state(folder: Path) -> dict[str, Any]:
    """`delivery.json` of a campaign; empty where nothing was ever sent."""
    path = folder / STATE
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found
