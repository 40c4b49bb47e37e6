with {{ landed('crm', 'customers', key=[trimmed('crm_id')]) }},

cleaned as {{ inlined() }} (

    select
        *,
        -- ids
        {{ clean_text('crm_id') }} as customer,
        {{ clean_text('card_id') }} as card,
        {{ clean_email('email') }} as address,
        {{ clean_phone('phone') }} as phone_number,

        -- attributes
        {{ clean_text('first_name') }} as given_name,
        {{ clean_text('last_name') }} as family_name,
        {{ clean_text('age') }} as age_band,
        {{ clean_text('income') }} as income_band,
        {{ clean_text('home_ownership') }} as ownership,
        {{ clean_text('marital_status') }} as marital,
        {{ clean_text('household_size') }} as people,
        {{ clean_text('household_comp') }} as composition,
        {{ clean_text('kids_count') }} as kids,
        {{ to_boolean('consent') }} as agreed,

        -- timestamps
        {{ parse_timestamp('updated_at', var('reporting_timezone')) }} as changed_at
    from raw

),

shaped as {{ kept_in_update() }} (

    select
        {{ as_shape('people', {
            'person_record_id': "'crm.customers:' || customer || ':' || changed_at",
            'updated_at': 'changed_at',
            'customer_id': 'customer',
            'card': 'card',
            'email': 'address',
            'phone': 'phone_number',
            'first_name': 'given_name',
            'last_name': 'family_name',
            'age_band': 'age_band',
            'income_band': 'income_band',
            'home_ownership': 'ownership',
            'marital_status': 'marital',
            'household_size': 'people',
            'household_composition': 'composition',
            'kids_count': 'kids',
            'consent': 'agreed',
        }) }}
        case
            when customer is null then 'missing:crm_id'
            {{ bad_time('updated_at', 'changed_at') }}
        end as _problem,
        _repeated
    from cleaned

),

{{ resolved('shaped', 'people') }}

select * from resolved
