{{ config(materialized='view') }}

-- Every value that a source gave for an attribute of a user: the winner, and those that lost. A view, so that a build
-- writes none of it.
{% set rules = survivorship() %}

with people as (

    select * from {{ ref('int_people') }}

),

identity_keys as (

    select * from {{ ref('int_identity_keys') }}

),

users as (

    select * from {{ ref('int_users') }}

),

golden as (

    select * from {{ ref('dim_users') }}

),

told as {{ inlined() }} (

    select
        -- the narrow table's: what asks for few users is answered there first, and passes the window
        users.user_id,
        people.*,
        {% for attribute, declared in rules.items() %}
        golden.{{ attribute }} as golden_{{ attribute }},
        golden.{{ attribute }}_source,
        golden.{{ attribute }}_updated_at,
        {{ winning_claim(attribute, declared) }} as {{ attribute }}_claim,
        {% endfor %}
        {{ attributes_filled('people') }} as filled
    from people
    inner join identity_keys on people.identity_key = identity_keys.identity_key
    inner join users on identity_keys.user_key = users.user_key
    inner join golden on users.user_id = golden.user_id

),

-- One branch for each attribute: half the time of turning all records into rows first.
given as (

    {% for attribute, declared in rules.items() %}
    {{ attribute_evidence(attribute, declared) | indent(4) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        user_id, attribute, value, source, entity, first_updated_at, last_updated_at, records,
        coalesce(is_winner, false) as is_winner,
        rule,
        case
            when is_winner then null
            when best_claim < winning_claim and rule = 'most_trusted' then 'less trusted source'
            when best_claim < winning_claim then 'less complete record'
            when best_claim = winning_claim and rival_at < won_at then 'older'
            when best_claim = winning_claim and rival_at = won_at then 'as recent, smaller record id'
        end as lost_because
    from given

)

select * from final
