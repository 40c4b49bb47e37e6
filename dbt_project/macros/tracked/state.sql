{# What ops.model_state says of models, seeds, sources and tests, read once a run and kept in the graph, which all nodes of a
   run share: {run, build, states: {name: {definition, value, epoch, parents, through, wrote}}}. A node changes its entry
   only once its transaction is committed, and whoever reads it comes later. #}
{% macro tracked_run() %}
  {% if graph.get('tracked', {}).get('run') != invocation_id %}
    {% set known = {'run': invocation_id, 'build': none, 'states': {}} %}
    {% for row in run_query('select model, definition, value, epoch, parents, through, wrote, build_id from (select'
      ~ ' max(build_id) as build_id from ops.builds) as builds left join ops.model_state as state on true').rows %}
      {% do known.update({'build': row[7] | int}) %}
      {% do known.states.update({row[0]: {'definition': row[1], 'value': row[2], 'epoch': row[3], 'parents': row[4],
        'through': row[5] | int, 'wrote': none if row[6] is none else row[6] | int}}) %}
    {% endfor %}
    {% do graph.update({'tracked': known}) %}
  {% endif %}
  {{ return(graph['tracked']) }}
{% endmacro %}

{# Has anything that these nodes hold been written since run `through`? Views are looked through. What leaves no record of
   when it was written (a table that is made anew in each build, a source that others fill) may always have been. `after`
   names parents that only have to come first. #}
{% macro tracked_news(node_ids, through, after=[]) %}
  {% set states, ns, waiting = tracked_run().states, namespace(found=false), [] %}
  {% do tracked_inputs(node_ids, after, waiting) %}
  {% for name in waiting if not ns.found %}
    {% set wrote = states.get(name, {}).get('wrote') %}
    {% set ns.found = wrote is none or wrote > through %}
  {% endfor %}
  {{ return(ns.found) }}
{% endmacro %}

{# Adds the names under which the state of these nodes is kept, and, behind views, of what they read. #}
{% macro tracked_inputs(node_ids, after, found) %}
  {% for node_id in node_ids %}
    {% set node = graph.nodes.get(node_id) %}
    {% set name = node.name if node else node_id %}
    {% if name not in found and name not in after %}
      {% do found.append(name) %}
      {% if node and node.config.materialized == 'view' %}{% do tracked_inputs(node.depends_on.nodes, [], found) %}{% endif %}
    {% endif %}
  {% endfor %}
{% endmacro %}

{# The statements that write down a state; in the transaction of what it is about. `wrote` may be SQL. #}
{% macro tracked_remembered(name, plan, wrote) %}
  {% set texts = [name, plan.definition, plan.value, plan.epoch, plan.parents] %}
  {{ return("delete from ops.model_state where model = " ~ text_literals([name]) ~ ";\ninsert into ops.model_state (model,"
    ~ " definition, value, epoch, parents, through, wrote) select " ~ text_literals(texts) ~ ", " ~ plan.build ~ ", " ~ wrote) }}
{% endmacro %}

{# After the commit: what the statements above wrote. #}
{% macro tracked_know(name, plan, wrote) %}
  {% do tracked_run().states.update({name: {'definition': plan.definition, 'value': plan.value, 'epoch': plan.epoch,
    'parents': plan.parents, 'through': plan.build, 'wrote': wrote}}) %}
{% endmacro %}

{# A node that finds nothing to do says so to dbt, without a statement. #}
{% macro tracked_left_alone() %}
  {% do store_raw_result('main', message='NOTHING NEW', code='NOTHING NEW', rows_affected=0) %}
{% endmacro %}
