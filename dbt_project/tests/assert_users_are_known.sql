-- Whoever a mart speaks of is a row of dim_users, and every user has features. A build looks at the features, by number
-- and sum of hashes, which find out whether two sets are the same; `dbt test`, which has time, by name, and at all
-- marts that name a user.
-- depends_on: {{ ref('user_attribute_evidence') }}, {{ ref('identity_map') }}, {{ ref('fct_events') }}
{% set everywhere = {
    'user_features': 'true',
    'user_attribute_evidence': 'true',
    'identity_map': 'known_to is null',
    'fct_events': 'true',
} %}
{% if flags.WHICH == 'test' %}
{% for mart, condition in everywhere.items() %}
select '{{ mart }}' as mart, named.user_id, 'is not in dim_users' as problem
from {{ ref(mart) }} as named
where
    named.user_id is not null
    and {{ condition }}
    and named.user_id not in (select user_id from {{ ref('dim_users') }})
union all
{% endfor %}
select 'dim_users' as mart, users.user_id, 'has no features' as problem
from {{ ref('dim_users') }} as users
where users.user_id not in (select user_id from {{ ref('user_features') }})
{% else %}
with known as (

    select {{ fingerprint('ids') }} as users
    from (
        select user_id from {{ ref('dim_users') }}
    ) as ids

),

featured as (

    select {{ fingerprint('ids') }} as users
    from (
        select user_id from {{ ref('user_features') }}
    ) as ids

)

select 'user_features' as mart, null as user_id, 'speaks of others than dim_users: see dbt test' as problem
from known
cross join featured
where known.users <> featured.users
{% endif %}
