{# Ends a staging model: gives every row of `relation` (a shape plus `_problem` and `_repeated`) `_known_at`, since when we
   know what it says, and its `_status`
   - quarantined: something is wrong with it; shaped: it counts;
   - duplicate: the same record as a row that was known later (the latest delivery wins, with a unique tie-break).
   Only rows whose key was seen twice pay for a window. In an update, rows that counted until now and lose to one of the
   new batches, which is always known later, come out again as duplicates. #}
{% macro resolved(relation, shape) %}
{%- set key = key_column(shape) -%}
{{ in_update(earlier_rows('earlier', key, relation) ~ ',') }}

resolved_now as (

    select
        {{ all_but(['_repeated']) }},
        _loaded_at as _known_at,
        case when _problem is null then 'shaped' else 'quarantined' end as _status
    from {{ relation }}
    where not _repeated

    union all

    select
        {{ all_but(['_repeated']) }},
        min(_loaded_at) over (partition by {{ key }}, {{ what_is_told(['_repeated']) }}) as _known_at,
        case
            when _problem is not null then 'quarantined'
            when row_number() over (
                partition by _problem is null, {{ key }}
                order by _loaded_at desc, _file desc, _row desc
            ) = 1 then 'shaped'
            else 'duplicate'
        end as _status
    from {{ relation }}
    where _repeated
    {{ in_update(lost_rows(key ~ ' in (select ' ~ key ~ ' from ' ~ relation ~ ' where _problem is null)', 'earlier')) }}

),

resolved as (
    {{ known_before('resolved_now', key, 'earlier') }}

)
{%- endmacro %}

{# What a row says, beside where it was delivered. #}
{% macro what_is_told(but) -%} {{ hash_but(['_file', '_row', '_batch_id', '_loaded_at'] + but) }} {%- endmacro %}

{# What the table says already under the keys of these rows; looked for once, by the key alone. For an update. #}
{% macro earlier_rows(name, key, relation) -%}
    {{ name }} as materialized (select * from {{ this }} where _status <> 'quarantined'
    and {{ few_rows(this, key ~ ' in (select ' ~ key ~ ' from ' ~ relation ~ ')') }})
{%- endmacro %}

{# Rows that say what a row of an earlier batch said under the same key were known as early as that: what is delivered again
   is no news. Such rows are looked for in an update; a rebuild has seen all of them. #}
{% macro known_before(relation, key, earlier, ids=[]) -%}
    {%- set told = what_is_told(['_known_at', '_status'] + ids) -%}
    select
        {{ all_but(['_known_at', '_status' ~ in_update(', _told, _told_key, _told_before, _told_at')]) }},
        least(_known_at, {{ in_update('_told_at,') }} _loaded_at) as _known_at,
        _status
    from {{ in_update('(select *, ' ~ told ~ ' as _told from') }} {{ relation }}
    {{ in_update(') as now left join (select ' ~ key ~ ' as _told_key, ' ~ what_is_told(['_known_at', '_status', 'changed_in'] + ids)
      ~ ' as _told_before, min(_known_at) as _told_at from ' ~ earlier ~ ' group by all) as before'
      ~ ' on now.' ~ key ~ ' = before._told_key and now._told = before._told_before') }}
{%- endmacro %}

{# The same event under two ids (two exports of one answer): equal content, the latest known one counts. A row that lost
   under its own id still takes its content with it: what was corrected is not told again by the copy. #}
{% macro resolved_by_content(relation, content) %}
{%- set same, id = [], key_column('events') -%}
{%- for column in content -%}
  {%- do same.append('lost.' ~ column ~ ' is not distinct from known.' ~ column) -%}
{%- endfor -%}
{%- set beaten = "exists (select 1 from " ~ relation ~ " as known where known._status <> 'quarantined' and "
  ~ same | join(' and ') ~ ") and not exists (select 1 from " ~ relation ~ " as known where "
  ~ same_key('lost', 'known', ['_batch_id', '_file', '_row']) ~ ")" -%}
resolved_by_content_now as (

    select
        {{ all_but(['_known_at', '_status']) }},
        min(_known_at) over (partition by occurred_at, {{ what_is_told([id, '_known_at', '_status']) }}) as _known_at,
        case
            when _status = 'shaped' and row_number() over (
                partition by _problem is null, {{ content | join(', ') }}
                order by _loaded_at desc, _file desc, _row desc
            ) > 1 then 'duplicate'
            else _status
        end as _status
    from {{ relation }}
    {{ in_update(lost_rows(beaten, this)) }}

),

{{ in_update(earlier_rows('earlier_content', 'occurred_at', 'resolved_by_content_now') ~ ',') }}

resolved_by_content as (

    {{ known_before('resolved_by_content_now', 'occurred_at', 'earlier_content', [id]) }}

)
{%- endmacro %}

{% macro lost_rows(condition, rows) -%}
    union all select {{ all_but(['_status', 'changed_in']) }}, 'duplicate' as _status from {{ rows }} as lost
    where _status = 'shaped' and {{ condition }}
{%- endmacro %}
