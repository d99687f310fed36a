"""The recommender: put, learn, rank; a snapshot ranks the same; bad input ranks too."""

import json

import numpy as np
import pytest
from recommendation_world import HOUR_MS, POLITICS, SPORT, START_MS, article, names, two_groups

from readership.models.recommendation.features import NAMES
from readership.models.recommendation.nouns import SOURCES, Article, Asker, Read
from readership.models.recommendation.parameters import DAY_MS, Parameters
from readership.models.recommendation.recommender import Recommender

NOW_MS = START_MS + 6 * HOUR_MS


def by(name: str):
    """A scorer that ranks by one feature."""
    return lambda features: np.nan_to_num(features[:, NAMES.index(name)]).astype(np.float64)


def test_without_a_scorer_the_popular_come_first_and_what_was_read_is_left_out():
    recommender = two_groups()
    stranger = recommender.rank(Asker(NOW_MS))
    assert set(names(recommender, stranger.article[:2])) == {"sport-new", "politics-new"}
    assert np.all(np.diff(stranger.score) <= 0)
    assert len(stranger.article) == 10
    reader = recommender.rank(Asker(NOW_MS, reader=SPORT[0]))
    assert len(reader.article) == 6
    assert not {f"sport-{number}" for number in range(4)} & set(names(recommender, reader.article))


@pytest.mark.parametrize(("reader", "right"), [(SPORT[0], "sport-new"), (POLITICS[0], "politics-new")])
@pytest.mark.parametrize("feature", ["neighbours", "together", "alike_share", "rare_share", "content", "category"])
def test_a_readers_own_features_put_the_groups_article_first(reader, right, feature):
    recommender = two_groups()
    ranked = recommender.rank(Asker(NOW_MS, reader=reader), scorer=by(feature))
    assert names(recommender, ranked.article[:1]) == [right]


def test_the_reason_names_the_article_it_was_read_with_or_is_like():
    recommender = two_groups()
    recommender.put(article("breaking", NOW_MS - 1, title="goal keeper match league 2"))
    recommender.put(article("newest", NOW_MS, title="weather"))
    ranked = recommender.rank(Asker(NOW_MS, reader=SPORT[0]))
    told = {
        names(recommender, [place])[0]: (SOURCES[source], because)
        for place, source, because in zip(ranked.article, ranked.source, ranked.because, strict=True)
    }
    source, because = told["sport-new"]
    assert source == "together"
    assert names(recommender, [because])[0].startswith("sport")
    source, because = told["breaking"]
    assert source == "content"
    assert names(recommender, [because]) == ["sport-2"]
    assert told["newest"] == ("fresh", -1)
    assert all(because == -1 for source, because in told.values() if source in ("popular", "fresh", "neighbours"))


def test_the_history_and_the_visit_that_the_asker_brings_hold():
    recommender = two_groups()
    history = tuple((f"politics-{number}", START_MS + number) for number in range(3))
    asker = Asker(NOW_MS, reader=None, history=history, session=("politics-3", "unknown"))
    ranked = recommender.rank(asker, scorer=by("neighbours"))
    assert names(recommender, ranked.article[:1]) == ["politics-new"]
    assert len(ranked.article) == 6


def test_excluded_withdrawn_and_expired_articles_are_no_candidates():
    recommender = two_groups()
    everything = set(names(recommender, recommender.rank(Asker(NOW_MS)).article))
    left = names(recommender, recommender.rank(Asker(NOW_MS), exclude={"sport-0", "unknown"}).article)
    assert set(left) == everything - {"sport-0"}
    recommender.put(article("sport-1", withdrawn_ms=NOW_MS))
    assert "sport-1" not in names(recommender, recommender.rank(Asker(NOW_MS)).article)
    recommender.put(article("sport-1"))
    assert "sport-1" in names(recommender, recommender.rank(Asker(NOW_MS)).article)
    assert recommender.rank(Asker(NOW_MS), exclude=everything).article.size == 0
    assert recommender.rank(Asker(START_MS + 40 * DAY_MS)).article.size == 0


def test_a_new_article_without_reads_is_reached_by_freshness_and_by_content():
    recommender = two_groups()
    recommender.put(article("breaking", NOW_MS, title="goal keeper match league hero"))
    fresh = recommender.rank(Asker(NOW_MS), scorer=lambda x: -x[:, NAMES.index("newest_rank")].astype(float))
    assert names(recommender, fresh.article[:1]) == ["breaking"]
    assert SOURCES[fresh.source[0]] == "fresh"
    by_text = [recommender.rank(Asker(NOW_MS, reader=r), scorer=by("content")).article for r in (SPORT[0], POLITICS[0])]
    assert "breaking" in names(recommender, by_text[0][:2])
    assert "breaking" not in names(recommender, by_text[1][:2])


