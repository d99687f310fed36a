"""A publisher's traffic for Locust: visits of readers who read on from slates, now and then what editors do.

    pip install locust
    locust -f examples/locustfile.py --headless --users 50 --spawn-rate 10 --run-time 1m --host http://127.0.0.1:8000

A visit: a slate, its impressions and a read, in turn; then what a paywall and a newsletter ask.
Every hundredth visitor is an editor who publishes. `READERS` and `ARTICLES` say how many ids there are, `KEY` is sent
along. Readers without features and tasks without a model count as answered: 404 and 503 say so by their code.
"""

import os
import random
import time
import uuid
from datetime import UTC, datetime

from locust import HttpUser, between, task

READERS, ARTICLES = int(os.environ.get("READERS", "10000")), int(os.environ.get("ARTICLES", "2000"))
EXPECTED = {"reader_unknown", "not_agreed", "no_champion"}
AGREED = {"analytics": True, "personalisation": True}


class Publisher(HttpUser):
    """What all have in common."""

    abstract = True

    def on_start(self) -> None:
        """Send the key along, if there is one."""
        if key := os.environ.get("KEY"):
            self.client.headers["Authorization"] = f"Bearer {key}"

    def ask(self, method: str, path: str, name: str, content: object = None) -> dict:
        """The answer; {} where there is none, which is no failure where the code is expected."""
        with self.client.request(method, path, name=name, json=content, catch_response=True) as answer:
            if answer.ok:
                answer.success()
                return answer.json()
            try:
                code = answer.json()["code"]
            except (ValueError, KeyError, TypeError):
                code = ""
            if code in EXPECTED:
                answer.success()
            else:
                answer.failure(f"{answer.status_code} {code}")
        return {}


class Visitor(Publisher):
    """Reads on from slates."""

    weight = 99
    wait_time = between(1, 5)

    def on_start(self) -> None:
        """Somebody comes."""
        super().on_start()
        self.reader, self.session = str(random.randrange(READERS)), uuid.uuid4().hex

    @task(6)
    def read_on(self) -> None:
        """A slate; what it showed; the article that was opened."""
        path = f"/v1/readers/{self.reader}/recommendations?n=5"
        slate = self.ask("GET", path, "GET recommendations")
        shown = slate.get("recommendations", [])
        events = [self.event("article_impression", slate, article) for article in shown]
        if shown:
            opened = random.choice(shown)
            events += [self.event(kind, slate, opened) for kind in ("article_click", "article_view")]
        else:
            events = [{**self.event("article_view"), "article_id": f"a{random.randrange(ARTICLES)}"}]
        self.ask("POST", "/v1/events", "POST events", events)

    @task(3)
    def be_decided_about(self) -> None:
        """What a paywall and a newsletter ask."""
        for task_name in ("churn", "conversion", "engagement", "segment"):
            self.ask("GET", f"/v1/readers/{self.reader}/{task_name}", f"GET {task_name}")

    @task(1)
    def leave(self) -> None:
        """Another reader comes in their place."""
        self.on_start()

    def event(self, kind: str, slate: dict | None = None, article: dict | None = None) -> dict:
        """An event of docs/events.md."""
        told = {
            "event_id": str(uuid.uuid4()),
            "user_id": self.reader,
            "session_id": self.session,
            "event_type": kind,
            "timestamp": int(time.time() * 1000),
            "consent": AGREED,
        }
        if slate and article:
            told |= {"decision_id": slate["decision_id"], "slate_id": slate["decision_id"]}
            told |= {"article_id": article["article_id"], "position": article["slot"]}
            if article["propensity"] is not None:
                told["propensity"] = article["propensity"]
        return told


class Editor(Publisher):
    """Publishes, and looks at what is live."""

    weight = 1
    wait_time = between(5, 20)

    @task(3)
    def publish(self) -> None:
        """A new article, or a newer form of one."""
        article = f"a{random.randrange(ARTICLES)}"
        told = {"title": f"Story {article}", "category": "news", "published_at": datetime.now(UTC).isoformat()}
        self.ask("PUT", f"/v1/articles/{article}", "PUT articles", told)

    @task(1)
    def ask_about_many(self) -> None:
        """A list of readers at risk."""
        readers = [str(random.randrange(READERS)) for _ in range(200)]
        self.ask("POST", "/v1/readers/churn", "POST churn", {"reader_ids": readers})

    @task(1)
    def look(self) -> None:
        """Which versions answer."""
        self.ask("GET", "/v1/models", "GET models")
