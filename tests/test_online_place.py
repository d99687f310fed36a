"""READERSHIP_ONLINE_STORE: where the online store lies, by its address."""

from pathlib import Path

import pytest

from readership.errors import SettingsError
from readership.settings import RedisPlace, Settings

SECRET = "redis://me:hid/den@host:6380/2"


def settings(address: str, **more: str) -> Settings:
    return Settings(online_store=address, **more)  # type: ignore[arg-type]


def test_a_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READERSHIP_HOME", str(tmp_path))
    assert Settings().online == tmp_path / "var" / "online"
    assert settings("lmdb:///a/b", brand="Kurier").online == Path("/a/b/brands/Kurier")
    assert settings("lmdb://x").online_address == f"lmdb://{tmp_path}/x"


def test_a_server_has_keys_that_begin_alike() -> None:
    assert settings("redis://host").online == RedisPlace("redis://host", "readership")
    told = settings("rediss://host/1?ssl_ca_certs=%2Fca.pem&prefix=paper:eu", brand="Kurier")
    assert told.online == RedisPlace("rediss://host/1?ssl_ca_certs=%2Fca.pem", "paper:eu:brands:Kurier")
    assert settings(told.online_address).online == told.online  # as the workers are told, without the brand
    assert settings(settings("redis://host").online_address).online == RedisPlace("redis://host", "readership")


def test_what_stays_on_this_machine_has_a_folder_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READERSHIP_HOME", str(tmp_path))
    assert settings("redis://host").state_dir == tmp_path / "var" / "online" / "state"
    with pytest.raises(SettingsError, match="it must begin with lmdb://"):
        _ = settings("redis://host").online_dir


@pytest.mark.parametrize("address", ["mysql://host", "redis://", "redis://host?prefix=a*b"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="READERSHIP_ONLINE_STORE is"):
        _ = settings(address).online


def test_the_password_is_never_shown() -> None:
    told = settings(SECRET)
    assert told.shown()["READERSHIP_ONLINE_STORE"] == "redis://me:***@host:6380/2"
    for text in (repr(told), repr(told.online), str(told.online)):
        assert "hid/den" not in text
