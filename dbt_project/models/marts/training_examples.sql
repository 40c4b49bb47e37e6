-- Features as of many cutoffs, and what was spent in the 28 days after each. The newest cutoff is 28 days before now,
-- so that every label's window is complete.
with clock as (

    select * from {{ ref('int_clock') }}

),

users as (

    select * from {{ ref('int_users') }}

),

identity_keys as {{ inlined() }} (

    select * from {{ ref('int_identity_keys') }}

),

purchases as {{ inlined() }} (

    select * from {{ ref('int_daily_purchases') }}

),

engagements as {{ inlined() }} (

    select * from {{ ref('int_daily_engagement') }}

),

sessions as {{ inlined() }} (

    select * from {{ ref('int_session_days') }}

),

people as {{ inlined() }} (

    select * from {{ ref('int_profile_records') }}

),

{{ training_spine_ctes() }},

{{ features_as_of('spine') }},

labels as (

    select
        spine.user_key,
        spine.cutoff,
        cast(sum(purchases.spend) as double) as spend_next_28d
    from spine
    inner join identity_keys on spine.user_key = identity_keys.user_key
    inner join purchases
        on
            identity_keys.identity_key = purchases.identity_key
            and spine.cutoff < purchases.occurred_on
            and {{ add_days('spine.cutoff', 28) }} >= purchases.occurred_on
    group by spine.user_key, spine.cutoff

),

{{ training_final_cte() }}

select * from final
