{# A select of (identifier_id, component_key, user_key) of those in `_wanted`: the user is the component, but where an
   override keeps two of its identifiers apart. There the links are taken from the strongest to the weakest (of more
   records, then known earlier), and one that would bring the two together is refused. Such components are few and small,
   so they are settled here, one link at a time. #}
{% macro identity_keep_apart(made, tag, edges, target, plan) %}
  {% set apart = cc_ask(made, identity_conflicts(tag, target)).rows if cc_any(made, ref('int_identity_pairs'), "kind = 'apart'") else [] %}
  {% set components = apart | map(attribute=2) | unique | join(', ') %}
  {% if components %}
    {% if plan.mode == 'update' %}
      {% do identity_place(made, tag, '(select * from ' ~ target ~ ' where known_to is null)', 'component_key in (' ~ components
        ~ ') and identifier_id not in (select identifier_id from ' ~ tag ~ '_placed)') %}
    {% endif %}
    {% do cc_do(made, 'insert into ' ~ tag ~ '_wanted select identifier_id, component_key from ' ~ target ~ ' where known_to is'
      ~ ' null and component_key in (' ~ components ~ ') and identifier_id not in (select identifier_id from identity_seen)') %}
    {% do cc_do(made, 'insert into identity_seen select identifier_id from ' ~ tag ~ '_wanted where identifier_id not in'
      ~ ' (select identifier_id from identity_seen)') %}
    {% set members = '(select identifier_id from ' ~ tag ~ '_wanted where component_key in (' ~ components ~ '))' %}
    {% do cc_do(made, 'create or replace temp table ' ~ touched_table() ~ ' as select distinct identity_key from '
      ~ ref('int_identity_links') ~ ' where identifier_id in ' ~ members) %}
    {% set labels = identity_refuse(cc_ask(made, 'select identifier_id from ' ~ members ~ ' as members').columns[0].values(),
      cc_ask(made, 'select hi, lo from (' ~ identity_all_links(edges, members) ~ ') as links group by hi, lo order by'
        ~ ' count(records) < count(*) desc, sum(records) desc, min(first_known_at), lo, hi').rows, apart) %}
    {% do cc_table(made, tag ~ '_apart', 'select unnest(' ~ labels.keys() | list ~ '::bigint[]) as id, unnest('
      ~ labels.values() | list ~ '::bigint[]) as p') %}
    {{ return('select wanted.identifier_id, wanted.component_key, coalesce(apart.p, wanted.component_key) as user_key from '
      ~ tag ~ '_wanted as wanted left join ' ~ tag ~ '_apart as apart on apart.id = wanted.identifier_id') }}
  {% endif %}
  {{ return('select identifier_id, component_key, component_key as user_key from ' ~ tag ~ '_wanted') }}
{% endmacro %}

{# The links among `members`: pairs from elsewhere, and every two identifiers of a set. A star holds a set together, but not
   what is left of it when its centre is refused. #}
{% macro identity_all_links(edges, members) %}
  {{ return('select hi, lo, records, first_known_at from (' ~ edges ~ ') as edges where records is null and hi in ' ~ members
    ~ ' union all select one.identifier_id, other.identifier_id, evidence.records, evidence.first_known_at from '
    ~ ref('int_identity_links') ~ ' as one inner join ' ~ ref('int_identity_links') ~ ' as other on one.identity_key ='
    ~ ' other.identity_key and one.identifier_id > other.identifier_id inner join ' ~ ref('int_identity_evidence')
    ~ ' as evidence on evidence.identity_key = one.identity_key and evidence.records > 0 where one.identifier_id in '
    ~ members ~ ' and other.identifier_id in ' ~ members) }}
{% endmacro %}

{# Pairs to keep apart that a component among the solved ones holds: (identifier, other, component). #}
{% macro identity_conflicts(tag, target) %}
  {% set whose = '(select identifier_id, component_key from ' ~ tag ~ '_wanted union all select identifier_id, component_key'
    ~ ' from ' ~ target ~ ' where known_to is null and user_key is not null and identifier_id not in (select identifier_id'
    ~ ' from identity_seen))' %}
  {{ return('select pairs.identifier_id, pairs.other_id, one.component_key from ' ~ ref('int_identity_pairs') ~ ' as pairs inner'
    ~ ' join ' ~ whose ~ ' as one on one.identifier_id = pairs.identifier_id inner join ' ~ whose ~ ' as other on'
    ~ " other.identifier_id = pairs.other_id and other.component_key = one.component_key where pairs.kind = 'apart' and"
    ~ ' one.component_key in (select component_key from ' ~ tag ~ '_wanted)') }}
{% endmacro %}

{# Oldest identifier of each one's group, by number, when links are taken in order unless they tie what is to stay apart. #}
{% macro identity_refuse(members, links, apart) %}
  {% set label, group = {}, {} %}
  {% for one in members %}{% do label.update({one: one}) %}{% do group.update({one: [one]}) %}{% endfor %}
  {% for link in links if label[link[0]] != label[link[1]] %}
    {% set into, gone = [label[link[0]], label[link[1]]] | min, [label[link[0]], label[link[1]]] | max %}
    {% set refused = [] %}
    {% for pair in apart if [label[pair[0]], label[pair[1]]] | sort == [into, gone] %}{% do refused.append(pair) %}{% endfor %}
    {% if not refused %}
      {% for one in group[gone] %}{% do label.update({one: into}) %}{% do group[into].append(one) %}{% endfor %}
      {% do group.pop(gone) %}
    {% endif %}
  {% endfor %}
  {{ return(label) }}
{% endmacro %}
