{{ config(materialized='view') }}

{{ union_shaped('items', [
    ref('stg_shop__products'),
]) }}
