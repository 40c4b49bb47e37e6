with {{ landed('crm', 'campaign_contacts', key=['contact_id']) }},

cleaned as {{ inlined() }} (

    select
        *,
        {{ clean_text('crm_id') }} as customer,
        {{ parse_timestamp('contacted_at', var('reporting_timezone')) }} as sent_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('events', {
            'event_id': "'crm.campaign_contacts:' || contact_id",
            'event_type': "'campaign_contact'",
            'occurred_at': 'sent_at',
            'customer_id': 'customer',
            'subject': 'campaign_id',
            'channel': 'lower(campaign_type)',
        }) }}
        case
            {{ missing('contact_id') }}
            {{ nobody('crm_id', ['customer']) }}
            {{ bad_time('contacted_at', 'sent_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'events') }}

select * from resolved
