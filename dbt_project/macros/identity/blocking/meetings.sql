{# {'email meets card': limit}: var identity_max_met, flat. #}
{% macro meeting_limits() %}
  {% set limits, given = {}, (var('identity_max_met') or {}) if execute else {} %}
  {% do check_types('identity_max_met', given) %}
  {% for type, by_kind in given.items() %}
    {% do check_limits('identity_max_met.' ~ type, by_kind) %}
    {% for met, limit in by_kind.items() %}{% do limits.update({type ~ ' meets ' ~ met: limit}) %}{% endfor %}
  {% endfor %}
  {{ return(limits) }}
{% endmacro %}

{# How many others an identifier meets, in all (totals) and of each kind (met). A set holds at most one identifier of each kind,
   so what meets many is in many sets: nothing else is looked at. #}
{% macro meetings_ctes() %}
{%- set least = meeting_limits().values() | list -%}
{%- for limit in identity_limits('identity_max_links').values() -%}{%- do least.append(limit // (var('identifier_types') | length - 1)) -%}{%- endfor -%}
busy as (

    select identifier_id
    from sets
    {{ only_touched('sets', ['identifier_id']) }}
    group by identifier_id
    having count(*) > {{ least | min if least else 'null' }}

),

partners as (

    select distinct one.identifier_id, one.identifier_type, other.identifier_id as partner_id,
        other.identifier_type as partner_type
    from sets as one
    inner join busy on one.identifier_id = busy.identifier_id
    inner join evidence on one.identity_key = evidence.identity_key
    inner join sets as other on one.identity_key = other.identity_key and one.identifier_id <> other.identifier_id

),

totals as (

    select identifier_id, identifier_type, count(*) as partners
    from partners
    group by identifier_id, identifier_type

),

met as (

    select identifier_id, partner_type, identifier_type || ' meets ' || partner_type as meeting, count(*) as partners
    from partners
    group by identifier_id, identifier_type, partner_type

)
{%- endmacro %}

{% macro meeting_reasons() -%}
    select identifier_id, 4 as rank, 'shared: meets ' || partners || ' other identifiers' as block_reason
    from totals
    where partners > {{ limit_for('identifier_type', identity_limits('identity_max_links')) }}
    union all
    select identifier_id, 5 as rank, 'crowded: meets ' || partners || ' of type ' || partner_type as block_reason
    from met
    where partners > {{ limit_for('meeting', meeting_limits()) }}
{%- endmacro %}
