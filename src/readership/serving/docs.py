"""`/docs`: Swagger UI from our own files, so that the page works with the network cut and tells nobody."""

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from readership.serving.edge import OPEN_PATHS
from readership.serving.keys import scope_of
from readership.serving.openapi import problems

STATIC = Path(__file__).with_name("static")


def add_docs(app: FastAPI) -> None:
    """Serve the page at `/docs` and what it loads below it."""

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(STATIC / "docs.html", media_type="text/html")

    app.mount("/docs/static", StaticFiles(directory=STATIC))


def describe_keys(app: FastAPI) -> None:
    """Say in OpenAPI how a key is sent, what it needs for each route, and that the API's own machine needs none."""
    schema = app.openapi()
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            if not path.startswith(OPEN_PATHS):
                route["x-scope"] = scope_of(method.upper(), path)
                route["responses"] |= {str(status): answer for status, answer in problems(401, 403).items()}
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    schema["security"] = [{}, {"bearer": []}, {"key": []}]
