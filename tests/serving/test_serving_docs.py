"""`/docs` and `/openapi.json`, with the network cut."""

import re
from pathlib import Path

from served_world import Caller

import readership.serving.docs as docs

VENDORED = docs.STATIC / "swagger-ui"


def test_page_loads_only_what_we_serve_ourselves(client: Caller) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
    assert "http" not in policy
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(loaded) == 4
    for address in loaded:
        assert address == "data:," or address.startswith("/docs/static/")
        if address.startswith("/"):
            assert client.get(address).status_code == 200
    assert "://" not in page.text
    assert "://" not in client.get("/docs/static/docs.js").text


def test_stylesheet_loads_nothing_from_elsewhere() -> None:
    style = (VENDORED / "swagger-ui.css").read_text(encoding="utf-8")
    addresses = re.findall(r"url\(([^)]*)\)|@import\s+(\S+)", style)
    assert all(address.strip("'\"").startswith("data:") for address, _ in addresses)
    assert not any(imported for _, imported in addresses)


def test_vendored_files_keep_their_licences_and_stay_small() -> None:
    assert "Apache License" in (VENDORED / "LICENSE").read_text(encoding="utf-8")
    assert "SmartBear" in (VENDORED / "NOTICE").read_text(encoding="utf-8")
    assert sum(file.stat().st_size for file in Path(docs.STATIC).rglob("*") if file.is_file()) < 2_200_000


def test_openapi_describes_every_route_its_answers_and_keys(client: Caller) -> None:
    schema = client.get("/openapi.json").json()
    about_a_reader = [f"/v1/readers/{{reader_id}}/{task}" for task in ("churn", "conversion", "engagement")]
    segment = "/v1/readers/{reader_id}/segment"
    slate = "/v1/readers/{reader_id}/recommendations"
    ads = ["/v1/ads/feedback", "/v1/ads/select"]
    written = ["/v1/articles/{article_id}", "/v1/clicks/score", "/v1/events"]
    variant = "/v1/experiments/{key}/assignment"
    erased = ["/v1/erasures/{erasure_id}", "/v1/readers/{reader_id}"]
    plain = ["/healthz", "/metrics", "/readyz", *ads, *written, variant, "/v1/models"]
    many = [f"/v1/readers/{task}" for task in ("churn", "conversion", "engagement", "segment")]
    assert sorted(schema["paths"]) == sorted([*plain, *many, *about_a_reader, slate, segment, *erased])
    assert [parameter["name"] for parameter in schema["paths"][segment]["get"]["parameters"]] == ["reader_id"]
    for path in about_a_reader:
        route = schema["paths"][path]["get"]
        assert [parameter["name"] for parameter in route["parameters"]] == ["reader_id", "reasons"]
        assert sorted(route["responses"]) == ["200", "401", "403", "404", "422", "503"]
        assert route["x-scope"] == "read"
        assert list(route["responses"]["404"]["content"]) == ["application/problem+json"]
    assert schema["components"]["schemas"]["ChurnAnswer"]["example"]["band"] == "high"
    assert schema["components"]["schemas"]["ConversionAnswer"]["example"]["action"] == "prompt"
    assert schema["components"]["schemas"]["EngagementAnswer"]["example"]["band"] == "deep"
    assert schema["components"]["schemas"]["SegmentAnswer"]["example"]["segment_id"] == 3
    example = schema["components"]["schemas"]["RecommendationsAnswer"]["example"]
    assert example["recommendations"][0]["reason"] == "because you read “Night trains to Rome are back”"
    named = {parameter["name"] for parameter in schema["paths"][variant]["get"]["parameters"]}
    assert named >= {"key", "reader_id", "country", "subscription_tier"}
    assert schema["components"]["schemas"]["AssignmentAnswer"]["example"]["variant"] == "hybrid"
    assert schema["components"]["schemas"]["AdAnswer"]["example"]["propensity"] == 0.4123
    assert "404" in schema["paths"]["/v1/ads/feedback"]["post"]["responses"]
    assert schema["components"]["schemas"]["ArticleBody"]["example"]["topics"] == ["trains", "Italy"]
    assert schema["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["examples"]["one"]
    assert set(schema["components"]["securitySchemes"]) == {"bearer", "key"}
    assert not re.search(r"https?://", str(schema))
