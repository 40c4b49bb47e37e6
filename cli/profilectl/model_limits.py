"""What a model cannot be trusted with, said from what its run left behind."""

from __future__ import annotations

from typing import Any

_FEW_USERS, _FEW_ONES = 200, 30
_WIDE = 0.25
# A probability is off that misses by more, where a calibrated model would have any such bin this seldom.
_OFF, _BY_CHANCE = 0.1, 0.05
_SHOWN = 4
#: Several measures of one kind would say the same thing several times.
_JUDGED_BY = ("mae", "rmse", "auc", "average_precision", "log_loss", "cost")
_LARGER_IS_BETTER = ("auc", "average_precision")


def limits(card: dict[str, Any]) -> list[str]:
    """Return the known limits of a model in words; each is there because a figure of its card says so."""
    found = [
        _baseline(card),
        _population(card),
        _sample(card),
        _few(card),
        _mixed(card),
        _wide(card),
        _time(card),
        _drift(card),
    ]
    return [said for said in (*found, _losing(card), _budget(card), _calibration(card)) if said]


def _baseline(card: dict[str, Any]) -> str | None:
    if card["run"]["baseline"] and card["model"]["candidate"] == card["run"]["baseline"]:
        return (
            "The baseline serves: no model was clearly better, so scores say no more than the rule of thumb."
        )
    return None


def _population(card: dict[str, Any]) -> str | None:
    name = card["asked"].get("population")
    return f"Learnt only from users with {name}; all others get the baseline's prediction." if name else None


def _sample(card: dict[str, Any]) -> str | None:
    sample = card["data"]["sample"]
    return f"Learnt and judged on {sample}; all are scored." if sample else None


def _few(card: dict[str, Any]) -> str | None:
    users = card["data"]["n_test"]
    if users is None:
        return None
    if users < _FEW_USERS:
        return f"Judged on {users:,} users only: figures can differ a good deal on others."
    ones = sum(
        r["n"] * r["observed"] for r in card["reliability"] if r["candidate"] == card["model"]["candidate"]
    )
    if card["reliability"] and ones < _FEW_ONES:
        return f"Among {users:,} test users only {ones:.0f} are positive: precision and recall are rough."
    return None


def _mixed(card: dict[str, Any]) -> str | None:
    run, found = card["run"], {}
    for row in card["candidates"]:
        if row["split"] == "test" and row["metric"] in _JUDGED_BY:
            found[row["metric"], row["candidate"]] = row["value"]
    worse = []
    for metric in dict.fromkeys(name for name, _ in found):
        ours, theirs = found.get((metric, card["model"]["candidate"])), found.get((metric, run["baseline"]))
        if ours is not None and theirs is not None:
            behind = ours < theirs if metric in _LARGER_IS_BETTER else ours > theirs
            worse += [f"{metric} {ours:.4g} against {theirs:.4g}"] if behind else []
    return f"On the test rows it is worse than the baseline in {', '.join(worse)}." if worse else None


def _wide(card: dict[str, Any]) -> str | None:
    for metric in ("rmse", "log_loss"):
        for row in card["candidates"]:
            if (row["candidate"], row["split"], row["metric"]) != (
                card["model"]["candidate"],
                "test",
                metric,
            ):
                continue
            if row["low"] is None or not row["value"]:
                continue
            half = (row["high"] - row["low"]) / 2 / abs(row["value"])
            if half > _WIDE:
                return (
                    f"The interval of {metric} is wide: {row['low']:.4g} to {row['high']:.4g}"
                    f" around {row['value']:.4g}."
                )
    return None


def _time(card: dict[str, Any]) -> str | None:
    supervised = card["model"]["kind"] in ("regression", "classification")
    if supervised and card["data"]["n_test"] and card["data"]["test_cutoff"] is None:
        return "The table has no time: whether the model holds tomorrow was not judged, only on other users."
    return None


def _drift(card: dict[str, Any]) -> str | None:
    moved = sorted((f for f in card["features"] if f["drifted"]), key=lambda f: -f["psi"])
    if not moved:
        return None
    named = ", ".join(f"{f['feature']} ({f['psi']:.2f})" for f in moved[:_SHOWN])
    more = f" and {len(moved) - _SHOWN} more" if len(moved) > _SHOWN else ""
    return f"Drifted between the earliest and the latest rows learnt from (PSI above 0.25): {named}{more}."


def _losing(card: dict[str, Any]) -> str | None:
    if card["model"]["candidate"] == card["run"]["baseline"]:
        return None
    worse: dict[str, str] = {}
    judged_by_loss = {(r["slice"], r["value"]) for r in card["slices"] if r["metric"] == "log_loss"}
    for row in card["slices"]:
        # Order alone (auc) says little of 30 users; their loss says whether the baseline served them better.
        if row["metric"] == "auc" and (row["slice"], row["value"]) in judged_by_loss:
            continue
        gain = row["score"] - row["baseline"]
        if (gain < 0) if row["metric"] in _LARGER_IS_BETTER else (gain > 0):
            place = f"{row['slice']} = {row['value']}"
            told = f"{row['metric']} {row['score']:.4g} against {row['baseline']:.4g}, n = {row['n']:,}"
            worse.setdefault(place, f"{place} ({told})")
    if not worse:
        return None
    more = f" and {len(worse) - _SHOWN} more" if len(worse) > _SHOWN else ""
    return f"Worse than the baseline in: {'; '.join(list(worse.values())[:_SHOWN])}{more}."


def _budget(card: dict[str, Any]) -> str | None:
    late = sorted(name for name, why in card["choice"]["skipped"].items() if "used up" in why)
    if not late:
        return None
    return f"The time budget was reached; not every setting was tried of: {', '.join(late)}."


def _calibration(card: dict[str, Any]) -> str | None:
    from scipy.stats import binom  # slow to import

    bins = [r for r in card["reliability"] if r["candidate"] == card["model"]["candidate"] and r["n"]]

    def is_off(row: dict[str, Any]) -> bool:
        n, p, ones = row["n"], row["predicted"], round(row["n"] * row["observed"])
        chance = 2 * min(binom.cdf(ones, n, p), binom.sf(ones - 1, n, p))
        # By all bins: the more there are, the more would be off by chance (Bonferroni).
        return bool(abs(p - row["observed"]) > _OFF and chance < _BY_CHANCE / len(bins))

    off = [row for row in bins if is_off(row)]
    if not off:
        return None
    worst = max(off, key=lambda r: abs(r["predicted"] - r["observed"]))
    return (
        f"Probabilities are off in {len(off)} of {len(bins)} bins, at worst {worst['predicted']:.2f} said"
        f" where {worst['observed']:.2f} came true."
    )
