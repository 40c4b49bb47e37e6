-- Whoever a mart speaks of is a row of dim_users, and every user has features. A build looks at the features;
-- `dbt test`, which has time, at all that name a user.
{% set everywhere = {
    'user_features': 'true',
    'user_attribute_evidence': 'true',
    'identity_map': 'known_to is null',
    'fct_events': 'true',
} %}
{% for mart, condition in everywhere.items() %}
{% set named = ref(mart) %}
{% if flags.WHICH == 'test' or mart == 'user_features' %}
select '{{ mart }}' as mart, named.user_id, 'is not in dim_users' as problem
from {{ named }} as named
where
    named.user_id is not null
    and {{ condition }}
    and named.user_id not in (select user_id from {{ ref('dim_users') }})
union all
{% endif %}
{% endfor %}
select 'dim_users' as mart, users.user_id, 'has no features' as problem
from {{ ref('dim_users') }} as users
where users.user_id not in (select user_id from {{ ref('user_features') }})
