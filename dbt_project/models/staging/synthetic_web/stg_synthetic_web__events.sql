with {{ landed('synthetic_web', 'events', key=[trimmed('event_id')]) }},

cleaned as {{ inlined() }} (

    select
        *,
        -- ids
        {{ clean_text('event_id') }} as event,
        {{ clean_text('product_id') }} as product,
        {{ clean_text('session_id') }} as visit,
        {{ clean_text('cookie_id') }} as cookie,
        {{ clean_text('device_id') }} as device,
        {{ clean_email('email') }} as address,

        -- attributes
        lower({{ trimmed('event_type') }}) as action,
        {{ clean_text('page') }} as address_shown,
        {{ to_number('dwell_ms') }} as dwell,

        -- timestamps
        {{ parse_timestamp('occurred_at') }} as happened_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('events', {
            'event_id': "'synthetic_web.events:' || event",
            'event_type': 'action',
            'occurred_at': 'happened_at',
            'cookie': 'cookie',
            'device': 'device',
            'email': 'address',
            'item_id': 'product',
            'duration_s': 'dwell / 1000.0',
            'subject': 'address_shown',
            'session_id': 'visit',
            'channel': "'web'",
        }) }}
        case
            {{ missing('event_id', 'event') }}
            {{ missing('event_type') }}
            when action not in ('page_view', 'click', 'add_to_cart', 'checkout') then 'invalid:event_type'
            {{ nobody('cookie_id, device_id, email', ['cookie', 'device', 'address']) }}
            {{ unreadable('dwell_ms', 'dwell') }}
            {{ outside('dwell', 0, 86400000, 'dwell_ms') }}
            {{ bad_time('occurred_at', 'happened_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'events') }}

select * from resolved
