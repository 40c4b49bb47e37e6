-- The distinct sets of identifiers that records carried: a thousand page views of one cookie are one row. A set whose
-- records were all superseded stays, with no records: its identifiers keep their numbers. New rows add to what is known
-- of their set; only a set of which a row was superseded is counted anew.
{{ config(materialized='tracked', key=['identity_key']) }}
{%- set counts -%}
        min(case when is_counted then seen_at end) as first_seen_at,
        max(case when is_counted then seen_at end) as last_seen_at,
        {{ latest('source', 'seen_at', 'source', 'is_counted') }} as last_source,
        min(_loaded_at) as first_known_at,
        count(case when is_counted then 1 end) as records
{%- endset %}

with sightings as {{ inlined() }} (

    select * from {{ ref('int_sightings') }}
    {{ in_update('where changed_in > __through__') }}

),

final as (

    select
        identity_key,
        {% for type in var('identifier_types') %}
        any_value({{ type }}) as {{ type }},
        {% endfor %}
        {{ counts }}
    from sightings
    group by identity_key

)
{{ in_update(evidence_before(this, counts)) }}

select * from final
{{ in_update(added_evidence()) }}
