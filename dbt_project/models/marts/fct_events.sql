{{ config(materialized='view') }}

-- A view: users are attached when it is read, so a merge restates no event, and a build does not write every event a
-- second time.
with events as (

    select * from {{ ref('int_events') }}

),

identity_keys as (

    select * from {{ ref('int_identity_keys') }}

),

users as (

    select * from {{ ref('int_users') }}

),

owners as (

    select identity_keys.identity_key, users.user_id
    from identity_keys
    inner join users on identity_keys.user_key = users.user_key

),

final as (

    select
        -- ids
        events.event_id,
        owners.user_id,
        events.item_id,
        events.session_id,

        -- what happened
        events.event_type,
        events.source,
        events.entity,
        events.channel,
        events.subject,
        events.quantity,
        events.amount,
        events.discount,
        events.duration_s,
        events.rating,
        events.text,
        events.tags,

        -- timestamps
        events.occurred_at,
        events.occurred_on,
        events._loaded_at as loaded_at
    from events
    left join owners on events.identity_key = owners.identity_key

)

select * from final
