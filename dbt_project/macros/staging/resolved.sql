{# Ends a staging model: gives every row of `relation` (a shape plus `_problem` and `_repeated`) its `_status`
   - quarantined: something is wrong with it; shaped: it counts;
   - duplicate: the same record as a row that was known later (the latest delivery wins, with a unique tie-break).
   Only rows whose key was seen twice pay for a window. In an update, rows that counted until now and lose to one of the
   new batches, which is always known later, come out again as duplicates. #}
{% macro resolved(relation, shape) %}
{%- set key = key_column(shape) -%}
resolved as (

    select
        {{ all_but(['_repeated']) }},
        case when _problem is null then 'shaped' else 'quarantined' end as _status
    from {{ relation }}
    where not _repeated

    union all

    select
        {{ all_but(['_repeated']) }},
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
    {{ in_update(lost_rows(key ~ ' in (select ' ~ key ~ ' from ' ~ relation ~ ' where _problem is null)')) }}

)
{%- endmacro %}

{# The same record under two ids (two exports of one answer): equal content, the latest known one counts. A row that lost
   under its own id still takes its content with it: what was corrected is not told again by the copy. #}
{% macro resolved_by_content(relation, content) %}
{%- set same = [] -%}
{%- for column in content -%}
  {%- do same.append('lost.' ~ column ~ ' is not distinct from known.' ~ column) -%}
{%- endfor -%}
{%- set beaten = "exists (select 1 from " ~ relation ~ " as known where known._status <> 'quarantined' and "
  ~ same | join(' and ') ~ ") and not exists (select 1 from " ~ relation ~ " as known where "
  ~ same_key('lost', 'known', ['_batch_id', '_file', '_row']) ~ ")" -%}
resolved_by_content as (

    select
        {{ all_but(['_status']) }},
        case
            when _status = 'shaped' and row_number() over (
                partition by _problem is null, {{ content | join(', ') }}
                order by _loaded_at desc, _file desc, _row desc
            ) > 1 then 'duplicate'
            else _status
        end as _status
    from {{ relation }}
    {{ in_update(lost_rows(beaten)) }}

)
{%- endmacro %}

{% macro lost_rows(condition) -%}
    union all select {{ all_but(['_status', 'changed_in']) }}, 'duplicate' as _status from {{ this }} as lost
    where _status = 'shaped' and {{ condition }}
{%- endmacro %}
