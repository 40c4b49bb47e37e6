{{ config(key=['user_id']) }}
{{ depends_on_value(features_depend_on()) }}
{{ touched(features_touched()) }}

-- Golden attributes of each user, and what they answer to, write and say of themselves, build by build.
with {{ history_clock_cte() }},

users as (

    select * from {{ ref('dim_users') }}
    {{ in_update('where ' ~ few_rows(ref('dim_users'), is_touched('dim_users', ['user_id']))) }}

),

keys as (

    select * from {{ ref('int_users') }}
    {{ only_touched('int_users', ['user_id']) }}

),

top_categories as (

    select * from {{ ref('int_top_categories') }}
    {{ in_update('where user_key in (select user_key from keys)') }}

),

features as (

    select * from {{ ref('user_features') }}
    {{ only_features_touched() }}

),

{{ history_kept_ctes('profiles') }},

final as (

    select
        users.user_id,
        {% for attribute in profile_columns_of_users() %}
        users.{{ attribute }},
        {% endfor %}
        top_categories.top_categories,
        kept.* exclude (user_id)
    from users
    inner join kept on users.user_id = kept.user_id
    left join keys on users.user_id = keys.user_id
    left join top_categories on keys.user_key = top_categories.user_key

)

select * from final
