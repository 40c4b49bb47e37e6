with {{ landed('shop', 'products', key=[trimmed('product_id')]) }},

cleaned as {{ inlined() }} (

    select
        *,
        {{ clean_text('product_id') }} as product,
        upper({{ clean_text('department') }}) as department_name,
        upper({{ clean_text('product_category') }}) as category_name,
        upper({{ clean_text('product_type') }}) as type_name,
        {{ clean_text('brand') }} as brand_name,
        {{ clean_text('manufacturer_id') }} as maker,
        {{ clean_text('package_size') }} as size_printed
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('items', {
            'item_id': 'product',
            'department': 'department_name',
            'category': 'category_name',
            'subcategory': 'type_name',
            'brand': 'brand_name',
            'manufacturer': 'maker',
            'package_size': 'size_printed',
        }) }}
        case
            when product is null then 'missing:product_id'
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'items') }}

select * from resolved
