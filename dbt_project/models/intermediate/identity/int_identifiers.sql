-- The ledger of identifiers: each gets a number once, in order of first knowledge, and all identity work is on numbers.
-- The order is total, so the same raw rows give the same numbers in every division into builds; none is given again.
-- What a changed rule lets in gets the next numbers, though its rows may have landed before others: ids stay as they
-- were, and a new warehouse of the same files may name users otherwise.
{{ config(materialized='tracked', keeps_rows=true) }}

with evidence as (

    select * from {{ ref('int_identity_evidence') }}
    {{ in_update('where changed_in > __through__') }}

),

-- type by type: to group by the value alone is cheaper than by its type too
known as (

    {% for type in var('identifier_types') %}
    select
        '{{ type }}' as identifier_type,
        cast({{ loop.index }} as smallint) as trust_rank,
        {{ type }} as identifier_value,
        min(first_known_at) as first_known_at
    from evidence
    where {{ type }} is not null
    group by {{ type }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

in_order as (

    select * from known
    {{ in_update('where not exists (select 1 from ' ~ this ~ ' as ledger where '
      ~ same_key('ledger', 'known', ['identifier_type', 'identifier_value']) ~ ')') }}
    order by first_known_at, trust_rank, identifier_value

),

final as (

    select
        {{ number_in_order('first_known_at, trust_rank, identifier_value') }}
        {{ in_update('+ (select coalesce(max(identifier_id), 0) from ' ~ this ~ ')') }} as identifier_id,
        identifier_type,
        identifier_value,
        first_known_at
    from in_order

)

select * from final
