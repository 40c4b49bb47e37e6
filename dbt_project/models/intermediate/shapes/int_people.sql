{{ config(materialized='view') }}

{{ union_shaped('people', [
    ref('stg_crm__customers'),
    ref('stg_synthetic_social__accounts'),
]) }}
