"""The generated rules, judged by promtool: valid, each alert firing and not, scores equal to the product's."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from dashboards.rules.document import rule_file
from dashboards.settings import BoardSettings, ObjectiveSettings
from streams.scales import score_of
from tests.support.promtool import Judge, constant, growing, names, with_labels

PLACE = {"survey_kind": "hot", "channel": "web", "stage": "buy"}
HOUR = 260  # samples of 15 s: an hour and a bit


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    return Judge(tmp_path)


def answers(metric: str, **per_step: float) -> dict[str, str]:
    """Counters of one place that grow by so many answers each 15 s."""
    return {
        with_labels("cx_survey_responses_total", {"metric": metric, **PLACE, "outcome": outcome}): growing(by, HOUR)
        for outcome, by in per_step.items()
    }


def test_promtool_finds_nothing_to_lint(judge: Judge) -> None:
    judge.write_rules()
    done = judge.run("check", "rules", "--lint=all", "--lint-fatal", "rules.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_settings_give_the_same_bytes() -> None:
    assert rule_file(BoardSettings()) == rule_file(BoardSettings())


def test_every_alert_is_tested_below(judge: Judge) -> None:
    groups = yaml.safe_load(rule_file(judge.settings))["groups"]
    assert set(names(groups, "alert")) == set(FIRING) == set(QUIET)


def test_an_alert_says_how_bad_it_is_what_to_do_and_where_to_look() -> None:
    settings = BoardSettings(public_url="https://cx.example.com")
    for group in yaml.safe_load(rule_file(settings))["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                assert rule["labels"]["severity"] in ("warning", "critical")
                assert set(rule["annotations"]) == {"summary", "description", "page"}
                assert rule["annotations"]["page"].startswith("https://cx.example.com/")


UP = 'up{job="cxwatch"}'
WELL = {"cx_decide_lease_held": constant(1, HOUR), UP: constant(1, HOUR)}
FIRING: dict[str, tuple[dict[str, str], str]] = {
    # 58 % detractors of 8 answers in 15 s: 3.9 times what 85 % allows
    "CxNPSBurn": (answers("nps", detractor=4.64, passive=1.36, promoter=2), "10m"),
    "CxNPSBurnEverywhere": (answers("nps", detractor=4.64, passive=1.36, promoter=2), "10m"),
    "CxCSATBurn": (answers("csat", bad=3, neutral=1, good=4), "10m"),
    "CxCSATBurnEverywhere": (answers("csat_1_7", bad=3, neutral=1, good=4), "10m"),
    "CxCESBurn": (answers("ces", bad=3, neutral=3, good=2), "10m"),
    "CxCESBurnEverywhere": (answers("ces1", bad=3, neutral=3, good=2), "10m"),
    "CxNotScraped": ({UP: constant(0, 20)}, "3m"),
    "CxStreamSilent": (
        {"cx_event_lag_seconds": "0+15x40", "cx_stale_after_seconds": constant(120, 40)},
        "4m",
    ),
    "CxMeasuringBehind": ({"cx_unmeasured_records": constant(10_001, 40)}, "6m"),
    "CxRecordsRefused": ({"cx_dead_letters": "5x60 16x20"}, "16m"),
    "CxMessagesStuck": ({"cx_oldest_undelivered_seconds": "0+15x80"}, "14m"),
    "CxMessagesGivenUp": ({'cx_alerts_sent_total{sink="slack",result="gave_up"}': "0x20 1x40"}, "8m"),
    "CxChangesStuck": (
        {"cx_changes_unsent": constant(3, 80), "cx_changes_sent_timestamp_seconds": constant(0, 80)},
        "16m",
    ),
    "CxNobodyDecides": ({"cx_decide_lease_held": constant(0, 20), UP: constant(1, 20)}, "2m"),
    "CxFirstContactMissed": ({"cx_sla_missed_total": "3x20 4x40"}, "8m"),
}
QUIET: dict[str, tuple[dict[str, str], str]] = {
    # 40 % detractors: 2.7 times, which a small place reaches by chance
    "CxNPSBurn": (answers("nps", detractor=3.2, passive=2.8, promoter=2), "10m"),
    "CxNPSBurnEverywhere": (answers("nps", detractor=3.2, passive=2.8, promoter=2), "10m"),
    # every answer is bad, but there are 48 of them
    "CxCSATBurn": (answers("csat", bad=1.2, neutral=0, good=0), "10m"),
    "CxCSATBurnEverywhere": (answers("csat", bad=1.2, neutral=0, good=0), "10m"),
    # 160 bad answers, which ended seven minutes ago
    "CxCESBurn": (
        {
            with_labels("cx_survey_responses_total", {"metric": "ces", **PLACE, "outcome": outcome}): f"0+4x40 {n}x40"
            for outcome, n in (("bad", 160), ("good", 160))
        },
        "17m",
    ),
    "CxCESBurnEverywhere": (answers("ces", bad=0, neutral=3, good=5), "10m"),
    "CxNotScraped": (WELL, "10m"),
    "CxStreamSilent": (
        {"cx_event_lag_seconds": constant(119, 40), "cx_stale_after_seconds": constant(120, 40)},
        "10m",
    ),
    "CxMeasuringBehind": ({"cx_unmeasured_records": constant(10_000, 60)}, "10m"),
    "CxRecordsRefused": ({"cx_dead_letters": "5x60 15x20"}, "16m"),
    "CxMessagesStuck": ({"cx_oldest_undelivered_seconds": constant(599, 80)}, "14m"),
    "CxMessagesGivenUp": ({'cx_alerts_sent_total{sink="slack",result="gave_up"}': constant(7, 60)}, "8m"),
    # much waits, and is on its way: the last round was five minutes ago
    "CxChangesStuck": (
        {"cx_changes_unsent": constant(300, 80), "cx_changes_sent_timestamp_seconds": constant(660, 80)},
        "16m",
    ),
    "CxNobodyDecides": (WELL, "10m"),
    "CxFirstContactMissed": ({"cx_sla_missed_total": constant(3, 60)}, "8m"),
}


@pytest.fixture(scope="module")
def fired(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What promtool says fires, each in a world of its own."""
    judge = Judge(tmp_path_factory.mktemp("firing"))
    return judge.firing([(alert, series, at) for alert, (series, at) in FIRING.items()])


