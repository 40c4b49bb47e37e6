-- Which identifiers each distinct set holds, by number. Sets never change, so rows are only ever added.
{{ config(materialized='tracked', appends=true) }}

with evidence as (

    select * from {{ ref('int_identity_evidence') }}
    {{ in_update('where changed_in > __through__ and not exists (select 1 from ' ~ this
      ~ ' as known where known.identity_key = int_identity_evidence.identity_key)') }}

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