def test_a_scheduled_article_waits_for_its_time_and_is_found_by_its_text_then():
    recommender = two_groups()
    recommender.put(article("later", NOW_MS + HOUR_MS, title="goal keeper match league"))
    assert "later" not in names(recommender, recommender.rank(Asker(NOW_MS)).article)
    ranked = recommender.rank(Asker(NOW_MS + HOUR_MS, reader=SPORT[0]), scorer=by("content"))
    assert "later" in names(recommender, ranked.article[:2])


def test_a_snapshot_ranks_the_same_and_goes_on_learning_the_same():
    recommender = two_groups()
    copy = Recommender.read(recommender.files())
    for _ in range(2):
        for reader in (SPORT[0], POLITICS[2], 999, None):
            for scorer in (None, by("neighbours"), by("together"), by("content")):
                first, second = (r.rank(Asker(NOW_MS, reader=reader), scorer=scorer) for r in (recommender, copy))
                for left, right in zip(first, second, strict=True):
                    assert np.array_equal(left, right)
        for one in (recommender, copy):
            one.put(article("extra", NOW_MS - 5, title="league"))
            one.learn([Read(NOW_MS - 1, 999, "extra"), Read(NOW_MS - 1, SPORT[0], "politics-1")])


def test_a_snapshot_leaves_out_articles_too_old_and_numbers_the_rest_anew():
    recommender = two_groups()
    later = START_MS + 31 * DAY_MS
    recommender.put(article("fresh", later))
    recommender.learn([Read(later, SPORT[1], "fresh"), Read(later, 50, "fresh")])
    copy = Recommender.read(recommender.files(later))
    assert len(copy.catalogue) == 1
    assert copy.memory.row(POLITICS[0]) == -1
    assert names(copy, copy.memory.of(SPORT[1]).place) == ["fresh"]
    assert copy.memory.readers.of(0)[0].tolist() == [copy.memory.row(SPORT[1]), copy.memory.row(50)]
    ranked = copy.rank(Asker(later + 1, reader=POLITICS[0]), scorer=by("neighbours"))
    assert names(copy, ranked.article) == ["fresh"]


def test_a_snapshot_is_json_and_arrays_without_pickle():
    files = two_groups().files()
    assert Parameters.from_json(files["parameters.json"]) == Parameters()
    assert json.loads(files["articles.jsonl"].splitlines()[0])["article_id"] == "sport-0"
    assert all(content[:2] == b"PK" and b"pickle" not in content for name, content in files.items() if "npz" in name)


def test_nothing_known_at_all_ranks_nothing():
    assert Recommender().rank(Asker(NOW_MS, reader=3)).article.size == 0


def test_an_article_without_text_and_one_in_another_script():
    recommender = two_groups()
    recommender.put(Article("empty", NOW_MS))
    recommender.put(Article("кириллица", NOW_MS, title="Парламент принял бюджет", topics=tuple("abcdef")))
    recommender.learn([Read(NOW_MS, SPORT[0], "empty"), Read(NOW_MS, SPORT[0], "кириллица")])
    ranked = recommender.rank(Asker(NOW_MS + 1, reader=SPORT[0]), scorer=by("content"))
    assert ranked.article.size == 6
    assert np.isfinite(ranked.score).all()


def test_a_reader_of_a_hundred_thousand_reads():
    recommender = two_groups()
    history = tuple((f"sport-{number % 4}", START_MS + number) for number in range(100_000))
    assert recommender.rank(Asker(NOW_MS, reader=1, history=history)).article.size == 6
    recommender.learn([Read(START_MS + n, 77, f"politics-{n % 4}") for n in range(20_000)])
    assert len(recommender.memory.of(77).place) == 4
    assert recommender.memory.read_count[recommender.memory.row(77)] == 4


def test_clock_skew_reads_after_the_request_count_as_now():
    recommender = two_groups()
    recommender.learn([Read(NOW_MS + 10 * HOUR_MS, 50, "sport-0")])
    shortlist = recommender.shortlist(Asker(NOW_MS, reader=SPORT[0]))
    assert np.isfinite(shortlist.features[:, NAMES.index("popular")]).all()
    assert (shortlist.features[:, NAMES.index("hours_since_read")] >= 0).all()


def test_a_read_is_in_the_next_answer_of_the_same_reader():
    recommender = two_groups()
    before = names(recommender, recommender.rank(Asker(NOW_MS, reader=SPORT[0])).article)
    recommender.learn([Read(NOW_MS, SPORT[0], before[0])])
    assert before[0] not in names(recommender, recommender.rank(Asker(NOW_MS, reader=SPORT[0])).article)


def test_popularity_is_seen_within_the_refresh():
    recommender = two_groups()
    recommender.rank(Asker(NOW_MS))
    recommender.learn([Read(NOW_MS, reader, "sport-0") for reader in range(100, 130)])
    later = NOW_MS + recommender.parameters.refresh_ms + 1
    assert names(recommender, recommender.rank(Asker(later)).article[:1]) == ["sport-0"]
