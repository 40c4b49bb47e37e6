-- Every unblocked identifier with its user: the number of the user's oldest identifier. A merge keeps the older user.
{{ config(materialized='view') }}

with versions as (

    select * from {{ ref('int_identity_versions') }}

),

final as (

    select identifier_id, user_key, component_key, known_from
    from versions
    where known_to is null and user_key is not null

)

select * from final
