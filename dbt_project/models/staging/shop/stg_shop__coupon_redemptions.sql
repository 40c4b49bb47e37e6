with {{ landed('shop', 'coupon_redemptions', key=[trimmed('redemption_id')]) }},

cleaned as {{ inlined() }} (

    select
        *,
        {{ clean_text('redemption_id') }} as redemption,
        {{ clean_text('card_id') }} as card,
        {{ clean_text('campaign_id') }} as campaign,
        -- the day is the store's own
        {{ parse_timestamp('redemption_date', var('reporting_timezone')) }} as redeemed_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('events', {
            'event_id': "'shop.coupon_redemptions:' || redemption",
            'event_type': "'coupon_redemption'",
            'occurred_at': 'redeemed_at',
            'card': 'card',
            'subject': 'campaign',
            'channel': "'store'",
        }) }}
        case
            {{ missing('redemption_id', 'redemption') }}
            {{ nobody('card_id', ['card']) }}
            {{ bad_time('redemption_date', 'redeemed_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'events') }}

select * from resolved
