{# Writes the versions that changed: `_wanted` against what we thought until now, for all of `identity_seen`. #}
{% macro identity_apply(made, tag, target, plan) %}
  {% set wanted = '(select identifier_id, component_key, user_key from ' ~ tag ~ '_users union all select identifier_id,'
    ~ ' null, null from ' ~ ref('int_blocked_identifiers') ~ ' where identifier_id in (select identifier_id from'
    ~ ' identity_seen))' %}
  {% do cc_table(made, tag ~ '_next', 'select * from ' ~ wanted ~ ' as wanted') %}
  {% do cc_table(made, tag ~ '_changed', 'select seen.identifier_id, was.identifier_id is not null as is_known from'
    ~ ' identity_seen as seen left join (select * from ' ~ target ~ ' where known_to is null) as was on was.identifier_id ='
    ~ ' seen.identifier_id left join ' ~ tag ~ '_next as next on next.identifier_id = seen.identifier_id where'
    ~ ' (was.identifier_id is null) <> (next.identifier_id is null) or was.user_key is distinct from next.user_key') %}
  {% do run_query('update ' ~ target ~ ' as old set component_key = next.component_key from ' ~ tag ~ '_next as next where'
    ~ ' old.identifier_id = next.identifier_id and old.known_to is null and old.user_key = next.user_key and'
    ~ ' old.component_key <> next.component_key') %}
  {% set at = run_query(identity_moment(target, plan)).rows[0] %}
  {% do run_query('update ' ~ target ~ " as old set known_to = timestamp '" ~ at[0] ~ "', closed_in = " ~ plan.build ~ ', closed_batch_id = ' ~ at[1] ~ ' from '
    ~ tag ~ '_changed as changed where old.identifier_id = changed.identifier_id and old.known_to is null') %}
  {% do run_query('insert into ' ~ target ~ ' select next.identifier_id, next.component_key, next.user_key, case when'
    ~ ' ever.identifier_id is null then ledger.first_known_at else timestamp \'' ~ at[0] ~ '\' end, null, ' ~ at[1] ~ ', '
    ~ plan.build ~ ', null, null from ' ~ tag ~ '_changed as changed inner join ' ~ tag ~ '_next as next on changed.identifier_id'
    ~ ' = next.identifier_id inner join ' ~ ref('int_identifiers') ~ ' as ledger on ledger.identifier_id ='
    ~ ' next.identifier_id left join (select distinct identifier_id from ' ~ target ~ ') as ever on ever.identifier_id ='
    ~ ' next.identifier_id') %}
  {% do identity_end_pairs(plan) %}
  {% do run_query('create or replace table ' ~ identity_before('pairs') ~ ' as select kind, identifier_id, other_id from '
    ~ ref('int_identity_pairs')) %}
  {% do run_query('create or replace table ' ~ identity_before('load') ~ ' as select max(batch_id) as batch_id from '
    ~ ref('landing_files')) %}
  {% do run_query('drop table if exists identity_seen') %}
  {% do run_query('drop table if exists ' ~ touched_table()) %}
{% endmacro %}

{# Keeps the pairs that were taken back: they are the cause of what follows. #}
{% macro identity_end_pairs(plan) %}
  {% do run_query('create table if not exists ' ~ identity_before('ended') ~ ' (kind varchar, identifier_id bigint,'
    ~ ' other_id bigint, closed_in bigint)') %}
  {% do run_query('insert into ' ~ identity_before('ended') ~ ' select *, ' ~ plan.build ~ ' from (select kind, identifier_id,'
    ~ ' other_id from ' ~ identity_before('pairs') ~ ' except select kind, identifier_id, other_id from '
    ~ ref('int_identity_pairs') ~ ') as ended') %}
{% endmacro %}

{# [when we came to think so, newest load]: the time of the newest load if it came since the last run, else now (a rule or
   an override was changed); always later than every version before. #}
{% macro identity_moment(target, plan) %}
  {{ return(
    "select cast(greatest(case when loads.batch_id > coalesce(before.batch_id, -1) then loads.loaded_at else this.started_at"
    ~ " end, coalesce(old.latest + interval 1 microsecond, timestamp '1970-01-01')) as varchar), coalesce(loads.batch_id, 0)"
    ~ " from (select max(loaded_at) as loaded_at, max(batch_id) as batch_id from " ~ ref('landing_files') ~ ") as loads"
    ~ " cross join (select max(batch_id) as batch_id from " ~ identity_before('load') ~ ") as before"
    ~ " cross join (select max(started_at) as started_at from ops.builds where build_id = " ~ plan.build ~ ") as this"
    ~ " cross join (select greatest(max(known_from), max(known_to)) as latest from " ~ target ~ ") as old"
  ) }}
{% endmacro %}
