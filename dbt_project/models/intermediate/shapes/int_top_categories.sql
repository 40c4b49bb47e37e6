-- What each user buys most, by money over the last year: a hint for people, not a feature.
{{ config(materialized='tracked', key=['user_key']) }}
{{ depends_on_value('select as_of from ' ~ update_ref('int_clock')) }}
{{ touched_users(buyers_touched()) }}

with identity_keys as {{ kept_in_update() }} (

    select * from {{ ref('int_identity_keys') }}
    {{ only_touched('int_identity_keys', ['user_key']) }}

),

events as {{ inlined() }} (

    select * from {{ ref('int_events') }}
    where event_type = 'purchase' {{ in_update('and identity_key in (select identity_key from identity_keys)') }}

),

items as (

    select * from {{ ref('int_items') }}

),

clock as (

    select * from {{ ref('int_clock') }}

),

bought as (

    select
        identity_keys.user_key,
        items.category,
        sum({{ exact('events.amount') }}) as spend
    from events
    inner join identity_keys on events.identity_key = identity_keys.identity_key
    inner join items on events.item_id = items.item_id
    where
        items.category is not null
        and identity_keys.user_key is not null
        -- scalars: a join with the one row of the clock would come before the join that leaves few rows
        and events.occurred_on >= (select {{ add_days('clock.as_of', -364) }} from clock)
        and events.occurred_on <= (select clock.as_of from clock)
    group by identity_keys.user_key, items.category

),

ranked as (

    select
        user_key,
        category,
        row_number() over (partition by user_key order by spend desc, category asc) as place
    from bought

),

final as (

    select
        user_key,
        max(case when place = 1 then category end)
        || coalesce(', ' || max(case when place = 2 then category end), '')
        || coalesce(', ' || max(case when place = 3 then category end), '') as top_categories
    from ranked
    where place <= 3
    group by user_key

)

select * from final
