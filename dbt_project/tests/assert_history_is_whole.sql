-- Every user has one state that goes on in each part of the history, and nobody else has one. One test for all parts,
-- because each costs dbt more than the engine. Training writes scores between builds: they count in a build only.
-- depends_on: {{ ref('history_days') }}
{% for part in ['profiles', 'purchases', 'windows', 'visits'] %}
select
    '{{ part }}' as part,
    count(*) as states,
    count(distinct user_id) as users,
    (select count(*) from {{ ref('dim_users') }}) as wanted
from {{ ref('history_' ~ part) }}
where to_build = {{ still_open() }}
having count(*) <> count(distinct user_id) or count(*) <> wanted
union all
{% endfor %}
{% for part, mart in {'scores': 'user_scores', 'segments': 'user_segments'}.items() %}
select
    '{{ part }}' as part,
    count(*) as states,
    count(distinct user_id || ' ' || task) as users,
    (select count(*) from {{ ref(mart) }}) as wanted
from {{ ref('history_' ~ part) }}
where to_build = {{ still_open() }}
having count(*) <> users {{ 'or count(*) <> wanted' if flags.WHICH == 'build' }}
{{ 'union all' if not loop.last }}
{% endfor %}
