{{ config(materialized='view') }}

with items as (

    select * from {{ ref('int_items') }}

),

final as (

    select
        item_id, department, category, subcategory, brand, manufacturer, price, package_size, tags,
        source, _loaded_at as updated_at
    from items

)

select * from final