@pytest.mark.parametrize("alert", FIRING)
def test_it_fires_with_every_word_filled_in(fired: str, alert: str) -> None:
    (said,) = [two for two in pairwise(fired.splitlines()) if f'alertname="{alert}"' in two[0]]
    assert 'summary="' in said[1]
    assert "<no value>" not in said[1]


def test_each_stays_quiet_at_the_edge(tmp_path: Path) -> None:
    assert Judge(tmp_path).firing([(alert, series, at) for alert, (series, at) in QUIET.items()]) == ""


def test_workers_are_added_up_and_places_told_apart(judge: Judge) -> None:
    bad = answers("csat", bad=2, neutral=0, good=1)
    series = {key.replace("{", f'{{instance="{one}",'): value for key, value in bad.items() for one in "ab"}
    series |= {key.replace('"buy"', '"use"'): value for key, value in answers("csat", bad=0, good=9).items()}
    burn = 'round(channel_stage:cx_burn:rate1h{metric="csat"}, 0.01)'
    labels = '{channel="web",metric="csat",stage="%s",survey_kind="hot"}'
    samples = [{"labels": labels % "buy", "value": 4.44}, {"labels": labels % "use", "value": 0}]
    judge.test(series, promql_expr_test=[{"expr": burn, "eval_time": "10m", "exp_samples": samples}])
    assert 'alertname="CxCSATBurn"' in judge.firing([("CxCSATBurn", series, "10m")])


CASES = [
    ("nps", {10: 40, 8: 20, 3: 31}, {"promoter": 40, "passive": 20, "detractor": 31}),
    ("nps", {10: 12}, {"promoter": 12, "passive": 0, "detractor": 0}),
    ("nps", {0: 10}, {"promoter": 0, "passive": 0, "detractor": 10}),
    ("csat", {5: 57, 3: 11, 1: 9}, {"good": 57, "neutral": 11, "bad": 9}),
    ("csat", {5: 30}, {"good": 30, "neutral": 0, "bad": 0}),
    ("ces", {1: 10}, {"good": 0, "neutral": 0, "bad": 10}),
]


@pytest.mark.parametrize(("metric", "counts", "outcomes"), CASES)
def test_scores_and_intervals_are_the_products_own(
    judge: Judge, metric: str, counts: dict[int, int], outcomes: dict[str, int]
) -> None:
    expected = score_of(metric, counts, 10)
    labels = {"metric": metric, **PLACE, "window": "1h"}
    series = {
        with_labels("cx_window_responses", {**labels, "outcome": outcome}): constant(n, 4)
        for outcome, n in outcomes.items()
    }
    checks = []
    for level in ("channel_stage", "channel", "stage", "all"):
        for name, value in (("", expected.value), ("_low", expected.low), ("_high", expected.high)):
            assert value is not None
            checks.append(
                {
                    "expr": f"abs({level}:cx_score{name}:window - ({value!r})) < bool 1e-9",
                    "eval_time": "30s",
                    "exp_samples": [{"labels": _label_set(level, labels), "value": 1}],
                }
            )
    judge.test(series, promql_expr_test=checks)


def test_too_few_answers_have_no_score(judge: Judge) -> None:
    labels = {"metric": "nps", **PLACE, "window": "1h"}
    series = {with_labels("cx_window_responses", {**labels, "outcome": "promoter"}): constant(9, 4)}
    names_ = [f"{level}:cx_score{end}:window" for level in ("channel_stage", "all") for end in ("", "_low", "_high")]
    checks = [{"expr": name, "eval_time": "30s", "exp_samples": []} for name in names_]
    judge.test(series, promql_expr_test=checks)


def test_an_objective_of_ones_own_moves_the_burn(tmp_path: Path) -> None:
    strict = Judge(tmp_path, BoardSettings(objectives=ObjectiveSettings({"csat": 95.0})))
    fired = strict.firing([("CxCSATBurn", answers("csat", bad=1, neutral=0.5, good=6.5), "10m")])
    assert 'alertname="CxCSATBurn"' in fired  # 19 % is 3.75 times 5 %
    assert "CxNPSBurn" not in strict.write_rules().read_text()


def _label_set(level: str, labels: dict[str, str]) -> str:
    kept = {"metric", "survey_kind", "window", *(level.split("_") if level != "all" else ())}
    return "{" + ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()) if k in kept) + "}"
