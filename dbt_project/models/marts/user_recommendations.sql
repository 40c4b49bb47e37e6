{{ config(materialized='view') }}

-- A view, so that recommendations show as soon as they are written; only the serving model's are kept there.
with recommendations as (

    select * from {{ source('ml', 'recommendations') }}

),

items as (

    select * from {{ ref('dim_items') }}

),

final as (

    select
        -- ids
        recommendations.user_id,
        recommendations.task,
        recommendations.rank,
        recommendations.item,

        -- what the item is
        items.department,
        items.category,
        items.subcategory,
        items.brand,

        -- why
        recommendations.score,
        recommendations.reason,
        recommendations.is_repeat,
        recommendations.model_id,

        -- timestamps
        recommendations.as_of,
        recommendations.recommended_at
    from recommendations
    left join items on recommendations.item = items.item_id

)

select * from final
