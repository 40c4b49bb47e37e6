{{ config(materialized='tracked', key=['identity_key', 'occurred_on']) }}
{{ touched('select distinct identity_key, seen_on as occurred_on from ' ~ update_ref('int_sightings')
  ~ " where changed_in > __through__ and event_type = 'purchase' union select events.identity_key, events.occurred_on from "
  ~ update_ref('int_events') ~ ' as events inner join ' ~ update_ref('int_items') ~ ' as items on events.item_id = items.item_id'
  ~ " where items.changed_in > __through__ and events.event_type = 'purchase'") }}

-- One row per identity, day and first usable day. Users are attached late, so a merge or split of users restates
-- nothing here; every column adds up over rows.
with events as {{ inlined() }} (

    select * from {{ ref('int_events') }}
    where
        event_type = 'purchase'
        {{ in_update('and ' ~ is_touched('int_events', ['identity_key', 'occurred_on'])) }}

),

items as {{ inlined() }} (

    select * from {{ ref('int_items') }}

),

lines as {{ inlined() }} (

    select
        events.identity_key,
        events.occurred_on,
        {{ usable_on('events.occurred_on', 'events.known_on') }} as usable_on,
        coalesce(events.session_id, events.event_id) as basket_id,
        {{ exact('coalesce(events.amount, 0)') }} as spend,
        {{ exact('coalesce(events.quantity, 0)') }} as units,
        {{ exact('coalesce(events.discount, 0)') }} as discount,
        coalesce(lower(items.department), '') as department,
        coalesce(lower(items.brand), '') as brand
    from events
    left join items on events.item_id = items.item_id

),

final as (

    select
        -- ids
        identity_key,

        -- days
        occurred_on,
        usable_on,

        -- sums
        count(distinct basket_id) as baskets,
        count(*) as lines,
        {{ exact('sum(spend)') }} as spend,
        {{ exact('sum(greatest(spend, 0))') }} as gross_spend,
        {{ exact('sum(units)') }} as units,
        {{ exact('sum(discount)') }} as discount,
        {%- for interest, departments in var('interest_departments').items() %}
        {{ exact('sum(case when department in (' ~ text_list(departments) ~ ') then spend else 0 end)') }}
            as spend_{{ interest }},
        {%- endfor %}
        {{ exact('sum(case when brand in (' ~ text_list(var('private_brands')) ~ ') then spend else 0 end)') }}
            as private_brand
    from lines
    group by identity_key, occurred_on, usable_on

)

select * from final
