{# Makes `_wanted` (identifier_id, component_key) of all identifiers that are active and not blocked. #}
{% macro identity_solve_all(made, tag, edges) %}
  {% set active = ref('int_identifier_activity') %}
  {% set solved = cc_solve(made, cc_edges(made, tag, edges), tag) %}
  {% do cc_table(made, tag ~ '_wanted', 'select active.identifier_id, '
    ~ ('coalesce(solved.p, active.identifier_id)' if solved else 'active.identifier_id') ~ ' as component_key from '
    ~ active ~ ' as active ' ~ ('left join ' ~ solved.labels ~ ' as solved on solved.id ='
    ~ ' active.identifier_id ' if solved else '') ~ 'where active.identifier_id not in (select identifier_id from '
    ~ ref('int_blocked_identifiers') ~ ')') %}
  {% do cc_do(made, 'create or replace temp table identity_seen as select identifier_id from ' ~ active ~ ' union all select'
    ~ ' identifier_id from ' ~ this ~ ' as was where known_to is null and not exists (select 1 from ' ~ active
    ~ ' as active where active.identifier_id = was.identifier_id)') %}
{% endmacro %}

{# The same of those that may have changed, and `identity_seen`, all that were looked at. #}
{% macro identity_solve_touched(made, tag, edges, target, plan) %}
  {% set links, blocked, active = ref('int_identity_links'), ref('int_blocked_identifiers'), ref('int_identifier_activity') %}
  {% set now = '(select * from ' ~ target ~ ' where known_to is null)' %}
  {% do cc_table(made, tag ~ '_keys', 'select identity_key, records from ' ~ ref('int_identity_evidence')
    ~ ' where changed_in > ' ~ plan.through) %}
  {% do cc_table(made, tag ~ '_named', 'select distinct links.identifier_id from ' ~ links ~ ' as links inner join ' ~ tag
    ~ '_keys as keys on links.identity_key = keys.identity_key') %}
  {% do identity_lost_components(made, tag, now) %}
  {% do cc_do(made, 'create or replace temp table identity_seen as select identifier_id from ' ~ tag ~ '_named union'
    ~ ' select identifier_id from ' ~ now ~ ' as was where component_key in (select component_key from ' ~ tag ~ '_lost)'
    ~ ' union select identifier_id from ' ~ now ~ ' as was where user_key is null and identifier_id not in (select'
    ~ ' identifier_id from ' ~ blocked ~ ') union select identifier_id from ' ~ blocked ~ ' as ban where identifier_id'
    ~ ' not in (select identifier_id from ' ~ now ~ ' as was where user_key is null)') %}
  {# identifiers that stand for themselves: new ones, and those of components that lost an edge #}
  {% do cc_table(made, tag ~ '_own', 'select seen.identifier_id from identity_seen as seen left join ' ~ now ~ ' as was on'
    ~ ' was.identifier_id = seen.identifier_id and was.user_key is not null where (was.identifier_id is null or'
    ~ ' was.component_key in (select component_key from ' ~ tag ~ '_lost)) and seen.identifier_id in (select identifier_id'
    ~ ' from ' ~ active ~ ') and seen.identifier_id not in (select identifier_id from ' ~ blocked ~ ')') %}
  {% do cc_do(made, 'create or replace temp table ' ~ touched_table() ~ ' as select identity_key from ' ~ tag ~ '_keys union'
    ~ ' select links.identity_key from ' ~ links ~ ' as links inner join ' ~ tag ~ '_own as own on links.identifier_id ='
    ~ ' own.identifier_id') %}
  {% do cc_table(made, tag ~ '_ends', 'select distinct hi, lo from (' ~ edges ~ ') as edges') %}
  {% set node = '(select identifier_id, identifier_id as node from ' ~ tag ~ '_own union all select identifier_id,'
    ~ ' component_key from ' ~ now ~ ' as was where user_key is not null and component_key not in (select component_key'
    ~ ' from ' ~ tag ~ '_lost))' %}
  {% set between = 'select a.node as hi, b.node as lo from ' ~ tag ~ '_ends as ends inner join ' ~ node ~ ' as a on'
    ~ ' ends.hi = a.identifier_id inner join ' ~ node ~ ' as b on ends.lo = b.identifier_id' %}
  {% set solved = cc_solve(made, cc_edges(made, tag, between), tag) %}
  {% do identity_label_touched(made, tag, now, solved) %}
{% endmacro %}

{% macro identity_label_touched(made, tag, now, solved) %}
  {% if solved is none %}
    {% do cc_table(made, tag ~ '_wanted', 'select identifier_id, identifier_id as component_key from ' ~ tag ~ '_own') %}
  {% else %}
    {% do cc_table(made, tag ~ '_wanted', 'select own.identifier_id, coalesce(solved.p, own.identifier_id) as component_key'
      ~ ' from ' ~ tag ~ '_own as own left join ' ~ solved.labels ~ ' as solved on solved.id = own.identifier_id union all select'
      ~ ' was.identifier_id, solved.p from ' ~ now ~ ' as was inner join ' ~ solved.labels ~ ' as solved on solved.id ='
      ~ ' was.component_key where was.component_key not in (select component_key from ' ~ tag ~ '_lost)') %}
  {% endif %}
  {# what was looked at and kept its place #}
  {% do cc_do(made, 'insert into ' ~ tag ~ '_wanted select was.identifier_id, was.component_key from ' ~ now ~ ' as was inner'
    ~ ' join identity_seen as seen on was.identifier_id = seen.identifier_id where was.user_key is not null and'
    ~ ' was.identifier_id not in (select identifier_id from ' ~ tag ~ '_wanted) and was.identifier_id in (select'
    ~ ' identifier_id from ' ~ ref('int_identifier_activity') ~ ') and was.identifier_id not in (select identifier_id from '
    ~ ref('int_blocked_identifiers') ~ ')') %}
  {% do cc_do(made, 'insert into identity_seen select identifier_id from ' ~ tag ~ '_wanted where identifier_id not in (select'
    ~ ' identifier_id from identity_seen)') %}
{% endmacro %}

{# Components in which an edge may be gone. #}
{% macro identity_lost_components(made, tag, now) %}
  {% set pairs = "(select kind, identifier_id, other_id from " ~ ref('int_identity_pairs') ~ ")" %}
  {% set before = "(select kind, identifier_id, other_id from " ~ identity_before('pairs') ~ ")" %}
  {% do cc_table(made, tag ~ '_lost', 'select was.component_key from ' ~ now ~ ' as was where was.user_key is not null and'
    ~ ' was.identifier_id in (select identifier_id from ' ~ ref('int_blocked_identifiers') ~ ' union select links.identifier_id'
    ~ ' from ' ~ ref('int_identity_links') ~ ' as links inner join ' ~ tag ~ '_keys as keys on links.identity_key ='
    ~ ' keys.identity_key where keys.records = 0 union select unnest([identifier_id, other_id]) from ((' ~ before
    ~ ' except ' ~ pairs ~ ') union all (' ~ pairs ~ ' except ' ~ before ~ ')) as changed) group by was.component_key') %}
{% endmacro %}
