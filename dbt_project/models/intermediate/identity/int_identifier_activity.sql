-- What records say of each identifier now. One that no record carries any more has no row.
{{ config(materialized='tracked', key=['identifier_id']) }}
{% set links, evidence = ref('int_identity_links'), ref('int_identity_evidence') %}
{{ touched('select distinct links.identifier_id from ' ~ links ~ ' as links inner join ' ~ evidence
  ~ ' as evidence on links.identity_key = evidence.identity_key where evidence.changed_in > __through__') }}

with links as (

    select * from {{ links }}
    {{ only_touched('int_identity_links', ['identifier_id']) }}

),

evidence as (

    select * from {{ evidence }}
    where records > 0

),

final as (

    select
        links.identifier_id,
        min(evidence.first_seen_at) as first_seen_at,
        max(evidence.last_seen_at) as last_seen_at,
        {{ latest('evidence.last_source', 'evidence.last_seen_at', 'evidence.last_source') }} as last_source,
        cast(sum(evidence.records) as bigint) as records
    from links
    inner join evidence on links.identity_key = evidence.identity_key
    group by links.identifier_id

)

select * from final
