{# How many pages a session-day saw, and how evenly: the last steps of int_session_days. Entropy is kept times the
   number of steps, so that it adds up; exact(), because the order of a sum of logarithms shows in its last digits. #}
{% macro session_pages_ctes(day_of_session) %}
page_counts as {{ inlined() }} (

    select {{ day_of_session }}, page, count(*) as seen
    from touched_visits
    group by {{ day_of_session }}, page

),

pages as (

    select
        {{ day_of_session }},
        count(*) as pages,
        log2(sum(seen)) * sum(seen) - sum({{ exact('seen * log2(seen)', 9) }}) as entropy_bits
    from page_counts
    group by {{ day_of_session }}

),

final as (

    select
        paths.*,
        pages.pages,
        {{ exact('greatest(pages.entropy_bits, 0)', 6) }} as page_entropy_bits
    from paths
    inner join pages
        on
            paths.session_id = pages.session_id
            and paths.occurred_on = pages.occurred_on
            and paths.usable_on = pages.usable_on

)
{%- endmacro %}
