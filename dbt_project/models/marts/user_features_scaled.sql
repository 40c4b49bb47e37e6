-- Numeric features between 0 and 1 for charts that compare them; models fit their own scaling on their training split.
{{ config(materialized='view') }}

with features as (

    select * from {{ ref('user_features') }}

),

bounds as (

    select
        as_of
        {%- for name in feature_columns(numeric=true) %},
        min({{ name }}) as {{ name }}_low,
        max({{ name }}) as {{ name }}_high
        {%- endfor %}
    from features
    group by as_of

),

final as (

    select
        features.user_id,
        features.as_of
        {%- for name in feature_columns(numeric=true) %},
        case
            when features.{{ name }} is null then null
            when bounds.{{ name }}_high = bounds.{{ name }}_low then 0
            else cast(features.{{ name }} - bounds.{{ name }}_low as double) / (bounds.{{ name }}_high - bounds.{{ name }}_low)
        end as {{ name }}
        {%- endfor %}
    from features
    inner join bounds on features.as_of = bounds.as_of

)

select * from final
