-- What each record about a person may add to a profile, and from which day.
{{ config(materialized='view') }}

with people as (

    select * from {{ ref('int_people') }}

),

final as (

    select
        -- ids
        identity_key,
        person_record_id,

        -- attributes
        {%- for attribute in profile_attributes() %}
        {{ attribute }},
        {%- endfor %}
        consent,

        -- timestamps
        updated_on as occurred_on,
        {{ usable_on('updated_on', 'known_on') }} as usable_on,
        updated_at
    from people

)

select * from final
