{# Connected components by contraction, in set-based SQL: `create table as` and `count(*)` are all it needs.

   Each round hooks every node to its smallest neighbour, follows those hooks to their roots by pointer jumping, and goes
   on with the edges between roots; two or three rounds do on real graphs, and chains and hubs only add a few. Then the
   rounds are composed from the last one back. All of it runs in the one transaction that the materialisation opened.

   `made` is {tables, waiting}: the scratch tables there are, and the statements to come. They wait until a question has to be
   answered, because each call of dbt costs more than most of them do. #}

{% macro cc_begun() %}{{ return({'tables': [], 'waiting': []}) }}{% endmacro %}

{% macro cc_do(made, statement) %}{% do made.waiting.append(statement) %}{% endmacro %}

{# Runs what waits, then `query`; returns its rows. The call opens the transaction if none is open. #}
{% macro cc_ask(made, query) %}
  {% set script = made.waiting + [query] %}
  {% do made.update({'waiting': []}) %}
  {% call statement('cc_ask', fetch_result=True) %}{{ script | join('\n;\n') }}{% endcall %}
  {{ return(load_result('cc_ask').table) }}
{% endmacro %}

{% macro cc_table(made, name, select) %}
  {% do cc_do(made, 'create or replace temp table ' ~ name ~ ' as ' ~ select) %}
  {% do made.tables.append(name) %}
{% endmacro %}

{# The edges (hi > lo) of a select, self-edges left out. #}
{% macro cc_edges(made, tag, select) %}
  {% do cc_table(made, tag ~ '_edges', 'select greatest(hi, lo) as hi, least(hi, lo) as lo from (' ~ select
    ~ ') as given where hi <> lo') %}
  {{ return(tag ~ '_edges') }}
{% endmacro %}

{% macro cc_drop(made, name) %}
  {% do cc_do(made, 'drop table ' ~ name) %}
  {% do made.tables.remove(name) %}
{% endmacro %}

{% macro cc_any(made, relation, condition='true') %}
  {{ return(cc_ask(made, 'select count(*) as n from (select 1 as one from ' ~ relation ~ ' where ' ~ condition
    ~ ' limit 1) as t').columns[0].values()[0] > 0) }}
{% endmacro %}

{# Follows the hooks of one round to their roots; returns the table (id, p) that holds them. #}
{% macro cc_jump(made, hooks) %}
  {# the first table must keep the hooks un-jumped: jumping here would split components silently #}
  {% set ns = namespace(table=hooks ~ '_j0', active=false) %}
  {% do cc_table(made, ns.table, 'select a.id, a.p, b.id is not null as act from ' ~ hooks ~ ' as a left join ' ~ hooks
    ~ ' as b on b.id = a.p') %}
  {% set ns.active = cc_any(made, ns.table, 'act') %}
  {# each jump halves every path: 64 jumps would do for more nodes than there are numbers. Jinja knows no break and asks a
     loop's condition for every number, so the condition must not query #}
  {% for jump in range(1, 65) if ns.active %}
    {% set next = hooks ~ '_j' ~ jump %}
    {% do cc_table(made, next, 'select id, p, act from ' ~ ns.table ~ ' where not act union all select a.id, b.p, b.act'
      ~ ' from ' ~ ns.table ~ ' as a inner join ' ~ ns.table ~ ' as b on b.id = a.p where a.act') %}
    {% do cc_drop(made, ns.table) %}
    {% set ns.table = next %}
    {% set ns.active = cc_any(made, ns.table, 'act') %}
  {% endfor %}
  {{ return(ns.table) }}
{% endmacro %}

{# One round on `edges` (hi > lo): [roots (id, p), edges between roots (hi, lo)]. #}
{% macro cc_round(made, edges, tag) %}
  {% set hooks, unused, rest = tag ~ '_p', tag ~ '_x', tag ~ '_g' %}
  {% do cc_table(made, hooks, 'select hi as id, min(lo) as p, max(lo) as mx from ' ~ edges ~ ' group by hi') %}
  {# an edge that its node did not hook by still joins two trees #}
  {% do cc_table(made, unused, 'select g.lo as a, m.p as b from ' ~ edges ~ ' as g inner join (select id, p from ' ~ hooks
    ~ ' where mx <> p) as m on m.id = g.hi where g.lo <> m.p') %}
  {% set roots = cc_jump(made, hooks) %}
  {% do cc_table(made, rest, 'select distinct greatest(a, b) as hi, least(a, b) as lo from (select coalesce(p.p, x.a) as a,'
    ~ ' coalesce(r.p, x.b) as b from ' ~ unused ~ ' as x left join ' ~ roots ~ ' as p on p.id = x.a left join ' ~ roots
    ~ ' as r on r.id = x.b) as t where a <> b') %}
  {% do cc_drop(made, hooks) %}
  {% do cc_drop(made, unused) %}
  {{ return([roots, rest]) }}
{% endmacro %}

{# Solves `edges` (hi > lo; repeats do no harm): none where there is no edge, else {labels: a select (id, p) of every id that
   is not a root with its root; roots: a select (id) of the roots}. The last composition is left to whoever reads the selects:
   writing it out would cost as much again. #}
{% macro cc_solve(made, edges, scratch) %}
  {% set ns = namespace(edges=edges, active=cc_any(made, edges), result=none) %}
  {% set rounds = [] %}
  {% for round in range(64) if ns.active %}
    {% set roots, rest = cc_round(made, ns.edges, scratch ~ round) %}
    {% do rounds.append(roots) %}
    {% set ns.edges = rest %}
    {% set ns.active = cc_any(made, rest) %}
  {% endfor %}
  {% for roots in rounds | reverse %}
    {% set select = 'select id, p from ' ~ roots if loop.first else 'select a.id, coalesce(b.p, a.p) as p from ' ~ roots
      ~ ' as a left join ' ~ ns.result ~ ' as b on b.id = a.p union all select id, p from ' ~ ns.result %}
    {% if loop.last %}
      {{ return({'labels': '(' ~ select ~ ')', 'roots': '(select distinct p as id from ' ~ roots ~ ' as hooked'
        ~ ('' if loop.first else ' where not exists (select 1 from ' ~ ns.result ~ ' as later where later.id = hooked.p)')
        ~ ')'}) }}
    {% endif %}
    {% set ns.result = roots if loop.first else roots ~ '_f' %}
    {% if not loop.first %}{% do cc_table(made, ns.result, select) %}{% endif %}
  {% endfor %}
  {{ return(none) }}
{% endmacro %}
