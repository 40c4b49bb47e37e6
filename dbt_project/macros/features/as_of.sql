{# Rows of one input that a cutoff may see, with the user they belong to and their age.
   `relation` has identity_key, occurred_on and usable_on; `spine` has user_key and cutoff. Nothing else joins facts to
   cutoffs, so this is the only place that decides what a feature may know. #}
{% macro as_of_rows(spine, relation, columns) %}
    select
        {{ spine }}.user_key,
        {{ spine }}.cutoff,
        {{ days_between(relation ~ '.occurred_on', spine ~ '.cutoff') }} as days_ago
        {%- for column in columns %},
        {{ relation }}.{{ column }}
        {%- endfor %}
    from {{ relation }}
    inner join identity_keys on {{ relation }}.identity_key = identity_keys.identity_key
    inner join {{ spine }}
        on
            identity_keys.user_key = {{ spine }}.user_key
            {%- if var('strict_as_of') %}
            and identity_keys.cutoff = {{ spine }}.cutoff
            {%- endif %}
            and {{ relation }}.usable_on <= {{ spine }}.cutoff
{%- endmacro %}

{# Whose each set of identifiers is. In strict mode as it was known at the end of each cutoff, so that a merge or a split that
   was found out later changes no past example. #}
{% macro identity_keys_cte(cutoffs) %}
{#- what strict mode reads is a dependency in both modes: the graph must not depend on a var -#}
{%- do update_ref('int_identity_links') -%}
identity_keys as {{ kept_in_update() }} (

    {% if var('strict_as_of') -%}
    select links.identity_key, {{ cutoffs }}.cutoff, min(versions.user_key) as user_key
    from {{ ref('int_identity_versions') }} as versions
    inner join {{ ref('int_identity_links') }} as links on versions.identifier_id = links.identifier_id
    inner join {{ cutoffs }}
        on
            {{ reporting_day('versions.known_from') }} <= {{ cutoffs }}.cutoff
            and (versions.known_to is null or {{ reporting_day('versions.known_to') }} > {{ cutoffs }}.cutoff)
    where versions.user_key is not null
    group by links.identity_key, {{ cutoffs }}.cutoff
    {%- else -%}
    select * from {{ ref('int_identity_keys') }}
    {{ only_touched('int_identity_keys', ['user_key']) }}
    {%- endif %}

)
{%- endmacro %}

{# The inputs of features. In an update each is read once and only for the sets of the touched users, whose CTE
   `identity_keys` comes before: they are wide, and several groups of features read them. #}
{% macro feature_inputs_ctes() %}
{%- for name, model in {
    'purchases': 'int_daily_purchases', 'engagements': 'int_daily_engagement', 'sessions': 'int_session_days',
    'people': 'int_profile_records',
}.items() %}
{{ name }} as {{ kept_in_update() }} (

    select * from {{ ref(model) }}
    {{ in_update('where identity_key in (select identity_key from identity_keys)') }}

){{ ',' if not loop.last }}
{% endfor %}
{%- endmacro %}

{# Sum over the `days` days that end `lag` days before the cutoff: lag 0 includes the cutoff itself. The sum is exact and
   only its result a double: half the width of an exact one. #}
{% macro window_sum(expression, days, lag=0) -%}
  {%- set recent = 'days_ago < ' ~ (lag + days) -%}
  {%- set window = 'days_ago >= ' ~ lag ~ ' and ' ~ recent if lag else recent -%}
  cast(sum(case when {{ window }} then {{ expression }} else 0 end) as double)
{%- endmacro %}

{# Null where there is nothing to divide by: the ratio is unknowable then. #}
{% macro ratio(part, whole) -%} cast({{ part }} as double) / nullif(cast({{ whole }} as double), 0) {%- endmacro %}

{# Bits of a distribution given by its counts, and their total, in one row. #}
{% macro row_entropy(counts, total) -%}
  abs(log2(nullif(cast({{ total }} as double), 0)) - (
    {%- for count in counts %}
    coalesce(cast({{ count }} as double) * log2(nullif(cast(greatest({{ count }}, 0) as double), 0)), 0)
    {%- if not loop.last %} +{% endif -%}
    {%- endfor %}
  ) / nullif(cast({{ total }} as double), 0))
{%- endmacro %}
