"""Published versions for tests: the small warehouse, and a table of every type there is."""

from __future__ import annotations

import duckdb

from profilectl.project import Paths
from profilectl.publishing import publish

ODD = """
create or replace table marts.odd as select * from (values
  (1, 'plain', ['a', 'b'], {'k': 1}, 9223372036854775808::ubigint, 7::hugeint, 1.5::decimal(18,2),
   2.25::decimal(38,2)),
  (2, '=1+1', null, {'k': null}, 5::ubigint, -7::hugeint, null, null),
  (3, null, [], null, null, null, -0.01::decimal(18,2), 123456789.12::decimal(38,2)),
  (4, '', ['x,y', null], {'k': 3}, 0::ubigint, 0::hugeint, 0::decimal(18,2), 0::decimal(38,2))
) t(id, said, several, packed, hash, big, money, wide)
"""
MORE = """
create or replace table marts.odder as
select id::tinyint as tiny, id::utinyint as utiny, id::usmallint as usmall, id::uinteger as uint,
       (id / 4)::float as single, (id / 3)::double as real, id % 2 = 0 as flag,
       date '1969-12-30' + id::integer as day,
       timestamp '1899-12-31 23:59:59.123456' + to_days(id::integer) as instant,
       timestamptz '2024-03-31 00:30:00+00' as zoned, time '12:34:56' as clock, to_days(id::integer) as span,
       '00000000-0000-0000-0000-00000000000a'::uuid as uid, 'b'::enum('a', 'b') as kind
from range(3) r(id)
"""


def published_with_odd_types(paths: Paths) -> None:
    """Add two tables of odd types to the warehouse and publish it."""
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(ODD)
        connection.execute(MORE)
    publish(paths)
