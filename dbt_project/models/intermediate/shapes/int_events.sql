{{ config(materialized='view') }}

{{ shape_of('events') }}
