with {{ landed('synthetic_social', 'posts', key=[trimmed('post_id')]) }},

cleaned as {{ inlined() }} (

    select
        *,
        {{ clean_text('post_id') }} as post,
        lower({{ clean_text('handle') }}) as account,
        {{ clean_text('text') }} as words,
        -- the tags arrive as a JSON array of plain words
        nullif(regexp_replace(lower(tags), '["\[\] ]', '', 'g'), '') as tag_list,
        {{ parse_timestamp('posted_at') }} as published_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('events', {
            'event_id': "'synthetic_social.posts:' || post",
            'event_type': "'post'",
            'occurred_at': 'published_at',
            'handle': 'account',
            'text': 'words',
            'tags': "replace(tag_list, ',', '|')",
            'channel': "'social'",
        }) }}
        case
            {{ missing('post_id', 'post') }}
            when account is null then 'no_identifier:handle'
            {{ bad_time('posted_at', 'published_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'events') }}

select * from resolved
