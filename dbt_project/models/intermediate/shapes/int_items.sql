{{ config(materialized='view') }}

{{ shape_of('items', [
    ['shop', 'products'],
]) }}
