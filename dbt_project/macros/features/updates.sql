{# What every user's features depend on, as one text: the day they are of, and the first day of purchases that a cutoff may
   know, from which averages count (macro ewma_ctes). `days_back`: the newest cutoff lies that long before now.
   In strict mode features follow what was known when, so each run makes them anew. #}
{% macro features_depend_on(days_back=0) -%}
  {%- set cutoff = add_days('clock.as_of', -days_back) -%}
  {%- if var('strict_as_of') -%}
    select max(build_id) from ops.builds
  {%- else -%}
    select concat_ws(' ', max(clock.as_of), min(purchases.occurred_on)) from {{ update_ref('int_clock') }} as clock
    left join {{ update_ref('int_daily_purchases') }} as purchases on purchases.occurred_on <= {{ cutoff }}
  {%- endif -%}
{%- endmacro %}

{# Users whose purchases changed though no row of theirs did: the catalogue says something else of what they bought. #}
{% macro buyers_touched() -%}
  select keys.user_key from {{ update_ref('int_daily_purchases') }} as purchases inner join {{ update_ref('int_identity_keys') }} as keys on
  purchases.identity_key = keys.identity_key where purchases.changed_in > __through__ and keys.user_key is not null
{%- endmacro %}

{# Users who share a web session that changed: a step of one of them moves it to another, or adds to what is another's. #}
{% macro visitors_touched() -%}
  {%- set changed = 'from ' ~ update_ref('int_session_days') ~ ' where changed_in > __through__' -%}
  select keys.user_key from (select identity_key {{ changed }} union select unnest(earlier_keys) {{ changed }}) as visitors
  inner join {{ update_ref('int_identity_keys') }} as keys on visitors.identity_key = keys.identity_key where keys.user_key is not null
{%- endmacro %}
