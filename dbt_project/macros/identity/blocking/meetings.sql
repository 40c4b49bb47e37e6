{# {'email meets card': limit}: var identity_max_met, flat. #}
{% macro meeting_limits() %}
  {% set limits = {} %}
  {% for type, by_kind in var('identity_max_met').items() %}
    {% for met, limit in by_kind.items() %}{% do limits.update({type ~ ' meets ' ~ met: limit}) %}{% endfor %}
  {% endfor %}
  {{ return(limits) }}
{% endmacro %}

{# How many others an identifier meets, in all (totals) and of each kind (met). Only what may meet too many by a cheap upper
   bound is counted without repeats, and only what does meet many is counted by kind. #}
{% macro meetings_ctes() %}
{%- set lowest = (var('identity_max_links').values() | list + meeting_limits().values() | list) | min -%}
sizes as (

    select identity_key, count(*) - 1 as others
    from links
    group by identity_key

),

busy as (

    select links.identifier_id
    from links
    inner join sizes on links.identity_key = sizes.identity_key
    {{ only_touched('links', ['identifier_id']) }}
    group by links.identifier_id
    having sum(sizes.others) > {{ lowest }}

),

partners as (

    select distinct one.identifier_id, one.identifier_type, other.identifier_id as partner_id,
        other.identifier_type as partner_type
    from links as one
    inner join busy on one.identifier_id = busy.identifier_id
    inner join links as other on one.identity_key = other.identity_key and one.identifier_id <> other.identifier_id

),

totals as (

    select identifier_id, identifier_type, count(*) as partners
    from partners
    group by identifier_id, identifier_type
    having count(*) > {{ lowest }}

),

met as (

    select partners.identifier_id, partners.partner_type,
        partners.identifier_type || ' meets ' || partners.partner_type as meeting, count(*) as partners
    from partners
    inner join totals on partners.identifier_id = totals.identifier_id
    group by partners.identifier_id, partners.identifier_type, partners.partner_type

)
{%- endmacro %}

{% macro meeting_reasons() -%}
    select identifier_id, 4 as rank, 'shared: meets ' || partners || ' other identifiers' as block_reason
    from totals
    where partners > {{ limit_for('identifier_type', var('identity_max_links')) }}
    union all
    select identifier_id, 5 as rank, 'crowded: meets ' || partners || ' of type ' || partner_type as block_reason
    from met
    where partners > {{ limit_for('meeting', meeting_limits()) }}
{%- endmacro %}
