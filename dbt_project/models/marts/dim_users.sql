-- The golden record: for each attribute the latest known value, however old the record that holds it.
{% set attributes = [
    'first_name', 'last_name', 'age_band', 'income_band', 'home_ownership', 'marital_status', 'household_size',
    'household_composition', 'kids_count', 'consent',
] %}

with people as (

    select * from {{ ref('int_people') }}

),

identity_keys as (

    select * from {{ ref('int_identity_keys') }}

),

users as (

    select * from {{ ref('int_users') }}

),

contacts as (

    select * from {{ ref('int_contacts') }}

),

golden as (

    select
        identity_keys.user_key,
        {% for attribute in attributes %}
        {{ latest('people.' ~ attribute, 'people.updated_at', 'people.person_record_id') }} as {{ attribute }},
        {% endfor %}
        count(*) as records,
        count(distinct people.source) as sources
    from people
    inner join identity_keys on people.identity_key = identity_keys.identity_key
    where identity_keys.user_key is not null
    group by identity_keys.user_key

),

final as (

    select
        -- ids
        users.user_id,
        contacts.email,
        contacts.phone,

        -- attributes
        {% for attribute in attributes %}
        golden.{{ attribute }},
        {% endfor %}

        -- how much is known
        users.identifiers,
        users.identifier_types,
        coalesce(golden.records, 0) as person_records,
        coalesce(golden.sources, 0) as person_sources,

        -- timestamps
        users.first_seen_at,
        users.last_seen_at,
        users.first_known_at
    from users
    left join golden on users.user_key = golden.user_key
    left join contacts on users.user_key = contacts.user_key

)

select * from final
