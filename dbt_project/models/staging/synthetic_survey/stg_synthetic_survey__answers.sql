with {{ landed('synthetic_survey', 'answers', key=[trimmed('answer_id')]) }},

cleaned as {{ inlined() }} (

    select
        *,
        -- ids
        {{ clean_text('answer_id') }} as answer,
        {{ clean_email('email') }} as address,
        {{ clean_phone('phone') }} as phone_number,

        -- attributes
        lower({{ trimmed('question') }}) as asked,
        {{ to_number('rating') }} as stars,
        {{ clean_text('comment') }} as words,
        lower({{ clean_text('channel') }}) as asked_by,

        -- timestamps
        {{ parse_timestamp('answered_at', var('reporting_timezone')) }} as said_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('events', {
            'event_id': "'synthetic_survey.answers:' || answer",
            'event_type': "'survey_answer'",
            'occurred_at': 'said_at',
            'email': 'address',
            'phone': 'phone_number',
            'rating': 'stars',
            'text': 'words',
            'subject': 'asked',
            'channel': 'asked_by',
        }) }}
        case
            {{ missing('answer_id', 'answer') }}
            {{ nobody('email, phone', ['address', 'phone_number']) }}
            when asked is null or asked not in ('satisfaction', 'intent') then 'invalid:question'
            {{ missing('rating') }}
            {{ unreadable('rating', 'stars') }}
            {{ outside('stars', 1, 10, 'rating') }}
            {{ bad_time('answered_at', 'said_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'events') }},

{{ resolved_by_content('resolved', ['email', 'phone', 'subject', 'occurred_at']) }}

select * from resolved_by_content
