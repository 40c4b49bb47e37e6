-- From the set of identifiers a record carries to its user; null where every one of them is blocked.
{{ config(materialized='tracked', key=['identity_key']) }}
{% set links, versions = ref('int_identity_links'), update_ref('int_identity_versions') %}
{{ touched('select identity_key from ' ~ update_ref('int_identity_evidence') ~ ' where changed_in > __through__'
  ~ ' union select links.identity_key from ' ~ links ~ ' as links inner join ' ~ changed_versions(versions) ~ ' as moved'
  ~ ' on links.identifier_id = moved.identifier_id') }}

with evidence as (

    select * from {{ ref('int_identity_evidence') }}
    {{ only_touched('int_identity_evidence', ['identity_key']) }}

),

links as (

    select * from {{ links }}
    {{ only_touched('int_identity_links', ['identity_key']) }}

),

identity as (

    select * from {{ ref('int_identity') }}

),

owners as (

    select links.identity_key, min(identity.user_key) as user_key
    from links
    inner join identity on links.identifier_id = identity.identifier_id
    group by links.identity_key

),

final as (

    select
        evidence.identity_key,
        owners.user_key
    from evidence
    left join owners on evidence.identity_key = owners.identity_key

)

select * from final
