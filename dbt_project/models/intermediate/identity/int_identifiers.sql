-- The ledger of identifiers: each gets a number once, in order of first knowledge, and all identity work is on numbers.
-- The order is total, so the same raw ledger gives the same numbers in every rebuild.
with evidence as (

    select * from {{ ref('int_identity_evidence') }}

),

named as (

    {% for type in var('identifier_types') %}
    select
        '{{ type }}' as identifier_type,
        {{ loop.index }} as trust_rank,
        {{ type }} as identifier_value,
        first_known_at, first_seen_at, last_seen_at, records
    from evidence
    where {{ type }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

known as (

    select
        identifier_type,
        identifier_value,
        min(trust_rank) as trust_rank,
        min(first_known_at) as first_known_at,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        sum(records) as records
    from named
    group by identifier_type, identifier_value

),

in_order as (

    select * from known
    order by first_known_at, trust_rank, identifier_value

),

final as (

    select
        {{ number_in_order('first_known_at, trust_rank, identifier_value') }} as identifier_id,
        identifier_type,
        identifier_value,
        first_known_at,
        first_seen_at,
        last_seen_at,
        cast(records as bigint) as records
    from in_order

)

select * from final
