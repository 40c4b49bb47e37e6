-- Identifiers that link nobody: known bad values, role mailboxes, and what cannot be one household's, judged by what
-- it meets: too many others, too many of one kind, too many given names, for too long, or first one person and then
-- another. An update judges those that records have touched; when a rule, a list or an override has changed, all are
-- judged, and what differs is written.
{{ config(materialized='tracked', key=['identifier_id'], differences=true) }}
{{ touched(identifiers_to_judge()) }}
{{ depends_on_value(identity_lists_as_text()) }}

with identifiers as (

    select
        ledger.identifier_id,
        ledger.identifier_type,
        ledger.identifier_value,
        activity.first_seen_at,
        activity.last_seen_at
    from {{ ref('int_identifiers') }} as ledger
    inner join {{ ref('int_identifier_activity') }} as activity on ledger.identifier_id = activity.identifier_id
    {{ only_touched('ledger', ['identifier_id']) }}

),

evidence as (

    select * from {{ ref('int_identity_evidence') }}
    where records > 0

),

people as (

    select * from {{ ref('int_people') }}

),

overrides as (

    select * from {{ ref('int_identity_overrides') }}

),

allowed as (

    select identifier_id from overrides
    where action = 'allow'

),

-- in an update, the sets that hold one of those to judge
sets as (

    select * from {{ ref('int_identity_links') }}
    {{ in_update('where identity_key in (select own.identity_key from ' ~ ref('int_identity_links') ~ ' as own where '
      ~ is_touched('own', ['identifier_id']) ~ ')') }}

),

links as (

    select sets.*
    from sets
    inner join evidence on sets.identity_key = evidence.identity_key

),

{{ meetings_ctes() }},

{{ names_ctes() }},

reasons as (

    select identifiers.identifier_id, 0 as rank, 'override: ' || overrides.reason as block_reason
    from identifiers
    inner join overrides on identifiers.identifier_id = overrides.identifier_id
    where overrides.action = 'block'
    union all
    {{ listed_reasons() }}
    union all
    {{ meeting_reasons() }}
    union all
    {{ name_reasons() }}
    union all
    select
        identifier_id,
        7 as rank,
        'too_old: seen over ' || {{ days_between('first_seen_at', 'last_seen_at') }} || ' days' as block_reason
    from identifiers
    where
        {{ days_between('first_seen_at', 'last_seen_at') }}
        > {{ limit_for('identifier_type', var('identity_max_age_days')) }}

),

final as (

    select
        identifier_id,
        -- the first rule that holds; of two reasons under one rule the same one in every run
        substr(min(cast(rank as varchar) || block_reason), 2) as block_reason
    from reasons
    where identifier_id not in (select identifier_id from allowed)
    group by identifier_id

)

select * from final
