{# The raw rows of one source entity, each marked `_repeated` where its key was seen more than once.
   `key`: raw expressions that are equal whenever the finished keys are. Marking here, on raw text, lets the engine drop
   rows before it types and normalises them; a hash collision merely sends a row through the window of `resolved`.
   The ref makes every staging model wait until the files are taken. #}
{% macro landed(source_name, entity, key) -%}
{%- do ref('landing_files') -%}
{%- set key_hash = passing_hash(key | join(" || chr(31) || ")) -%}
repeated as (

    select {{ key_hash }} as key_hash
    from {{ source(source_name, entity) }}
    group by 1
    having count(*) > 1

),

raw as {{ inlined() }} (

    select
        landed.*,
        repeated.key_hash is not null as _repeated
    from {{ source(source_name, entity) }} as landed
    left join repeated on {{ key_hash }} = repeated.key_hash

)
{%- endmacro %}
