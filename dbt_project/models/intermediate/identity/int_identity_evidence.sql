-- The distinct sets of identifiers that records carried: a thousand page views of one cookie are one row.
with sightings as (

    {% for shape, seen_at in [('int_events', 'occurred_at'), ('int_people', 'updated_at')] %}
    select
        identity_key,
        {{ var('identifier_types') | join(', ') }},
        {{ seen_at }} as seen_at,
        _loaded_at
    from {{ ref(shape) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        identity_key,
        {% for type in var('identifier_types') %}
        min({{ type }}) as {{ type }},
        {% endfor %}
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        min(_loaded_at) as first_known_at,
        count(*) as records
    from sightings
    group by identity_key

)

select * from final
