with {{ landed('shop', 'coupon_redemptions', key=['redemption_id']) }},

cleaned as {{ inlined() }} (

    select
        *,
        {{ clean_text('card_id') }} as card,
        -- the day is the store's own
        {{ parse_timestamp('redemption_date', var('reporting_timezone')) }} as redeemed_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('events', {
            'event_id': "'shop.coupon_redemptions:' || redemption_id",
            'event_type': "'coupon_redemption'",
            'occurred_at': 'redeemed_at',
            'card': 'card',
            'subject': 'campaign_id',
            'channel': "'store'",
        }) }}
        case
            {{ missing('redemption_id') }}
            {{ nobody('card_id', ['card']) }}
            {{ bad_time('redemption_date', 'redeemed_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'events') }}

select * from resolved
