-- From the set of identifiers a record carries to its user; null where every one of them is blocked.
{{ config(materialized='tracked', key=['identity_key']) }}
{% set links, versions = ref('int_identity_links'), update_ref('int_identity_versions') %}
{{ touched('select identity_key from ' ~ links ~ ' where changed_in > __through__'
  ~ ' union select links.identity_key from ' ~ links ~ ' as links inner join ' ~ changed_versions(versions) ~ ' as moved'
  ~ ' on links.identifier_id = moved.identifier_id') }}

with links as (

    select * from {{ links }}
    {{ only_touched('int_identity_links', ['identity_key']) }}

),

identity as (

    select * from {{ ref('int_identity') }}

),

final as (

    select
        links.identity_key,
        min(identity.user_key) as user_key
    from links
    left join identity on links.identifier_id = identity.identifier_id
    group by links.identity_key

)

select * from final
