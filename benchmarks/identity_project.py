"""The dbt project of the benchmark: text edges in, a map of text out, by the product's own macros.

Every identifier gets a number of 63 bits out of its own text, so that edges become numbers by reading them
once and no text is ever joined. DuckDB's `hash` alone will not do: of 90,000 names like `6/rec-1029-dup-4`
11,200 share their hash with another one, since differences eight characters apart cancel out. Two hashes of
the text at shifted places had no collision in any set tried. Should two identifiers have one number after
all, they would merge silently: so the last model counts what came out and fails, and another `salt` gives
other numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

SHARED = ROOT / "dbt_project" / "macros"

PROJECT = f"""\
name: identity_benchmark
version: "1.0.0"
profile: user_profiles
macro-paths: ["{{macros}}", "{SHARED / "identity"}", "{SHARED / "dialect"}"]
flags: {{{{send_anonymous_usage_stats: false}}}}
models: {{{{identity_benchmark: {{{{+materialized: table}}}}}}}}
vars: {{{{salt: shift}}}}
"""

MACROS = """\
{% macro number_of(text) -%}
  {%- set shifted = passing_hash("'" ~ var('salt') ~ "' || " ~ text) -%}
  cast({{ passing_hash(passing_hash(text) ~ ', ' ~ shifted) }} >> 1 as bigint)
{%- endmacro %}
{% macro edge_files() %}read_parquet({{ var('edges') }}){% endmacro %}
"""

MODELS = {
    "numbered_edges": """
        select {{ number_of('identifier_l') }} as hi, {{ number_of('identifier_r') }} as lo
        from {{ edge_files() }}
        """,
    "components": """
        {{ config(materialized='connected_components') }}
        select hi, lo from {{ ref('numbered_edges') }}
        """,
    # An identifier that meets only itself is on no edge, and a user of its own.
    "user_map": """
        with named as (
            select identifier_l as identifier from {{ edge_files() }}
            union all
            select identifier_r from {{ edge_files() }}
        ),
        identifiers as (select distinct identifier from named)
        select
            identifier,
            'u' || coalesce(label, {{ number_of('identifier') }}) as user,
            label is null as alone
        from identifiers
        left join {{ ref('components') }} on id = {{ number_of('identifier') }}
        """,
    # Every number of a component must stand for one identifier, and so must every number beside them.
    "collisions": """
        with counted as (
            select count(*) filter (not alone) - (select count(*) from {{ ref('components') }})
                + count(*) filter (alone) - count(distinct user) filter (alone) as collisions
            from {{ ref('user_map') }}
        )
        select if(collisions = 0, 0, error('two identifiers have one number: set the var salt')) as collisions
        from counted
        """,
}


@dataclass(frozen=True)
class Project:
    """A dbt project to measure: its folder, with a profiles.yml, and the table it makes (identifier, user).

    It reads the parquet files of edges (identifier_l, identifier_r) that its var `edges` lists, in order of
    arrival. One that keeps state is run again in the same warehouse with one more file at the list's end.
    """

    folder: Path
    table: str = "main.user_map"
    solve: str | None = None  # the model whose time is shown beside that of all of them


def write_project(folder: Path) -> Project:
    """Make the files of the benchmark's own project in `folder`."""
    models, macros = folder / "models", folder / "macros"
    for made in (models, macros):
        made.mkdir(parents=True, exist_ok=True)
    (folder / "dbt_project.yml").write_text(PROJECT.format(macros=macros))
    (folder / "profiles.yml").write_bytes((ROOT / "profiles.yml").read_bytes())
    (macros / "numbers.sql").write_text(MACROS)
    for name, model in MODELS.items():
        (models / f"{name}.sql").write_text(model)
    return Project(folder)
