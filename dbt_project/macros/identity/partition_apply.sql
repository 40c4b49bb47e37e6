{# Writes the versions that changed: `users` against what we thought until now, for all of `identity_seen`. #}
{% macro identity_apply(made, tag, users, target, plan) %}
  {% set wanted = '(' ~ users ~ ' union all select identifier_id, null, null from ' ~ ref('int_blocked_identifiers')
    ~ ' where identifier_id in (select identifier_id from identity_seen))' %}
  {% set is_update, changed = plan.mode == 'update', tag ~ '_changed' %}
  {% set was = tag ~ '_placed' if is_update else '(select * from ' ~ target ~ ' where known_to is null)' %}
  {% do cc_table(made, changed, 'select * from (select seen.identifier_id, next.component_key, next.user_key,'
    ~ ' next.identifier_id is not null as is_wanted, (was.identifier_id is null) <> (next.identifier_id is null) or'
    ~ ' was.user_key is distinct from next.user_key as is_moved, was.identifier_id is not null as is_known,'
    ~ ' was.component_key as was_component_key from identity_seen as seen left join ' ~ was ~ ' as was on was.identifier_id ='
    ~ ' seen.identifier_id left join ' ~ wanted ~ ' as next on next.identifier_id = seen.identifier_id) as compared where'
    ~ ' is_moved or component_key <> was_component_key') %}
  {# whether each of the statements below has anything to do: a look at a large table is what they cost #}
  {% set joined, left = cc_any(made, changed, 'not is_moved'), cc_any(made, changed, 'is_moved and is_known') %}
  {% set at = cc_ask(made, identity_moment(target, plan)).rows[0] %}
  {% set those = ' from ' ~ changed ~ ' as changed where old.identifier_id = changed.identifier_id and old.known_to is null and ' %}
  {% if joined %}
    {% do cc_do(made, 'update ' ~ target ~ ' as old set component_key = changed.component_key' ~ those ~ 'not changed.is_moved') %}
  {% endif %}
  {% if left %}
    {% do cc_do(made, 'update ' ~ target ~ " as old set known_to = timestamp '" ~ at[0] ~ "', closed_in = " ~ plan.build
      ~ ', closed_batch_id = ' ~ at[1] ~ those ~ 'changed.is_moved') %}
  {% endif %}
  {% do identity_open_versions(made, changed, target, at, plan) %}
  {% do identity_end_pairs(made, plan) %}
  {% do cc_do(made, 'create or replace table ' ~ identity_before('pairs') ~ ' as select kind, identifier_id, other_id from '
    ~ ref('int_identity_pairs')) %}
  {% do cc_do(made, 'create or replace table ' ~ identity_before('load') ~ ' as select max(batch_id) as batch_id from '
    ~ ref('landing_files')) %}
{% endmacro %}

{# Whoever came after the load that the build before had looked at has been known since the first record; everyone else is
   thought to be somebody, or somebody else, from now on: of what had come before, that build thought otherwise, or nothing.
   The ledger is asked for the former only: they are new, and lie together at its end. #}
{% macro identity_open_versions(made, changed, target, at, plan) %}
  {% do cc_do(made, 'insert into ' ~ target ~ ' select opened.identifier_id, opened.component_key, opened.user_key,'
    ~ " coalesce(ledger.first_known_at, timestamp '" ~ at[0] ~ "'), null, " ~ at[1] ~ ', ' ~ plan.build ~ ', null, null from '
    ~ changed ~ ' as opened left join (select identifier_id, first_known_at from ' ~ ref('int_identifiers')
    ~ " where first_known_at > timestamp '" ~ at[2] ~ "') as ledger on opened.identifier_id = ledger.identifier_id"
    ~ ' where opened.is_moved and opened.is_wanted') %}
{% endmacro %}

{# Keeps the pairs that were taken back: they are the cause of what follows. #}
{% macro identity_end_pairs(made, plan) %}
  {% do cc_do(made, 'create table if not exists ' ~ identity_before('ended') ~ ' (kind varchar, identifier_id bigint,'
    ~ ' other_id bigint, closed_in bigint)') %}
  {% do cc_do(made, 'insert into ' ~ identity_before('ended') ~ ' select *, ' ~ plan.build ~ ' from (select kind, identifier_id,'
    ~ ' other_id from ' ~ identity_before('pairs') ~ ' except select kind, identifier_id, other_id from '
    ~ ref('int_identity_pairs') ~ ') as ended') %}
{% endmacro %}

{# [when we came to think so, newest load, time up to which loads had been looked at before]: the first is the time of the
   newest load if it came since the last run, else now (a rule or an override was changed); always later than every version
   before. #}
{% macro identity_moment(target, plan) %}
  {{ return(
    "select cast(greatest(case when loads.batch_id > loads.before_id then loads.loaded_at else this.started_at"
    ~ " end, coalesce(old.latest + interval 1 microsecond, timestamp '1970-01-01')) as varchar), coalesce(loads.batch_id, 0),"
    ~ " cast(coalesce(loads.seen_at, timestamp '1970-01-01') as varchar) from (select max(files.loaded_at) as loaded_at,"
    ~ " max(files.batch_id) as batch_id, max(before.batch_id) as before_id, max(case when files.batch_id <= before.batch_id"
    ~ " then files.loaded_at end) as seen_at from " ~ ref('landing_files') ~ " as files cross join (select"
    ~ " coalesce(max(batch_id), -1) as batch_id from " ~ identity_before('load') ~ ") as before) as loads"
    ~ " cross join (select max(started_at) as started_at from ops.builds where build_id = " ~ plan.build ~ ") as this"
    ~ " cross join (select greatest(max(known_from), max(known_to)) as latest from " ~ target ~ ") as old"
  ) }}
{% endmacro %}
