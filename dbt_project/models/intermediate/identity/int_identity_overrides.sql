{{ config(materialized='tracked', whole=true, stamped=false) }}
-- What people have decided about identifiers, by number. A row that names an identifier nobody has seen waits.
with overrides as (

    select * from {{ ref('identity_overrides') }}

),

identifiers as {{ inlined() }} (

    select * from {{ ref('int_identifiers') }}
    where
        identifier_value in (
            select identifier_value from overrides
            union all
            select other_value from overrides
        )

),

final as (

    select
        overrides.action,
        ones.identifier_id,
        others.identifier_id as other_id,
        overrides.reason
    from overrides
    inner join identifiers as ones
        on overrides.identifier_type = ones.identifier_type and overrides.identifier_value = ones.identifier_value
    left join identifiers as others
        on overrides.other_type = others.identifier_type and overrides.other_value = others.identifier_value
    where overrides.action in ('block', 'allow') or others.identifier_id <> ones.identifier_id

)

select * from final
