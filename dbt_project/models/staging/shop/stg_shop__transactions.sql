with {{ landed('shop', 'transactions', key=[trimmed('basket_id'), trimmed('line_no')]) }},

cleaned as {{ inlined() }} (

    select
        *,
        {{ clean_text('basket_id') }} as basket,
        {{ clean_text('line_no') }} as line,
        {{ clean_text('product_id') }} as product,
        {{ clean_text('card_id') }} as card,
        {{ to_number('sales_value') }} as amount,
        {{ to_number('quantity') }} as units,
        {{ to_number('retail_disc') }} as card_discount,
        {{ to_number('coupon_disc') }} as coupon_discount,
        {{ to_number('coupon_match_disc') }} as match_discount,
        {{ parse_timestamp('transaction_timestamp') }} as paid_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('events', {
            'event_id': "'shop.transactions:' || basket || ':' || line",
            'event_type': "'purchase'",
            'occurred_at': 'paid_at',
            'card': 'card',
            'item_id': 'product',
            'quantity': 'units',
            'amount': 'amount',
            'discount': 'coalesce(card_discount, 0) + coalesce(coupon_discount, 0) + coalesce(match_discount, 0)',
            'session_id': 'basket',
            'channel': "'store'",
        }) }}
        case
            {{ missing('basket_id', 'basket') }}
            {{ missing('line_no', 'line') }}
            {{ missing('product_id', 'product') }}
            {{ nobody('card_id', ['card']) }}
            {{ missing('sales_value') }}
            {{ unreadable('sales_value', 'amount') }}
            {{ outside('amount', -1000, 10000, 'sales_value') }}
            {{ unreadable('quantity', 'units') }}
            {{ outside('units', 0, 100000, 'quantity') }}
            {%- for raw, typed in [
                ['retail_disc', 'card_discount'],
                ['coupon_disc', 'coupon_discount'],
                ['coupon_match_disc', 'match_discount'],
            ] %}
            {{ unreadable(raw, typed) }}
            {{ outside(typed, 0, 10000, raw) }}
            {%- endfor %}
            {{ bad_time('transaction_timestamp', 'paid_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'events') }}

select * from resolved
