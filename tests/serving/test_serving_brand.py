"""Workers find a brand's folders where the command that started them did."""

from readership.serving.server import _environment
from readership.settings import load_settings


def test_workers_read_the_brand_s_own_folders(settings, monkeypatch):
    brand = settings.model_copy(update={"brand": "Kurier"})
    for name, value in _environment(brand).items():
        monkeypatch.setenv(name, value)
    there = load_settings()
    assert there.artifacts_dir == brand.artifacts_dir == settings.artifacts_dir / "brands" / "Kurier"
    assert there.online_dir == brand.online_dir
