{# 64-bit hash that is the same in every version and run: may be stored. #}
{% macro stable_hash(text) %}{{ return(adapter.dispatch('stable_hash')(text)) }}{% endmacro %}
{% macro duckdb__stable_hash(text) -%} md5_number_lower({{ text }}) {%- endmacro %}

{# 64-bit hash that only has to agree with itself within one statement: the fastest one. #}
{% macro passing_hash(text) %}{{ return(adapter.dispatch('passing_hash')(text)) }}{% endmacro %}
{% macro duckdb__passing_hash(text) -%} hash({{ text }}) {%- endmacro %}

{# passing_hash of all columns of a row but these. #}
{% macro hash_but(columns) %}{{ return(adapter.dispatch('hash_but')(columns)) }}{% endmacro %}
{% macro duckdb__hash_but(columns) -%} hash(*columns(* exclude ({{ columns | join(', ') }}))) {%- endmacro %}

{# All rows of a relation as one text, whatever their order: another text, other rows. An aggregate. #}
{% macro fingerprint(alias) %}{{ return(adapter.dispatch('fingerprint')(alias)) }}{% endmacro %}
{% macro duckdb__fingerprint(alias) -%} count(*) || ' ' || coalesce(sum(hash({{ alias }})), 0) {%- endmacro %}
