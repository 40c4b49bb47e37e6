{{ config(materialized='connected_components') }}

-- Columns hi and lo: the materialisation turns edges into (id, label), the label being the smallest id connected.
select hi, lo from {{ ref('int_identity_edges') }}
