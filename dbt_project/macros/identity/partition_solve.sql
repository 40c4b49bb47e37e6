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

{# The same of those that may have changed; `identity_seen`, all that were looked at; and `_placed`, what was thought of them
   (identifier_id, component_key, user_key), read once, because the table it comes from is large. #}
{% macro identity_solve_touched(made, tag, edges, target, plan) %}
  {% set links, blocked = ref('int_identity_links'), '(select identifier_id from ' ~ ref('int_blocked_identifiers') ~ ')' %}
  {% set now = '(select * from ' ~ target ~ ' where known_to is null)' %}
  {% set lost = '(select component_key from ' ~ tag ~ '_lost)' %}
  {% do cc_table(made, tag ~ '_keys', 'select identity_key, records from ' ~ ref('int_identity_evidence')
    ~ ' where changed_in > ' ~ plan.through) %}
  {# new sets have new links, which lie together; only where others are touched are all links looked through #}
  {% set fresh = '(select identity_key, identifier_id from ' ~ links ~ ' where changed_in > ' ~ plan.through ~ ')' %}
  {% set known = '(select * from ' ~ tag ~ '_keys where identity_key not in (select identity_key from ' ~ fresh ~ ' as fresh))' %}
  {% do cc_table(made, tag ~ '_named', 'select identifier_id, max(records) > 0 as is_live from (select links.identifier_id,'
    ~ ' keys.records from ' ~ fresh ~ ' as links inner join ' ~ tag ~ '_keys as keys on links.identity_key = keys.identity_key'
    ~ ' union all select links.identifier_id, keys.records from ' ~ links ~ ' as links inner join ' ~ known
    ~ ' as keys on links.identity_key = keys.identity_key) as those group by identifier_id') %}
  {% do identity_lost_components(made, tag, now) %}
  {% set place = 'select identifier_id, component_key, user_key from ' ~ now ~ ' as was where ' %}
  {% do cc_table(made, tag ~ '_placed', place ~ 'identifier_id in (select identifier_id from ' ~ tag ~ '_named union select'
    ~ ' identifier_id from ' ~ blocked ~ ' as ban) union ' ~ place ~ 'user_key is null union ' ~ place ~ 'component_key in '
    ~ lost) %}
  {% do cc_do(made, 'create or replace temp table identity_seen as select identifier_id from ' ~ tag ~ '_named union'
    ~ ' select identifier_id from ' ~ tag ~ '_placed where component_key in ' ~ lost ~ ' union select identifier_id from '
    ~ tag ~ '_placed where user_key is null and identifier_id not in ' ~ blocked ~ ' union select identifier_id from '
    ~ blocked ~ ' as ban where identifier_id not in (select identifier_id from ' ~ tag ~ '_placed where user_key is null)') %}
  {# whatever a live set names is active; of the rest, the activity tells #}
  {% set live = '(select identifier_id from ' ~ tag ~ '_named where is_live)' %}
  {% do cc_table(made, tag ~ '_active', 'select identifier_id from (select identifier_id from ' ~ live ~ ' as live union all'
    ~ ' select identifier_id from ' ~ ref('int_identifier_activity') ~ ' where identifier_id in (select identifier_id from'
    ~ ' identity_seen except select identifier_id from ' ~ live ~ ' as live)) as active where identifier_id not in ' ~ blocked) %}
  {# identifiers that stand for themselves: new ones, and those of components that lost an edge #}
  {% do cc_table(made, tag ~ '_own', 'select active.identifier_id from ' ~ tag ~ '_active as active left join ' ~ tag
    ~ '_placed as was on was.identifier_id = active.identifier_id and was.user_key is not null where was.identifier_id is null'
    ~ ' or was.component_key in ' ~ lost) %}
  {% do cc_do(made, 'create or replace temp table ' ~ touched_table() ~ ' as select identity_key from ' ~ tag ~ '_keys union'
    ~ ' select links.identity_key from ' ~ links ~ ' as links inner join ' ~ tag ~ '_own as own on links.identifier_id ='
    ~ ' own.identifier_id') %}
  {% do cc_table(made, tag ~ '_ends', 'select distinct hi, lo from (' ~ edges ~ ') as edges') %}
  {# an identifier that may link again meets others that nothing else has touched #}
  {% do identity_place(made, tag, now, 'identifier_id in (select unnest([hi, lo]) from ' ~ tag ~ '_ends except select'
    ~ ' identifier_id from ' ~ tag ~ '_own except select identifier_id from ' ~ tag ~ '_placed)') %}
  {% set node = '(select identifier_id, identifier_id as node from ' ~ tag ~ '_own union all select identifier_id,'
    ~ ' component_key from ' ~ tag ~ '_placed where user_key is not null and component_key not in ' ~ lost ~ ')' %}
  {# written down before the edges are made of it: they are between different nodes, and the planner took that for a reason to
     begin with every node beside every other #}
  {% do cc_table(made, tag ~ '_between', 'select a.node as hi, b.node as lo from ' ~ tag ~ '_ends as ends inner join ' ~ node
    ~ ' as a on ends.hi = a.identifier_id inner join ' ~ node ~ ' as b on ends.lo = b.identifier_id') %}
  {% set solved = cc_solve(made, cc_edges(made, tag, 'select hi, lo from ' ~ tag ~ '_between'), tag) %}
  {% do identity_label_touched(made, tag, now, lost, solved) %}
{% endmacro %}

{# More rows for `_placed`. #}
{% macro identity_place(made, tag, now, condition) %}
  {% do cc_do(made, 'insert into ' ~ tag ~ '_placed select identifier_id, component_key, user_key from ' ~ now ~ ' as was where '
    ~ condition) %}
{% endmacro %}

{% macro identity_label_touched(made, tag, now, lost, solved) %}
  {% if solved is none %}
    {% do cc_table(made, tag ~ '_wanted', 'select identifier_id, identifier_id as component_key from ' ~ tag ~ '_own') %}
  {% else %}
    {% do cc_table(made, tag ~ '_labels', 'select id, p from ' ~ solved.labels ~ ' as labels') %}
    {# everyone of a component that became part of another one #}
    {% do identity_place(made, tag, now, 'component_key in (select id from ' ~ tag ~ '_labels) and component_key not in ' ~ lost
      ~ ' and identifier_id not in (select identifier_id from ' ~ tag ~ '_placed)') %}
    {% do cc_table(made, tag ~ '_wanted', 'select own.identifier_id, coalesce(solved.p, own.identifier_id) as component_key'
      ~ ' from ' ~ tag ~ '_own as own left join ' ~ tag ~ '_labels as solved on solved.id = own.identifier_id union all select'
      ~ ' was.identifier_id, solved.p from ' ~ tag ~ '_placed as was inner join ' ~ tag ~ '_labels as solved on solved.id ='
      ~ ' was.component_key where was.component_key not in ' ~ lost) %}
  {% endif %}
  {# what was looked at and kept its place #}
  {% do cc_do(made, 'insert into ' ~ tag ~ '_wanted select was.identifier_id, was.component_key from ' ~ tag ~ '_placed as was'
    ~ ' inner join ' ~ tag ~ '_active as active on was.identifier_id = active.identifier_id where was.user_key is not null and'
    ~ ' was.identifier_id not in (select identifier_id from ' ~ tag ~ '_wanted)') %}
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
