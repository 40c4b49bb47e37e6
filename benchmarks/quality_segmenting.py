"""How well users are segmented, against k-means as people write it, on a shop's real year.

    python benchmarks/quality_segmenting.py --data DIR [--json FILE]

Data: `online_retail` (UCI Online Retail). Recency, frequency and money of every customer the day after the
last invoice, from lines with a customer that were not cancelled, exact duplicates once. Four segments on the
logarithms.

Ours goes through the product: a mart, a declared task, `train`. The peer is k-means on standardised
logarithms, computed in this run; .339 and .968 were known beforehand, where the cleaning is not known.
Silhouette is taken over all customers. ARI is the mean adjusted Rand index between the clustering of everyone
and those of 80 % samples, on the sample's rows.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import duckdb
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import StandardScaler

from profilectl_ml.registry import load
from profilectl_ml.segmenting.features import Feature
from profilectl_ml.segmenting.task import ClusteringTask
from profilectl_ml.segmenting.training import train

K, SAMPLES, SHARE, SEED = 4, 10, 0.8, 42
KNOWN = {"silhouette": 0.339, "ari_80": 0.968}
RFM = """
    with lines as (
        select distinct * from read_parquet(?)
        where try_cast(CustomerID as double) is not null and InvoiceNo not like 'C%'
            and try_cast(Quantity as double) > 0 and try_cast(UnitPrice as double) > 0
    ),
    last_day as (select max(InvoiceDate::timestamp)::date + 1 as today from lines)
    select cast(CustomerID::double::bigint as varchar) as user_id,
        date_diff('day', max(InvoiceDate::timestamp), any_value(today)) as recency,
        count(distinct InvoiceNo) as frequency,
        sum(Quantity::double * UnitPrice::double) as money
    from lines, last_day group by all
"""
Labels = NDArray[np.int64]
Points = NDArray[np.float64]


def records(data: Path) -> Iterator[dict[str, Any]]:
    """Yield one record per measure."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        source = str(data / "online_retail" / "online_retail.parquet")
        connection.execute(f"create table marts.user_features as {RFM}", [source])
        ordered = "from marts.user_features order by user_id"
        rows = connection.execute(f"select recency, frequency, money {ordered}").fetchnumpy()
        matrix = np.column_stack([np.asarray(rows[name], dtype=float) for name in rows])
        points = StandardScaler().fit_transform(np.log1p(matrix))
        columns = tuple(Feature(name, "log") for name in rows)
        task = ClusteringTask(
            "rfm", ("marts", "user_features"), "user_id", columns, "money", least_k=K, most_k=K
        )
        result = train(connection, task, seed=SEED)
        fitted = load(connection, result.model_id).estimator
        found = connection.execute("select segment from ml.segments order by user_id").fetchall()
        given = np.unique([name for (name,) in found], return_inverse=True)[1].astype(np.int64)
    ours = measured(points, given, lambda part: fitted.fit(matrix[part]).predict(matrix[part]))
    theirs = measured(points, peer(points), lambda part: peer(points[part]))
    for measure in KNOWN:
        for name, figure in (("k-means on logs", theirs[measure]), ("known beforehand", KNOWN[measure])):
            yield {
                "case": "online_retail, four segments",
                "size": len(points),
                "measure": measure,
                "ours": round(ours[measure], 4),
                "peer": name,
                "theirs": round(figure, 4),
                "ratio": round(ours[measure] / figure, 4),
                "unit": "",
                "peak_mb": None,
            }


def peer(points: Points) -> Labels:
    """Return k-means labels as people write them."""
    return np.asarray(KMeans(K, n_init=10, random_state=SEED).fit_predict(points), dtype=np.int64)


def measured(points: Points, labels: Labels, again: Callable[[Labels], Labels]) -> dict[str, float]:
    """Return the silhouette of ``labels``, and how far clusterings of samples agree with them."""
    rng = np.random.default_rng(SEED)
    size = int(len(points) * SHARE)
    parts = [np.sort(rng.choice(len(points), size, replace=False)) for _ in range(SAMPLES)]
    agreed = [adjusted_rand_score(labels[part], again(part)) for part in parts]
    return {"silhouette": float(silhouette_score(points, labels)), "ari_80": float(np.mean(agreed))}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds online_retail")
    parser.add_argument("--json", type=Path, help="write the table there too")
    options = parser.parse_args()
    found = list(records(options.data))
    for record in found:
        print(f"{record['measure']:12} ours {record['ours']:.4f}  {record['peer']:18} {record['theirs']:.4f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
