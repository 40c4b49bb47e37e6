-- Every user has one state that goes on in each part of the history, and nobody else has one. One test for all parts,
-- because each costs dbt more than the engine. Training writes scores between builds: they count in a build only. A
-- build looks for doubles among those it has written; `dbt test` among all.
-- depends_on: {{ ref('history_days') }}
{% set key_of = {
    'profiles': 'user_id', 'purchases': 'user_id', 'windows': 'user_id', 'visits': 'user_id',
    'scores': 'user_id, task', 'segments': 'user_id, task',
} %}
{% set mart_of = {'scores': 'user_scores', 'segments': 'user_segments'} %}
{% set written = 'from_build = (select max(build_id) from ops.builds)' if flags.WHICH == 'build' else 'true' %}
{% for part, key in key_of.items() %}
{% set states, mart = ref('history_' ~ part), ref(mart_of.get(part, 'dim_users')) %}
{% if part not in mart_of or flags.WHICH == 'build' %}
select '{{ part }}' as part, 'states' as counted, found, wanted
from (
    select
        (select count(*) from {{ mart }}) as wanted,
        count(*) as found
    from {{ states }}
    where to_build = {{ still_open() }}
) as counts
where found <> wanted
union all
{% endif %}
select '{{ part }}' as part, 'states of one' as counted, count(*) as found, 1 as wanted
from {{ states }}
where
    to_build = {{ still_open() }}
    and user_id in (
        select user_id from {{ states }}
        where {{ written }}
    )
group by {{ key }}
having count(*) > 1
{{ 'union all' if not loop.last }}
{% endfor %}
