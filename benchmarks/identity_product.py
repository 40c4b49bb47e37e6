"""The product's identity models as a dbt project of the benchmark: evidence in, map and log of changes out.

The models are copied out of the product when the project is made, its macros are read where they are, and
only what stands before them is made up here: each edge is a record that carries its two identifiers, and each
file is a load. A record carries one value of a type, so the place of an identifier in its component is its
type. The limits are like the product's, and nothing reaches them: the peers that solve the same edges know no
rules.

What the project makes is what the product makes: evidence, a ledger of identifiers, versions of the
partition, users, `identity_map` and `identity_changes`, of which the output is a view. It keeps state: run
again with one more file, it takes in that file alone.
"""

from __future__ import annotations

from pathlib import Path

from identity_data import ROOM
from identity_project import ROOT, Project

PRODUCT = ROOT / "dbt_project"
TYPES = [f"t{member}" for member in range(ROOM)]
SOLVE = "int_identity_versions"

COPIED = {
    "intermediate/identity": (
        *("int_identity_evidence", "int_identifiers", "int_identity_links", "int_identifier_activity"),
        *("int_identity_overrides", "int_identity_pairs", "int_blocked_identifiers", SOLVE),
        *("int_identity", "int_identity_keys", "int_users", "int_identity_moves", "int_identity_causes"),
    ),
    "marts": ("identity_map", "identity_changes"),
}

PROJECT = f"""\
name: identity_product
version: "1.0.0"
profile: user_profiles
macro-paths: [macros, "{PRODUCT / "macros"}"]
flags: {{send_anonymous_usage_stats: false}}
on-run-start: "{{{{ create_ops_tables() }}}}"
models:
  identity_product:
    intermediate: {{+schema: intermediate, +materialized: table}}
    marts: {{+schema: marts, +materialized: table}}
seeds: {{identity_product: {{+schema: seeds}}}}
vars:
  identifier_types: {TYPES}
  identity_max_links: {dict.fromkeys(TYPES, 20)}
  identity_max_met: {{t0: {{t1: 6}}}}
  identity_max_given_names: {{}}
  identity_max_age_days: {{}}
  identity_handed_on_days: {{}}
"""

# A model whose text changes is built anew, so what changes from run to run is in variables of the session.
MACROS = """\
{% macro know_files() -%}
  {%- set seen = 'select max(load) from ' ~ this if load_cached_relation(this) else 'select 0' -%}
  set variable edges = {{ var('edges') }}; set variable seen = ({{ seen }})
{%- endmacro %}
"""

STUBS = {
    "intermediate/landing_files": """
        {{ config(schema='ops') }}
        select range as batch_id, timestamp '2024-01-01' + to_days(cast(range as integer)) as loaded_at
        from range(1, {{ var('edges') | length }} + 1)
        """,
    "intermediate/int_people": """
        select 0::ubigint as identity_key, '' as first_name, '' as last_name, now()::timestamp as updated_at
        where false
        """,
    "intermediate/int_sightings": """
        {{ config(materialized='tracked', appends=true, pre_hook='{{ know_files() }}') }}
        {%- set given = {} -%}
        {%- for type in var('identifier_types') %}{% do given.update({type: type}) %}{% endfor %}
        with edges as (
            select *, list_position(getvariable('edges'), filename) as load
            from read_parquet(
                getvariable('edges')[1 {{ in_update("+ getvariable('seen')") }}:],
                filename = true
            )
        ),
        records as (
            select
                load,
                timestamp '2024-01-01' + to_days(cast(load as integer)) as _loaded_at
                {%- for type in var('identifier_types') %},
                case {{ loop.index0 }} when member_l then identifier_l when member_r then identifier_r end
                as {{ type }}
                {%- endfor %}
            from edges
        )
        select
            {{ identity_key(given) }} as identity_key,
            *,
            'edges' as source,
            _loaded_at as seen_at,
            true as is_counted
        from records
        """,
    "marts/user_map": """
        {{ config(materialized='view', schema='main') }}
        select identifier_value as identifier, user_id as user
        from {{ ref('identity_map') }}
        where known_to is null
        """,
}

SEEDS = {
    "blocked_identifiers": ["identifier_type", "identifier_value", "reason"],
    "role_mailboxes": ["local_part"],
    "identity_overrides": [
        *("action", "identifier_type", "identifier_value", "other_type", "other_value", "reason")
    ],
}


def write_product_project(folder: Path) -> Project:
    """Make the files of the project in `folder`."""
    files = {
        "dbt_project.yml": PROJECT,
        "profiles.yml": (ROOT / "profiles.yml").read_text(),
        "macros/files.sql": MACROS,
        "seeds/seeds.yml": seeds_yml(),
    }
    for name, columns in SEEDS.items():
        files[f"seeds/{name}.csv"] = ",".join(columns) + "\n"
    for name, model in STUBS.items():
        files[f"models/{name}.sql"] = model
    for layer, names in COPIED.items():
        for name in names:
            file = f"models/{layer}/{name}.sql"
            files[file] = (PRODUCT / file).read_text()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return Project(folder, solve=SOLVE)


def seeds_yml() -> str:
    """Return what says that every column of the seeds is text, which their empty files do not."""
    lines = ["seeds:"]
    for name, columns in SEEDS.items():
        types = ", ".join(f"{column}: varchar" for column in columns)
        lines.append(f"  - {{name: {name}, config: {{column_types: {{{types}}}}}}}")
    return "\n".join(lines) + "\n"
