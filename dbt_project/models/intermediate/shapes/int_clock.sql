{{ config(materialized='tracked', whole=true, stamped=false) }}
-- What "now" means: the last day about which nothing more is expected, never the wall clock.
{% set given = (var('as_of') or env_var('PROFILECTL_AS_OF', '')) | string %}
{% if given and not modules.re.fullmatch('[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])', given) %}
{% do exceptions.raise_compiler_error(
    'as_of (dbt_project.yml, or PROFILECTL_AS_OF) must be a day such as 2024-05-31, not ' ~ given
) %}
{% endif %}

with events as (

    select * from {{ ref('int_events') }}

),

latest as (

    select
        max(occurred_at) as last_event_at,
        max(_loaded_at) as loaded_through
    from events

),

final as (

    select
        {% if given %}
        cast('{{ modules.datetime.date.fromisoformat(given) }}' as date) as as_of,
        {% else %}
        -- an event of a clock that runs ahead completes no day that has not passed
        cast({{ reporting_day(
            "least(last_event_at, loaded_through) + interval " ~ var('day_complete_grace_minutes') ~ " minute"
        ) }} - interval 1 day as date) as as_of,
        {% endif %}
        last_event_at,
        loaded_through
    from latest

)

select * from final
