{# The raw rows of one source entity, each marked `_repeated` where its key was seen more than once; in an update, those
   of batches that the model has not seen.
   `key`: raw expressions that are equal whenever the finished keys are. Marking here, on raw text, lets the engine drop
   rows before it types and normalises them; a hash collision merely sends a row through the window of `resolved`.
   The ref makes every staging model wait until the files are taken. #}
{% macro landed(source_name, entity, key) -%}
{%- do ref('landing_files') -%}
{%- set key_hash = passing_hash(key | join(" || chr(31) || ")) -%}
{%- set unseen = '_batch_id > (select coalesce(max(_batch_id), 0) from ' ~ this ~ ')' -%}
repeated as (

    select {{ key_hash }} as key_hash
    from {{ source(source_name, entity) }}
    {{ in_update('where ' ~ unseen) }}
    group by 1
    having count(*) > 1

),

raw as {{ inlined() }} (

    select
        landed.*,
        repeated.key_hash is not null as _repeated
    from {{ source(source_name, entity) }} as landed
    left join repeated on {{ key_hash }} = repeated.key_hash
    {{ in_update('where landed.' ~ unseen) }}

)
{%- endmacro %}
