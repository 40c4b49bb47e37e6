{{ config(materialized='tracked', key=['user_id']) }}
{{ depends_on_value(features_depend_on(days_back=28)) }}
{{ touched_users(buyers_touched() ~ ' union ' ~ visitors_touched(), sample_of=this) }}

-- Features as of many cutoffs, and what was spent in the 28 days after each. The newest cutoff is 28 days before now,
-- so that every label's window is complete.
with clock as (

    select * from {{ ref('int_clock') }}

),

{{ training_cutoffs_ctes() }},

{{ identity_keys_cte('cutoffs') }},

{{ feature_inputs_ctes() }},

{{ training_spine_ctes() }},

{{ features_as_of('spine') }},

{{ training_labels_cte() }},

{{ training_final_cte() }}

select * from final
