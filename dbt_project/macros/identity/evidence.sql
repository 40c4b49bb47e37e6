{# CTEs of int_identity_evidence for an update: sets that lost a row, what a count of all their rows gives, and what was
   known of the other sets that changed. #}
{% macro evidence_before(evidence, counts) -%}
, lost as (
    select distinct identity_key from sightings
    where not is_counted
), recounted as (
    select identity_key, {{ counts }}
    from {{ update_ref('int_sightings') }}
    where identity_key in (select identity_key from lost)
    group by identity_key
), known as (
    select * from {{ evidence }}
    where identity_key in (select identity_key from final) and identity_key not in (select identity_key from lost)
)
{%- endmacro %}

{# Instead of what changed rows say alone: with what was known of their sets before, or with a count of all their rows.
   Reads the CTEs of int_identity_evidence. #}
{% macro added_evidence() -%}
    where false
    union all
    select
        final.identity_key,
        {%- for type in var('identifier_types') %}
        final.{{ type }},
        {%- endfor %}
        case when recounted.identity_key is null then least(known.first_seen_at, final.first_seen_at) else recounted.first_seen_at end,
        case when recounted.identity_key is null then greatest(known.last_seen_at, final.last_seen_at) else recounted.last_seen_at end,
        case
            when recounted.identity_key is not null then recounted.last_source
            when known.identity_key is null or known.last_seen_at is null then final.last_source
            when (final.last_seen_at, final.last_source) > (known.last_seen_at, known.last_source) then final.last_source
            else known.last_source
        end,
        case when recounted.identity_key is null then least(known.first_known_at, final.first_known_at) else recounted.first_known_at end,
        case when recounted.identity_key is null then coalesce(known.records, 0) + final.records else recounted.records end
    from final
    left join known on final.identity_key = known.identity_key
    left join recounted on final.identity_key = recounted.identity_key
{%- endmacro %}
