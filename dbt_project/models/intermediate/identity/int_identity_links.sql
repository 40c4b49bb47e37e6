-- Which identifiers each distinct set holds, by number.
with evidence as (

    select * from {{ ref('int_identity_evidence') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

named as (

    {% for type in var('identifier_types') %}
    select identity_key, '{{ type }}' as identifier_type, {{ type }} as identifier_value
    from evidence
    where {{ type }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        named.identity_key,
        identifiers.identifier_id,
        named.identifier_type
    from named
    inner join identifiers
        on
            named.identifier_type = identifiers.identifier_type
            and named.identifier_value = identifiers.identifier_value

)

select * from final
