{{ config(materialized='view') }}

{{ shape_of('people') }}
