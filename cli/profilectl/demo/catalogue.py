"""``shop.products``: the real catalogue as one Parquet file, with a few rows repeated or nameless."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from profilectl.demo.write import write_if_changed
from profilectl_ml.sql import quote_literal

REPEATED = 25
NAMELESS = 3


def write_catalogue(con: duckdb.DuckDBPyConnection, landing: Path) -> bool:
    """Write ``shop/products/products.parquet``; return whether it changed."""
    con.execute(
        f"""
        create or replace table catalogue as
        with numbered as (
            select
                product_id, manufacturer_id, department, brand, product_category, product_type, package_size,
                row_number() over (order by u('catalogue|' || product_id), product_id) as place
            from real_products
        )
        select *, 'clean' as kind from numbered
        union all by name
        select *, 'duplicate_row' as kind from numbered where place <= {REPEATED}
        union all by name
        select * replace (null as product_id), 'missing_product_id' as kind
        from numbered where place between {REPEATED + 1} and {REPEATED + NAMELESS}
        """
    )
    with TemporaryDirectory() as scratch:
        made = Path(scratch) / "products.parquet"
        # one thread, so that the row groups are laid down in the order of the query
        con.execute("set threads = 1")
        con.execute(
            f"""
            copy (
                select product_id, manufacturer_id, department, brand, product_category, product_type,
                    package_size
                from catalogue order by place, kind
            ) to {quote_literal(str(made))} (format parquet, compression zstd)
            """
        )
        con.execute("set threads = 2")
        return write_if_changed(landing / "shop" / "products" / "products.parquet", made.read_bytes())
