with {{ landed('synthetic_social', 'reactions', key=[trimmed('reaction_id')]) }},

cleaned as {{ inlined() }} (

    select
        *,
        {{ clean_text('reaction_id') }} as reaction_told,
        lower({{ clean_text('handle') }}) as account,
        {{ clean_text('target') }} as reacted_to,
        lower({{ trimmed('kind') }}) as reaction,
        {{ parse_timestamp('reacted_at') }} as happened_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('events', {
            'event_id': "'synthetic_social.reactions:' || reaction_told",
            'event_type': 'reaction',
            'occurred_at': 'happened_at',
            'handle': 'account',
            'subject': 'reacted_to',
            'channel': "'social'",
        }) }}
        case
            {{ missing('reaction_id', 'reaction_told') }}
            when account is null then 'no_identifier:handle'
            {{ missing('kind') }}
            when reaction not in ('like', 'follow') then 'invalid:kind'
            {{ bad_time('reacted_at', 'happened_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'events') }}

select * from resolved
