"""How good recommendations are, against what people use, on real data that was held out.

    python benchmarks/quality_recommending.py --data DIR [--json FILE]

DIR holds the folders `ml100k` and `lastfm_hetrec`; The Complete Journey comes from the extra `demo`. Ours is
the content of `ml.recommendations` after `train` on the learnt part alone: candidates, settings and weights
were chosen on windows inside it, and no rule knows which data it is. The peers learn from the same rows and
are judged on the same users: those with something learnt and something held out. Recall divides by all items
held out, NDCG's ideal has them on top. EASE has its customary ridge of 250 on plain ones; ALS is the library
`implicit` (extra `recommend`) with 64 factors. Figures known beforehand stand beside them as "known"; the
peers' exact settings, users and ties behind those are not known.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
from scipy.sparse import csr_matrix

from profilectl_ml.declaration import Declaration
from profilectl_ml.kinds import train
from profilectl_ml.recommending import als
from profilectl_ml.recommending.ease import EaseSetting, fit_ease
from profilectl_ml.recommending.ranking import RECALL_AT, best, figures
from profilectl_ml.recommending.task import parse
from quality_recommending_data import Protocol, protocols

RIDGE = 250.0
SEED = 42
BATCH = 256
MEASURES = ("ndcg_at_10", "recall_at_20")


def records(data: Path) -> Iterator[dict[str, Any]]:
    """Yield one record per protocol, peer and measure."""
    for protocol in protocols(data):
        yield from judge(protocol)
        protocol.connection.close()


def judge(protocol: Protocol) -> Iterator[dict[str, Any]]:
    """Train the tool and the peers on what is learnt, judge both on what is held out."""
    connection = protocol.connection
    users, items, learnt, truth = _matrices(protocol)
    given = {"kind": "recommendation", "events": "learnt", "user": "user_id", "item": "item_id"}
    # An item is recommended as soon as anybody had it: the protocols have restricted the items already.
    given |= {"k": RECALL_AT, "min_users_per_item": 1, **protocol.keys}
    task = parse(Declaration("benchmark", "benchmark", given, {"learnt": ("main", "learnt")}))
    result = train(connection, task)
    found = connection.execute("select user_id, rank, item from ml.recommendations").fetchall()
    at_user, at_item = ({name: at for at, name in enumerate(names)} for names in (users, items))
    lists = np.full((len(users), RECALL_AT), -1)
    for user, rank, item in found:
        lists[at_user[user], rank - 1] = at_item[item]
    judged = np.flatnonzero(np.asarray(truth.sum(axis=1)).ravel())
    ours = _figures(lists, truth, judged)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{protocol.name}: {result.serving} serves after {result.seconds:.0f} s")
    theirs: list[tuple[str, str, float]] = []
    for peer in protocol.peers:
        if peer == "ALS" and not als.available():
            print("ALS is left out: the library implicit is not installed")
            continue
        ranked = _peer(peer, learnt, new_only=task.repeats == "false")
        theirs += [
            (peer, name, value) for name, value in zip(MEASURES, _figures(ranked, truth, judged), strict=True)
        ]
    theirs += [(f"{peer}, known", name, value) for peer, name, value in protocol.known]
    for peer, name, value in theirs:
        mine = ours[MEASURES.index(name)]
        yield {
            "case": protocol.name,
            "size": len(judged),
            "measure": name,
            "ours": round(mine, 4),
            "peer": peer,
            "theirs": round(value, 4),
            "ratio": round(mine / value, 3),
            "unit": "share 0-1",
            "peak_mb": round(peak),
        }


def _matrices(protocol: Protocol) -> tuple[list[str], list[str], Any, Any]:
    """Return users, items (the most popular first), times learnt, and what is held out and can be known."""
    connection = protocol.connection
    users = [u for (u,) in connection.execute("select distinct user_id from learnt order by 1").fetchall()]
    items = [
        i
        for (i,) in connection.execute(
            "select item_id from learnt group by 1 order by count(distinct user_id) desc, item_id"
        ).fetchall()
    ]
    at_user, at_item = ({name: at for at, name in enumerate(names)} for names in (users, items))

    def matrix(query: str) -> Any:
        rows = [r for r in connection.execute(query).fetchall() if r[0] in at_user and r[1] in at_item]
        places = [at_user[r[0]] for r in rows], [at_item[r[1]] for r in rows]
        return csr_matrix(([float(r[2]) for r in rows], places), shape=(len(users), len(items)))

    learnt = matrix("select user_id, item_id, count(*) from learnt group by 1, 2 order by 1, 2")
    return users, items, learnt, matrix("select user_id, item_id, 1 from held_out order by 1, 2")


def _figures(lists: Any, truth: Any, judged: Any) -> tuple[float, float]:
    """Return mean NDCG@10 and Recall@20 of ranked items ``(users, 20)``, -1 where a list is shorter."""
    actual = truth[judged].toarray() > 0
    ranked = lists[judged]
    hits = np.take_along_axis(actual, np.maximum(ranked, 0), axis=1) & (ranked >= 0)
    ndcg, recall = figures(hits, actual.sum(axis=1)).mean(axis=0)
    return float(ndcg), float(recall)


def _peer(name: str, learnt: Any, *, new_only: bool) -> Any:
    """Return the items that a peer ranks first, ``(users, 20)``."""
    ones = csr_matrix((np.ones(learnt.nnz), learnt.indices, learnt.indptr), shape=learnt.shape)
    popular = np.asarray(ones.sum(axis=0)).ravel()
    if name == "EASE":
        model = fit_ease(ones, EaseSetting(RIDGE * learnt.shape[1] / ones.nnz, 0.0))
    if name == "ALS":
        of_users, of_items = als.fit_als(ones, SEED)
    ranked = []
    for start in range(0, learnt.shape[0], BATCH):
        span = slice(start, start + BATCH)
        if name == "EASE":
            scores = model.scores(ones[span])
        elif name == "ALS":
            scores = of_users[span] @ of_items.T
        elif name == "popularity":
            scores = np.tile(popular, (ones[span].shape[0], 1))
        else:
            scores = learnt[span].toarray()
        if new_only:
            scores[ones[span].nonzero()] = -np.inf
        ranked.append(best(scores, RECALL_AT))
    return np.concatenate(ranked)


def main() -> None:
    """Print the table, and write it where asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path, help="write the table there too")
    given = parser.parse_args()
    rows = []
    for row in records(given.data):
        rows.append(row)
        print(
            "  ".join(f"{row[key]}" for key in ("case", "measure", "ours", "peer", "theirs", "ratio")),
            flush=True,
        )
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
