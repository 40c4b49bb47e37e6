-- Pairs of identifiers that something else than a common record speaks about. Scored pairs of a probabilistic matcher
-- enter here: one more select with kind 'together', in which only pairs above a threshold stay.
{{ config(materialized='view') }}

with overrides as (

    select * from {{ ref('int_identity_overrides') }}

),

final as (

    select distinct
        action as kind,
        'override' as source,
        greatest(identifier_id, other_id) as identifier_id,
        least(identifier_id, other_id) as other_id,
        reason
    from overrides
    where action in ('together', 'apart')

)

select * from final
