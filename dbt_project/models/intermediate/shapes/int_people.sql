{{ config(materialized='view') }}

{{ shape_of('people', [
    ['crm', 'customers'],
    ['synthetic_social', 'accounts'],
]) }}
