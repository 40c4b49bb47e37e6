-- depends_on: {{ ref('int_users') }}, {{ ref('int_people') }}
-- depends_on: {{ ref('int_identity_keys') }}, {{ ref('int_identity_versions') }}
-- Each golden value is the one winner among what sources gave, and every other value lost for a reason its rule knows.
-- `dbt test` looks at one user in sixteen (ids are hashes), so that a million of them cost seconds; a build at some of
-- those it has touched, by name, because only names find their way down to the records: all of them where there are new
-- records about people, else those of another identity than before, and of these those who have such records or did.
{% set looked_at = "user_id < 'u1'" %}
{% if execute and flags.WHICH == 'build' %}
{% set people, build = [], tracked_run().build %}
{% for id, node in graph.nodes.items() if node.name == 'int_people' %}{% do people.append(id) %}{% endfor %}
{% set touched = 'select user_key from ' ~ ref('int_users') ~ ' where changed_in = ' ~ build if tracked_news(people, build - 1)
  else 'select user_key from ' ~ ref('int_identity_versions') ~ ' where opened_in = ' ~ build ~ ' or closed_in = ' ~ build %}
{% set touched = 'select user_id from ' ~ ref('int_users') ~ ' where user_key in (' ~ touched ~ ')' %}
{% set found = run_query('select user_id from (select users.user_id from ' ~ ref('int_users') ~ ' as users inner join '
  ~ ref('int_identity_keys') ~ ' as keys on users.user_key = keys.user_key inner join ' ~ ref('int_people') ~ ' as people on'
  ~ ' keys.identity_key = people.identity_key where users.user_id in (' ~ touched ~ ') union select user_id from '
  ~ ref('dim_users') ~ ' where person_records > 0 and user_id in (' ~ touched ~ ')) as recorded order by user_id limit 500'
  ).columns[0].values() if load_relation(ref('int_users')) else [] %}
{% set looked_at = 'user_id in (' ~ text_literals(found) ~ ')' if found else none %}
{% endif %}
{% if looked_at is none %}
select 'nobody' as user_id where false
{% else %}
with evidence as (

    select * from {{ ref('user_attribute_evidence') }}
    where {{ looked_at }}

),

users as (

    select * from {{ ref('dim_users') }}
    where {{ few_rows(ref('dim_users'), looked_at) }}

),

golden as (

    {% for attribute in golden_attributes() %}
    select
        user_id, '{{ attribute }}' as attribute, cast({{ attribute }} as varchar) as value,
        {{ attribute }}_source as source, {{ attribute }}_updated_at as updated_at
    from users
    where {{ attribute }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

chosen as (

    select
        user_id, attribute,
        count(case when is_winner then 1 end) as winners,
        count(case when not is_winner and lost_because is null then 1 end) as unexplained,
        max(case when is_winner then value end) as value,
        max(case when is_winner then source end) as source,
        max(case when is_winner then first_updated_at end) as first_updated_at,
        max(case when is_winner then last_updated_at end) as last_updated_at
    from evidence
    group by user_id, attribute

),

final as (

    select
        coalesce(chosen.user_id, golden.user_id) as user_id,
        coalesce(chosen.attribute, golden.attribute) as attribute,
        chosen.winners,
        chosen.unexplained,
        chosen.value as winner,
        golden.value
    from chosen
    full outer join golden
        on
            chosen.user_id = golden.user_id
            and chosen.attribute = golden.attribute
    where
        chosen.user_id is null
        or golden.user_id is null
        or chosen.winners <> 1
        or chosen.unexplained > 0
        or chosen.value <> golden.value
        or chosen.source <> golden.source
        or golden.updated_at not between chosen.first_updated_at and chosen.last_updated_at

)

select * from final
{% endif %}
