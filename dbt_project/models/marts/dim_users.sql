{{ config(
    materialized='tracked', key=['user_id'], slices={'of': 'int_users', 'by': 'user_key', 'var': 'users_at_once'}
) }}
{{ touched_users() }}

-- The golden record: for each attribute the value that survives its rule (dim_users.yml), and where it came from.
{% set rules = survivorship() %}

with people as (

    select * from {{ ref('int_people') }}

),

identity_keys as (

    select * from {{ ref('int_identity_keys') }}
    {{ only_touched('int_identity_keys', ['user_key']) }}

),

users as (

    select * from {{ ref('int_users') }}
    {{ only_touched('int_users', ['user_key']) }}

),

contacts as (

    select * from {{ ref('int_contacts') }}
    {{ only_touched('int_contacts', ['user_key']) }}

),

golden as (

    select
        identity_keys.user_key,
        {% for attribute, declared in rules.items() %}
        {{ golden_value(attribute, declared) }} as {{ attribute }},
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
        contacts.email, contacts.phone,

        -- attributes
        {% for attribute in rules %}
        golden.{{ attribute }}.value as {{ attribute }},
        {% endfor %}

        -- where each came from
        contacts.email_source, contacts.email_updated_at,
        contacts.phone_source, contacts.phone_updated_at,
        {% for attribute in rules %}
        golden.{{ attribute }}.source as {{ attribute }}_source,
        golden.{{ attribute }}.updated_at as {{ attribute }}_updated_at,
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
