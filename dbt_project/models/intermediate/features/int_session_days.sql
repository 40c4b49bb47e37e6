{{ config(materialized='tracked', key=['session_id', 'occurred_on']) }}
-- The part of a web session that falls on one day (and became usable on one day): no cutoff can ever cut through a
-- row, so what it says about order and path cannot leak. It belongs to who the visitor had turned out to be last.
{% set steps_of = visit_steps() %}
{% set day_of_session = 'session_id, occurred_on, usable_on' %}
{{ touched('select distinct coalesce(session_id, cast(identity_key as varchar)) as session_id, seen_on as occurred_on'
  ~ ' from ' ~ update_ref('int_sightings') ~ ' where changed_in > __through__ and event_type in (' ~ text_list(steps_of) ~ ')') }}

with events as {{ inlined() }} (

    select * from {{ ref('int_events') }}

),

visits as {{ inlined() }} (

    select
        identity_key,
        coalesce(session_id, cast(identity_key as varchar)) as session_id,
        occurred_on,
        {{ usable_on('occurred_on', 'known_on') }} as usable_on,
        event_id,
        occurred_at,
        event_type,
        coalesce(subject, '') as page,
        duration_s
    from events
    where event_type in ({{ text_list(steps_of) }})

),

touched_visits as {{ inlined() }} (

    select * from visits
    {{ only_touched('visits', ['session_id', 'occurred_on']) }}

),

steps as {{ inlined() }} (

    select
        *,
        row_number() over in_order as step,
        lag(event_type) over in_order as previous_type,
        lag(identity_key) over in_order as previous_key
    from touched_visits
    window in_order as (partition by {{ day_of_session }} order by occurred_at, event_id)

),

paths as (

    select
        max_by(identity_key, step) as identity_key,
        array_agg(previous_key) filter (where previous_key <> identity_key) as earlier_keys,
        {{ day_of_session }},
        count(*) as steps,
        count(*) filter (where event_type = 'page_view') as page_views,
        count(*) filter (where event_type = 'click') as clicks,
        count(*) filter (where event_type = 'add_to_cart') as add_to_carts,
        count(*) filter (where event_type = 'checkout') as checkouts,
        {{ exact('coalesce(sum(' ~ exact('duration_s', 3) ~ '), 0)', 3) }} as dwell_s,
        {%- for before, from_name in steps_of.items() %}{% for after, to_name in steps_of.items() %}
        count(*) filter (where previous_type = '{{ before }}' and event_type = '{{ after }}')
            as {{ from_name }}_to_{{ to_name }},
        {%- endfor %}{% endfor %}
        min(step) filter (where event_type = 'checkout') - 1 as steps_to_checkout
    from steps
    group by {{ day_of_session }}

),

{{ session_pages_ctes(day_of_session) }}

select * from final
