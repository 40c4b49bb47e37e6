with {{ landed('synthetic_social', 'accounts', key=['lower(' ~ trimmed('handle') ~ ')']) }},

cleaned as {{ inlined() }} (

    select
        *,
        lower({{ clean_text('handle') }}) as account,
        {{ clean_email('email') }} as address,
        regexp_replace({{ clean_text('display_name') }}, '[\s\p{Z}]+', ' ', 'g') as shown_name,
        {{ parse_timestamp('created_at') }} as made_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('people', {
            'person_record_id': "'synthetic_social.accounts:' || account || ':' || made_at",
            'updated_at': 'made_at',
            'handle': 'account',
            'email': 'address',
            'first_name': "nullif(split_part(shown_name, ' ', 1), '')",
            'last_name': "nullif(split_part(shown_name, ' ', 2), '')",
        }) }}
        case
            when account is null then 'missing:handle'
            {{ bad_time('created_at', 'made_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'people') }}

select * from resolved
