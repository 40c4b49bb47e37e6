with {{ landed('crm', 'campaign_contacts', key=[trimmed('contact_id')]) }},

cleaned as {{ inlined() }} (

    select
        *,
        {{ clean_text('contact_id') }} as contact,
        {{ clean_text('crm_id') }} as customer,
        {{ clean_text('campaign_id') }} as campaign,
        lower({{ clean_text('campaign_type') }}) as sent_by,
        {{ parse_timestamp('contacted_at', var('reporting_timezone')) }} as sent_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('events', {
            'event_id': "'crm.campaign_contacts:' || contact",
            'event_type': "'campaign_contact'",
            'occurred_at': 'sent_at',
            'customer_id': 'customer',
            'subject': 'campaign',
            'channel': 'sent_by',
        }) }}
        case
            {{ missing('contact_id', 'contact') }}
            {{ nobody('crm_id', ['customer']) }}
            {{ bad_time('contacted_at', 'sent_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'events') }}

select * from resolved
