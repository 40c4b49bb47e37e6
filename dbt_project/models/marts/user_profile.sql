{{ config(materialized='view') }}

-- The one wide row per user that a BI tool wants. A view, so that scores show as soon as they are written.
{% set attributes = profile_columns_of_users() %}

with users as (

    select * from {{ ref('dim_users') }}

),

features as (

    select * from {{ ref('user_features') }}

),

keys as (

    select * from {{ ref('int_users') }}

),

top_categories as (

    select * from {{ ref('int_top_categories') }}

),

scores as (

    select * from {{ ref('user_scores') }}

),

spend_scores as (

    select user_id, score, percentile
    from scores
    where task = 'spend_next_28d'

),

segments as (

    select user_id, segment
    from {{ ref('user_segments') }}
    where task = 'audience_segments'

),

final as (

    select
        users.user_id,
        {% for attribute in attributes %}
        users.{{ attribute }},
        {% endfor %}
        spend_scores.score as score_spend_next_28d,
        spend_scores.percentile as percentile_spend_next_28d,
        segments.segment,
        top_categories.top_categories,
        features.as_of,
        features.has_purchase
        {%- for name in feature_columns() if name not in attributes %},
        features.{{ name }}
        {%- endfor %}
    from users
    left join features on users.user_id = features.user_id
    left join keys on users.user_id = keys.user_id
    left join top_categories on keys.user_key = top_categories.user_key
    left join spend_scores on users.user_id = spend_scores.user_id
    left join segments on users.user_id = segments.user_id

)

select * from final
