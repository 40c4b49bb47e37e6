-- Every user has one state that goes on in each part of the history, and nobody else has one. One test for all parts,
-- because each costs dbt more than the engine. A build looks by number and sum of hashes, which find out whether two
-- sets are the same; `dbt test`, which has time, by name. Training writes scores between builds: in a build alone they
-- are as recorded, and at other times none may be there twice.
-- depends_on: {{ ref('history_days') }}
{% set key_of = {
    'profiles': 'user_id', 'purchases': 'user_id', 'windows': 'user_id', 'visits': 'user_id',
    'scores': 'user_id, task', 'segments': 'user_id, task',
} %}
{% set mart_of = {'scores': 'user_scores', 'segments': 'user_segments'} %}
{% for part, key in key_of.items() %}
{% set states, mart = ref('history_' ~ part), ref(mart_of.get(part, 'dim_users')) %}
{% if flags.WHICH == 'build' %}
select
    '{{ part }}' as part,
    null as user_id,
    'has states of others than the users: see dbt test' as problem
from (
    select {{ fingerprint('going_on') }} as states
    from (
        select {{ key }} from {{ states }}
        where to_build = {{ still_open() }}
    ) as going_on
) as found
cross join (
    select {{ fingerprint('users') }} as states
    from (
        select {{ key }} from {{ mart }}
    ) as users
) as wanted
where found.states <> wanted.states
{% else %}
select
    '{{ part }}' as part,
    user_id,
    'has ' || count(*) || ' states' as problem
from {{ states }}
where to_build = {{ still_open() }}
group by {{ key }}
having count(*) > 1
{% if part not in mart_of %}
union all
select
    '{{ part }}' as part,
    coalesce(going_on.user_id, users.user_id) as user_id,
    case when users.user_id is null then 'is no user' else 'has no state' end as problem
from {{ mart }} as users
full outer join (
    select user_id from {{ states }}
    where to_build = {{ still_open() }}
) as going_on on users.user_id = going_on.user_id
where users.user_id is null or going_on.user_id is null
{% endif %}
{% endif %}
{{ 'union all' if not loop.last }}
{% endfor %}
