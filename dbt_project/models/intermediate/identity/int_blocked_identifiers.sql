-- Identifiers that link nobody: known bad values, role mailboxes, and what cannot be one household's, judged by what
-- it meets: too many others, too many of one kind, too many given names, for too long, or first one person and then
-- another. An update judges those that records have touched; when a rule, a list or an override has changed, all are
-- judged, and what differs is written.
{{ config(materialized='tracked', key=['identifier_id'], differences=true) }}
{{ touched(identifiers_to_judge()) }}
{{ depends_on_value(identity_lists_as_text()) }}

{% set ages = identity_limits('identity_max_age_days') or {'': 0} %}
with identifiers as {{ kept_in_update() }} (

    select * from {{ ref('int_identifiers') }}
    {{ only_touched('int_identifiers', ['identifier_id']) }}

),

activity as {{ inlined() }} (

    select * from {{ ref('int_identifier_activity') }}

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
sets as {{ kept_in_update() }} (

    select * from {{ ref('int_identity_links') }}
    {{ in_update('where identity_key in (select own.identity_key from ' ~ ref('int_identity_links') ~ ' as own where '
      ~ is_touched('own', ['identifier_id']) ~ ')') }}

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
        identifiers.identifier_id,
        7 as rank,
        'too_old: seen over ' || {{ days_between('activity.first_seen_at', 'activity.last_seen_at') }} || ' days'
            as block_reason
    from identifiers
    inner join activity on identifiers.identifier_id = activity.identifier_id
    where
        identifiers.identifier_type in ({{ text_list(ages) }})
        and {{ days_between('activity.first_seen_at', 'activity.last_seen_at') }}
        > {{ limit_for('identifiers.identifier_type', ages) }}

),

final as (

    select
        identifier_id,
        -- the first rule that holds; of two reasons under one rule the same one in every run
        substr(min(cast(rank as varchar) || block_reason), 2) as block_reason
    from reasons
    where
        identifier_id not in (select identifier_id from allowed)
        and identifier_id in (select identifier_id from activity)
    group by identifier_id

)

select * from final
