{# The public id of the user that a row of int_identifiers names. #}
{% macro user_id_of(identifier) -%}
  'u' || left(md5({{ name_of(identifier) }}), 16)
{%- endmacro %}

{# A row of int_identifiers as people read it. #}
{% macro name_of(identifier) -%} {{ identifier }}.identifier_type || '=' || {{ identifier }}.identifier_value {%- endmacro %}

{# Versions that came or went since the last update: what identifiers joined and what they left. #}
{% macro changed_versions(versions) -%}
  (select identifier_id, user_key from {{ versions }} where opened_in > __through__ or closed_in > __through__)
{%- endmacro %}

{# The users a model of users has to work out anew, gone ones among them: those that rows, identities or, with `also`,
   something else has touched. With `sample_of`, a table that holds a sample of users, only those of the sample, and those that
   leave it or, because others are gone, enter it: all users up to the last one in the table were in the sample before. #}
{% macro touched_users(also=none, sample_of=none) -%}
  {%- set users, ledger, versions = update_ref('int_users'), update_ref('int_identifiers'), update_ref('int_identity_versions') -%}
  {%- set named -%}
    select keys.user_key, {{ user_id_of('ledger') }} as user_id from (select user_key from {{ users }} where changed_in > __through__
    union select user_key from {{ changed_versions(versions) }} as moved where user_key is not null {{ ' union ' ~ also if also }})
    as keys inner join {{ ledger }} as ledger on keys.user_key = ledger.identifier_id
  {%- endset -%}
  {%- set sampled -%}
    with bound as (select coalesce(max(user_id), '') as last_id from ({{ sampled_users(users) }}) as sample),
    named as materialized ({{ named }})
    select * from named where user_id <= (select last_id from bound)
    union select user_key, user_id from {{ users }} where user_id <= (select last_id from bound)
    and user_id > (select coalesce(max(user_id), '') from {{ sample_of }})
    and exists (select 1 from {{ versions }} where closed_in > __through__)
    union select null, user_id from {{ sample_of }} where user_id > (select last_id from bound)
  {%- endset -%}
  {{ touched(sampled if sample_of else named) }}
{%- endmacro %}
